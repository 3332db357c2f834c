"""One figure of the service: what was measured, beside what, and the bar that it is held against."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Callable, NamedTuple, Optional

HEADS = ("what", "measured", "beside", "bar", "", "n")
_WIDTHS = (64, 34, 44, 16, 14, 10)

Cells = tuple[str, ...]


class Bar(NamedTuple):
    """What is promised: at most `limit`, or at least; of the measured value, or of the ratio to what stands beside.

    It is met by `enough` samples only: that nothing was lost in ten tries says little of ten thousand.
    """

    limit: float
    at_least: bool = False
    of_ratio: bool = False
    enough: int = 0


def installed(distribution: str) -> bool:
    """Whether it can be measured with."""
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True


@dataclass(frozen=True)
class Figure:
    """What one measurement came to; `measured` is None where it could not be made here, and `note` says why.

    `ratio` is how many times the figure of `beside`, which was measured in the same run. `n` is how many times it was
    measured, or of how many it was counted; `samples` are kept for other sums than this one, in the same unit.
    """

    what: str
    measured: Optional[float]
    unit: str = ""
    n: int = 0
    beside: str = ""
    ratio: Optional[float] = None
    bar: Optional[Bar] = None
    note: str = ""
    samples: tuple[float, ...] = ()

    @property
    def outcome(self) -> str:
        """Met, not met, neither; nothing where nothing is promised."""
        if self.measured is None:
            return "not measured"
        if self.bar is None:
            return ""
        held = self.ratio if self.bar.of_ratio else self.measured
        if held is None:
            return "not measured"
        met = held >= self.bar.limit if self.bar.at_least else held <= self.bar.limit
        if met and self.n < self.bar.enough:
            return "too few"
        return "met" if met else "NOT met"

    @classmethod
    def read(cls, written: dict[str, Any]) -> Figure:
        """What `dataclasses.asdict` wrote, after a way through JSON."""
        bar = None if written["bar"] is None else Bar(*written["bar"])
        return cls(**{**written, "bar": bar, "samples": tuple(written["samples"])})


Figures = Callable[[bool], Iterable[Figure]]
"""What every bench of the service gives, a first look or the whole of it: one figure as soon as it is measured."""


def cells(figure: Figure) -> Cells:
    """One line of the table, under `HEADS`."""
    return (
        figure.what,
        _measured(figure),
        _beside(figure),
        _bar(figure),
        figure.outcome,
        f"{figure.n:,}" if figure.n else "",
    )


def _measured(figure: Figure) -> str:
    if figure.measured is None:
        return figure.note
    said = _with_unit(figure.measured, figure.unit)
    return f"{said} ({figure.note})" if figure.note else said


def _beside(figure: Figure) -> str:
    return figure.beside if figure.ratio is None else f"{number(figure.ratio)} x {figure.beside}"


def _bar(figure: Figure) -> str:
    bar = figure.bar
    if bar is None:
        return ""
    least = "at least " if bar.at_least else "at most " if bar.limit else ""
    return least + _with_unit(bar.limit, "x" if bar.of_ratio else figure.unit.partition(" ")[0])


def _with_unit(value: float, unit: str) -> str:
    return f"{number(value)} {unit}".rstrip()


def number(value: float) -> str:
    """As many digits as one can mean: three, and all of a whole number."""
    size = abs(value)
    if size >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 1 else f"{value:.3g}"


def aligned(line: Sequence[str]) -> str:
    """A line for a terminal, that need not know the lines after it."""
    return "  ".join(cell.ljust(width) for cell, width in zip(line, _WIDTHS)).rstrip()


def alone(figures: Figures, about: Optional[str], words: Optional[Sequence[str]] = None) -> int:
    """The command line of one bench: its figures, each as soon as it is measured."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a first look: does it run, not what does it cost")
    quick = parser.parse_args(words).quick
    print(aligned(HEADS))
    for figure in figures(quick):
        print(aligned(cells(figure)), flush=True)
    return 0
