"""Vectors as texts have them, and how long it takes to search them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any, Callable

from bench.figure import Bar

FOUND = Bar(0.95, at_least=True)  # recall@10 of an approximate search


def clustered(count: int, chance: Any, centres: Any) -> Any:
    """Near one of many centres, as texts about the same things are."""
    import numpy

    rows = centres[chance.integers(len(centres), size=count)]
    rows = rows + 0.7 * chance.standard_normal(rows.shape, numpy.float32)
    return (rows / numpy.linalg.norm(rows, axis=1, keepdims=True)).astype(numpy.float32)


def taken(work: Callable[[Any], Any], cues: Sequence[Any]) -> list[float]:
    """Milliseconds of each call."""
    found = []
    for cue in cues:
        begun = time.perf_counter()
        work(cue)
        found.append(1e3 * (time.perf_counter() - begun))
    return found


def found_of(best: Iterable[Sequence[Any]], answers: Iterable[Sequence[Any]]) -> float:
    """The share of the best, by id, that the answers hold: recall@k over all cues."""
    pairs = [({one.id for one in wanted}, {one.id for one in answer}) for wanted, answer in zip(best, answers)]
    return sum(len(wanted & answer) for wanted, answer in pairs) / sum(len(wanted) for wanted, _ in pairs)
