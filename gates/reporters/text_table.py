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
_INDENT = 4


def table(report: Report, width: Optional[int]) -> Iterator[Line]:
    """One row a gate. Where it is wider than the width, what a gate examined stands on a line of its own below it."""
    rows = [_row(result) for result in report.results]
    widths = [max(len(row[column]) for row in [_HEADS, *rows]) for column in range(len(_HEADS))]
    if width is None or sum(widths) + 2 * (len(widths) - 1) <= width:
        yield (("  ".join(_padded(_HEADS, widths)).rstrip(), "bold"),)
        for result, row in zip(report.results, rows):
            yield _line(result, _padded(row, widths))
        return
    narrow = widths[:-2]
    yield (("  ".join(_padded(_HEADS, narrow)), "bold"),)
    for result, row in zip(report.results, rows):
        yield _line(result, _padded(row, narrow))
        told = f"{row[-1]} in {row[-2]} s".lstrip()
        lines = textwrap.wrap(told, max(width - _INDENT, 1), break_on_hyphens=False, break_long_words=False)
        yield from (((" " * _INDENT + line, "dim"),) for line in lines)


def _line(result: Result, cells: list[str]) -> Line:
    name, outcome, *others = cells
    rest = "  ".join(others).rstrip()  # what is examined may be nothing, and a line must not end in blanks
    return ((name, ""), ("  ", ""), (outcome, STYLES[result.outcome]), (f"  {rest}", ""))


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
