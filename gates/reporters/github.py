"""Annotations on a pull request, as workflow commands: the weightiest first, because only so many are shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gates.finding import Finding
from gates.number_words import many
from gates.report import Level, Outcome, Report, Result
from gates.reporters.printable import printable
from gates.reporters.verdict import remarks, standing, weight

# What one step may annotate; the server drops the rest without a word.
ERRORS = 10
WARNINGS = 10


class _Annotation(NamedTuple):
    rank: tuple[int, int]
    is_error: bool
    text: str


def render(report: Report) -> str:
    """At most 10 errors and 10 warnings, and a notice that says how many more there are."""
    ranked = sorted(_annotations(report), key=lambda annotation: annotation.rank)
    errors = [annotation.text for annotation in ranked if annotation.is_error]
    warnings = [annotation.text for annotation in ranked if not annotation.is_error]
    lines = errors[:ERRORS] + warnings[:WARNINGS]
    cut = [
        many(len(found) - limit, noun)
        for found, limit, noun in ((errors, ERRORS, "error"), (warnings, WARNINGS, "warning"))
        if len(found) > limit
    ]
    if cut:
        more = f"{' and '.join(cut)} more than can be shown here; `--report json=FILE` holds them all"
        lines.append(f"::notice title=gates::{_data(more)}")
    return "".join(f"{line}\n" for line in lines)


def _annotations(report: Report) -> Iterator[_Annotation]:
    """Ranked by what blocks and how, then the first of each gate before the second of any."""
    for result in report.results:
        blocks = weight(report, result) != 0
        findings = standing(result)
        for number, finding in enumerate(findings):
            kind = 0 if blocks else 2
            yield _Annotation((kind, number), blocks, _of_finding(result, finding, blocks))
        if not findings and result.outcome is not Outcome.PASSED and result.level is not Level.OFF:
            kind = (0 if result.outcome is Outcome.FAILED else 1) if blocks else 3
            yield _Annotation((kind, 0), blocks, _of_result(result, blocks))


def _of_finding(result: Result, finding: Finding, blocks: bool) -> str:
    place = [f"file={_property(finding.path)}"] if finding.path else []
    if finding.line > 0:
        place.append(f"line={finding.line}")
        if finding.column > 0:
            place.append(f"col={finding.column}")
    lines = [printable(finding.message)]
    if len(finding.trace) > 2:
        lines.append(" -> ".join(map(printable, finding.trace)))
    if finding.fix is not None:
        lines.append(f"fix: {printable(finding.fix)}")
    return _command(blocks, [*place, f"title={_property(result.gate)}"], "\n".join(lines))


def _of_result(result: Result, blocks: bool) -> str:
    message = "\n".join(remarks(result)) or result.outcome.value
    return _command(blocks, [f"title={_property(f'{result.gate} {result.outcome.value}')}"], message)


def _command(blocks: bool, properties: list[str], message: str) -> str:
    return f"::{'error' if blocks else 'warning'} {','.join(properties)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(printable(text)).replace(":", "%3A").replace(",", "%2C")
