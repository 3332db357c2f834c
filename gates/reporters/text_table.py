"""The table of gates, as lines of styled pieces: how each ended, and what it looked at."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Optional

from gates.report import Outcome, Report, Result
from gates.reporters.printable import printable
from gates.reporters.verdict import examined, standing

Piece = tuple[str, str]
"""Text, and the rich style that a terminal gives it; "" for none."""
Line = tuple[Piece, ...]

STYLES = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "bold red",
    Outcome.VACUOUS: "yellow",
    Outcome.BROKEN: "bold magenta",
}
_HEADS = ("gate", "outcome", "level", "findings", "waived", "owed", "seconds", "examined")
_NUMBERS = range(3, 7)
_FEWEST = 6
_INDENT = 4


def table(report: Report, width: Optional[int]) -> Iterator[Line]:
    """One row a gate. Where that is too wide, what it examined stands below it; the narrowest do without seconds."""
    rows = [_row(result) for result in report.results]
    widths = [max(len(row[column]) for row in [_HEADS, *rows]) for column in range(len(_HEADS))]
    while width is not None and sum(widths) + 2 * (len(widths) - 1) > width and len(widths) > _FEWEST:
        widths.pop()
    yield (("  ".join(_padded(_HEADS, widths)).rstrip(), "bold"),)
    for result, row in zip(report.results, rows):
        name, outcome, *others = _padded(row, widths)
        rest = "  ".join(others).rstrip()  # what is examined may be nothing, and a line must not end in blanks
        yield ((name, ""), ("  ", ""), (outcome, STYLES[result.outcome]), (f"  {rest}", ""))
        if width is not None and len(widths) < len(row):
            below = textwrap.wrap(row[-1], max(width - _INDENT, 1), break_on_hyphens=False, break_long_words=False)
            yield from (((" " * _INDENT + line, "dim"),) for line in below)


def _row(result: Result) -> tuple[str, ...]:
    outcome = result.outcome.value if result.outcome is Outcome.PASSED else result.outcome.value.upper()
    numbers = (len(standing(result)), len(result.waived), len(result.owed))
    counts = (f"{number:,}" for number in numbers)
    return (printable(result.gate), outcome, result.level.value, *counts, f"{result.seconds:.2f}", examined(result))


def _padded(row: tuple[str, ...], widths: list[int]) -> list[str]:
    """The first cells of a row, as many as there are widths."""
    return [
        cell.rjust(width) if column in _NUMBERS else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths))
    ]
