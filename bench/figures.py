"""What several runs come to: medians, their spread, and ratios of medians."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Sample:
    """One run of one command, whole: from before it was started until it and all that it waited for had ended."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Figures:
    """Several runs of one command, in seconds."""

    wall: float
    least: float
    most: float
    cpu: float
    runs: int

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> Figures:
        """Medians, and the extremes of the wall time. ValueError where there is no sample."""
        if not samples:
            raise ValueError("no samples: nothing was measured")
        walls = [sample.wall for sample in samples]
        cpu = statistics.median(sample.cpu for sample in samples)
        return cls(statistics.median(walls), min(walls), max(walls), cpu, len(walls))


def ratio(one: Optional[Figures], other: Optional[Figures]) -> Optional[float]:
    """How many times the other's median wall time; None where one of them was not measured."""
    if one is None or other is None or other.wall <= 0:
        return None
    return one.wall / other.wall
