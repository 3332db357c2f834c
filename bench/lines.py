"""What the benches of the stores share: a line of the table, vectors as texts have them, a median."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import Any, Callable, NamedTuple


class Line(NamedTuple):
    """One line of the table: `beside` is the same by the plainest equal work, `bar` what is promised."""

    what: str
    measured: str
    beside: str
    bar: str
    n: str


def show(line: Line) -> None:
    """Print it."""
    print("  ".join(cell.ljust(width) for cell, width in zip(line, (48, 22, 30, 16, 10))).rstrip(), flush=True)


def clustered(count: int, chance: Any, centres: Any) -> Any:
    """Near one of many centres, as texts about the same things are."""
    import numpy

    rows = centres[chance.integers(len(centres), size=count)]
    rows = rows + 0.7 * chance.standard_normal(rows.shape, numpy.float32)
    return (rows / numpy.linalg.norm(rows, axis=1, keepdims=True)).astype(numpy.float32)


def median(work: Callable[[Any], Any], cues: Sequence[Any]) -> float:
    """Seconds of one call, over all cues."""
    taken = []
    for cue in cues:
        begun = time.perf_counter()
        work(cue)
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)
