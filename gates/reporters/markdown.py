"""The report as Markdown, for a job's summary: verdict, table, findings, and the lanes as a diagram."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gates.finding import Finding
from gates.number_words import many
from gates.report import Outcome, Report
from gates.reporters.markdown_text import code, escaped
from gates.reporters.mermaid import diagram
from gates.reporters.verdict import examined, remarks, standing, verdict

LARGEST = 1_000_000
"""A job's summary may hold 1 MiB; one that is larger is dropped whole."""
SHOWN = 100
LONGEST = 2_000


def render(report: Report) -> str:
    """Below 1 MiB, whatever was found: what is left out is counted."""
    head = ["# Gates", "", f"**{escaped(verdict(report))}**", "", *_table(report)]
    tail = [*_paid_off(report), *_notes(report)]
    if report.lanes is not None:
        tail += ["", "## Lanes", "", *diagram(report.lanes)]
    room = LARGEST - _size(head) - _size(tail)
    lines = _within(room, [*head, *_sections(report)], tail, len(head))
    return "\n".join(lines) + "\n"


def _size(lines: Sequence[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def _within(room: int, lines: Sequence[str], tail: Sequence[str], kept: int) -> list[str]:
    shown = list(lines[:kept])
    for line in lines[kept:]:
        room -= len(line.encode()) + 1
        if room < 0:
            shown += ["", "_The rest does not fit here; `--report json=FILE` holds it all._"]
            break
        shown.append(line)
    return [*shown, *tail]


def _table(report: Report) -> Iterator[str]:
    if not report.results:
        return
    yield "| gate | outcome | level | findings | waived | owed | examined |"
    yield "| :-- | :-- | :-- | --: | --: | --: | :-- |"
    for result in report.results:
        outcome = result.outcome.value if result.outcome is Outcome.PASSED else f"**{result.outcome.value.upper()}**"
        counts = (len(standing(result)), len(result.waived), len(result.owed))
        numbers = (f"{number:,}" for number in counts)
        cells = [escaped(result.gate), outcome, result.level.value, *numbers, escaped(examined(result))]
        yield f"| {' | '.join(cells)} |"


def _sections(report: Report) -> Iterator[str]:
    for result in report.results:
        findings = standing(result)
        said = remarks(result)
        if not findings and not said:
            continue
        count = f": {many(len(findings), 'finding')}" if findings else ""
        yield from ("", f"## {escaped(result.gate)} {result.outcome.value}{count}", "")
        yield from (f"- {escaped(remark[:LONGEST])}" for remark in said)
        for finding in findings[:SHOWN]:
            yield from _item(finding, report)
        if len(findings) > SHOWN:
            yield from ("", f"_and {len(findings) - SHOWN:,} more; `--report json=FILE` holds them all_")


def _item(finding: Finding, report: Report) -> Iterator[str]:
    place = f"{finding.path}:{finding.line}" if finding.line else finding.path
    yield f"- {code(place[:LONGEST])} {escaped(finding.message[:LONGEST])}"
    source = report.lines.get((finding.path, finding.line), "").strip()
    if source:
        yield f"  - {code(source[:LONGEST])}"
    if len(finding.trace) > 2:
        yield f"  - {code(' -> '.join(finding.trace)[:LONGEST])}"
    if finding.fix is not None:
        yield f"  - fix: {escaped(finding.fix[:LONGEST])}"


def _paid_off(report: Report) -> Iterator[str]:
    if report.paid_off:
        yield from ("", f"## Paid off: {many(sum(debt.count for debt in report.paid_off), 'finding')}", "")
        for debt in report.paid_off[:SHOWN]:
            times = f" ({debt.count} times)" if debt.count > 1 else ""
            yield f"- {code(debt.path[:LONGEST])} {escaped(f'{debt.gate}, {debt.subject}'[:LONGEST])}{times}"
        if len(report.paid_off) > SHOWN:
            yield from ("", f"_and {len(report.paid_off) - SHOWN:,} more_")


def _notes(report: Report) -> Iterator[str]:
    if report.notes:
        yield from ("", "## Notes", "")
        yield from (f"- {escaped(note[:LONGEST])}" for note in report.notes[:SHOWN])
