"""How many queries may be on their way at once: learned from how long they take, so that no queue eats the budget.

Additive increase, multiplicative decrease (as in TCP; Netflix's concurrency-limits does the same for services): as long
as queries come back well within their budget the limit creeps up, and as soon as they do not it is cut. What is above
it is turned away at once, with a word on when to come back: a refusal costs microseconds, a query that is too late
costs all it took, and makes others late.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import Callable, Optional

from runtime.errors import RuntimeFault
from runtime.telemetry.events import Observer, QueryShed, ignore

FULL = "as many queries are on their way as are on time"
"""Why a query was turned away, for those who count reasons."""

_CUT = 0.85  # what is left of the limit when queries take too long
_WEIGHT = 0.1  # of the latest query in the mean


class Shed(RuntimeFault):
    """Turned away before it began; worth another try after `retry_after` seconds."""

    def __init__(self, reason: str, retry_after: float) -> None:
        super().__init__(f"{reason}; try again in {retry_after:.2f} s")
        self.reason = reason
        self.retry_after = retry_after


class Admission:
    """The gate before the pipeline. `with admission.enter(): await pipeline.run(query)`.

    `target` is how long a query may take, in seconds, before that counts as a queue: less than its budget. The limit
    begins at `limit` and stays between `least` and `most`. For one thread: that of the event loop.
    """

    def __init__(
        self,
        target: float,
        limit: float = 64,
        least: float = 8,
        most: float = 2000,
        observe: Observer = ignore,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limit = float(limit)
        self.in_flight = 0
        self._target = target
        self._least = least
        self._most = most
        self._observe = observe
        self._clock = clock
        self._mean = target / 4
        self._cut_at = clock()
        self._turned_away = 0

    def begin_by(self, seconds: float) -> None:
        """Begin with as many as fit into the target one after the other, where one takes so many seconds alone."""
        fitting = self._target / max(seconds, 1e-6)
        self.limit = max(self._least, min(self.limit, fitting))
        self._mean = seconds

    def enter(self) -> Admitted:
        """A place, to be given back by leaving the `with`. Raises Shed where there is none."""
        if self.in_flight >= int(self.limit):
            raise self._shed()
        self.in_flight += 1
        return Admitted(self, self._clock())

    def left(self, entered_at: float) -> None:
        """A query that had a place has ended."""
        now = self._clock()
        seconds = now - entered_at
        was_used = self.in_flight * 2 > self.limit  # a limit that nobody comes near learns nothing from being kept
        self.in_flight -= 1
        self._mean += _WEIGHT * (seconds - self._mean)
        self._turned_away = max(0, self._turned_away - 1)
        if seconds > self._target:
            self._cut(now, entered_at)
        elif was_used:
            self.limit = min(self._most, self.limit + 1 / self.limit)

    def _cut(self, now: float, entered_at: float) -> None:
        if entered_at < self._cut_at:
            return  # it was let in under the limit that has been cut since
        self._cut_at = now
        self.limit = max(self._least, self.limit * _CUT)

    def _shed(self) -> Shed:
        self._turned_away += 1
        # All that have a place leave in about the mean time; whoever was turned away before comes first.
        retry_after = self._mean * (1 + self._turned_away / self.limit)
        self._observe(QueryShed(FULL, retry_after))
        return Shed(f"{self.in_flight} queries are on their way, and more would be late", retry_after)


class Admitted:
    """A place among the queries on their way."""

    __slots__ = ("_admission", "_entered_at")

    def __init__(self, admission: Admission, entered_at: float) -> None:
        self._admission = admission
        self._entered_at = entered_at

    def __enter__(self) -> Admitted:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._admission.left(self._entered_at)
