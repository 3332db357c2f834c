"""The report for people: the table of gates, what they found with its source line and chain, and the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Optional

from gates.finding import Finding
from gates.number_words import many
from gates.report import Report, Result
from gates.reporters.printable import printable, source_line
from gates.reporters.text_table import STYLES, Line, table
from gates.reporters.verdict import remarks, standing, verdict

if TYPE_CHECKING:
    from rich.console import Console

SHOWN = 20
CHAIN = 100
ALL = "`--report json=FILE` holds them all"
_VERDICT = {0: "bold green", 1: "bold red", 3: "bold magenta"}


def render(report: Report) -> str:
    """Plain: no colours, nothing that depends on where it is shown, and all of a gate's row on one line, for grep."""
    return "".join("".join(text for text, _ in line).rstrip() + "\n" for line in lines(report, None))


def show(report: Report, console: Console) -> None:
    """The same on a terminal, with its colours and its width. Nothing is cut: the terminal folds long lines."""
    from rich.text import Text

    for line in lines(report, console.width):
        console.print(Text.assemble(*line), soft_wrap=True, highlight=False)


def lines(report: Report, width: Optional[int]) -> Iterator[Line]:
    """Each line as pieces of text with their style; for a terminal of this width, or for none."""
    if report.results:
        yield from table(report, width)
        yield ()
    for result in report.results:
        told = [*_findings(result, report, width), *_remarks(result)]
        if told:
            yield from told
            yield ()
    about = [*_paid_off(report), *((("note: ", "dim"), (printable(note), "")) for note in report.notes)]
    if about:
        yield from about
        yield ()
    yield ((verdict(report), _VERDICT.get(report.exit_code, "bold red")),)


def _findings(result: Result, report: Report, width: Optional[int]) -> Iterator[Line]:
    findings = standing(result)
    if not findings:
        return
    told = (f": {many(len(findings), 'finding')}", STYLES[result.outcome])
    remedy = f"; `gates explain {printable(result.gate)}` says why, and what to do instead"
    yield ((printable(result.gate), "bold"), told, (remedy, "dim"))
    for path, group in groupby(findings[:SHOWN], key=lambda finding: finding.path):
        yield ((f"  {_named(path)}", "cyan"),)
        for finding in group:
            yield from _finding(finding, report, width)
    if len(findings) > SHOWN:
        yield ((f"  and {len(findings) - SHOWN:,} more; {ALL}", "dim"),)


def _named(path: str) -> str:
    # A CI server obeys a line that begins with `::`, and a file may be called that.
    return printable(f"./{path}" if path.lstrip().startswith(":") else path)


def _finding(finding: Finding, report: Report, width: Optional[int]) -> Iterator[Line]:
    place = f"{finding.line}:{finding.column}" if finding.line and finding.column else str(finding.line or "file")
    yield ((f"    {place:<8}", "dim"), (printable(finding.message), ""))
    source = report.lines.get((finding.path, finding.line))
    if source and source_line(source):
        yield ((" " * 12 + "| ", "dim"), (source_line(source), "italic"))
    yield from (((" " * 12, ""), (line, "")) for line in _chain(finding.trace, (width or CHAIN) - 12))
    if finding.fix is not None:
        yield ((" " * 12 + "fix: ", "dim"), (printable(finding.fix), "green"))


def _chain(trace: Sequence[str], width: int) -> list[str]:
    """On one line where it fits, else a line for each step. Two steps say no more than the message does."""
    names = [printable(name) for name in trace]
    if len(names) < 3:
        return []
    whole = " -> ".join(names)
    return [whole] if len(whole) <= width else [names[0], *(f"-> {name}" for name in names[1:])]


def _remarks(result: Result) -> Iterator[Line]:
    for remark in remarks(result):
        yield ((printable(result.gate), "bold"), (f" {result.outcome.value}: ", STYLES[result.outcome]), (remark, ""))


def _paid_off(report: Report) -> Iterator[Line]:
    for debt in report.paid_off[:SHOWN]:
        what = printable(f"{debt.gate} in {debt.path}, {debt.subject}")
        times = f" ({debt.count} times)" if debt.count > 1 else ""
        yield (("paid off: ", "green"), (what + times, ""))
    if len(report.paid_off) > SHOWN:
        yield ((f"and {len(report.paid_off) - SHOWN:,} more paid off; {ALL}", "dim"),)
