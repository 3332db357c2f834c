"""A monitor: how often each node ended how, and how long it took, for whoever looks at a running service."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from typing import NamedTuple

from runtime.telemetry.events import Event, StageFinished

WINDOW = 512


class Row(NamedTuple):
    """One node of one stage; times are seconds, over the last 512 that ended well."""

    stage: str
    node: str
    endings: dict[str, int]
    median: float
    p95: float


class StageTable:
    """An observer of the pipeline. Its nodes are few, so what it keeps is bounded."""

    name = "stage-table"
    lane = "production"

    def __init__(self) -> None:
        self._endings: dict[tuple[str, str], Counter[str]] = {}
        self._seconds: dict[tuple[str, str], deque[float]] = {}

    def __call__(self, event: Event) -> None:
        """Count it, where it is the end of a stage."""
        if not isinstance(event, StageFinished):
            return
        place = (event.stage, event.node)
        self._endings.setdefault(place, Counter())[event.ending] += 1
        if event.ending == "done":
            self._seconds.setdefault(place, deque(maxlen=WINDOW)).append(event.seconds)

    def rows(self) -> Sequence[Row]:
        """In the order in which they first ended."""
        return [self._row(place, dict(endings)) for place, endings in list(self._endings.items())]

    def _row(self, place: tuple[str, str], endings: dict[str, int]) -> Row:
        took = sorted(self._seconds.get(place, ()))
        median = took[len(took) // 2] if took else 0.0
        p95 = took[min(len(took) - 1, len(took) * 95 // 100)] if took else 0.0
        return Row(*place, endings, median, p95)
