"""The table of gates, as lines of styled pieces: how each ended, and what it looked at."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

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
_LEAST = 24


def table(report: Report, width: int) -> Iterator[Line]:
    """One row a gate; what it examined stands last and goes on below where the width is too small."""
    rows = [_row(result) for result in report.results]
    widths = [max(len(row[column]) for row in [_HEADS, *rows]) for column in range(len(_HEADS) - 1)]
    before = sum(widths) + 2 * len(widths)
    room = max(width - before, _LEAST)
    yield (("  ".join((*_padded(_HEADS, widths), _HEADS[-1])), "bold"),)
    for result, row in zip(report.results, rows):
        name, outcome, *others = _padded(row, widths)
        first, *more = textwrap.wrap(row[-1], room, break_on_hyphens=False) or [""]
        # What is examined may be nothing, and a line must not end in blanks.
        rest = "  ".join((*others, first)).rstrip()
        yield ((name, ""), ("  ", ""), (outcome, STYLES[result.outcome]), (f"  {rest}", ""))
        yield from (((" " * before + line, ""),) for line in more)


def _row(result: Result) -> tuple[str, ...]:
    outcome = result.outcome.value if result.outcome is Outcome.PASSED else result.outcome.value.upper()
    numbers = (len(standing(result)), len(result.waived), len(result.owed))
    counts = (f"{number:,}" for number in numbers)
    return (printable(result.gate), outcome, result.level.value, *counts, f"{result.seconds:.2f}", examined(result))


def _padded(row: tuple[str, ...], widths: list[int]) -> list[str]:
    return [
        cell.rjust(width) if column in _NUMBERS else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths))
    ]
