"""The budget of the whole query, shared out over its stages by what they were measured to need.

One absolute deadline a query. A critical stage may take what remains less the median of the critical stages behind it;
a stage that is not critical may take what those would not miss even at their 95th percentile, and where that is
nothing, its own 95th percentile as long as their medians still fit. On the wire goes what remains, in milliseconds:
clocks of two machines do not agree, durations do.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple, Optional

from runtime.errors import ConfigurationFault
from runtime.orchestrator.stage import Stage

HEADER = "x-deadline-ms"  # name of the header, where a protocol has headers
_WINDOW = 128  # the latest durations that a quantile is read from
_REFRESH = 16  # durations between two readings; with fewer than this nothing is known
_SHORTEST = 0.001  # seconds; less than this is the noise of the loop, whatever the 95th percentile of a stage says


class Times:
    """How long a stage took: `median` and `tail`, its 95th percentile. Seconds; None while too few are told."""

    __slots__ = ("_latest", "_until_read", "median", "tail")

    def __init__(self) -> None:
        self.median: Optional[float] = None
        self.tail: Optional[float] = None
        self._latest: deque[float] = deque(maxlen=_WINDOW)
        self._until_read = _REFRESH

    def add(self, seconds: float) -> bool:
        """One more; whether the quantiles were read anew."""
        self._latest.append(seconds)
        self._until_read -= 1
        if self._until_read:
            return False
        self._until_read = _REFRESH
        ordered = sorted(self._latest)
        self.median = ordered[len(ordered) // 2]
        self.tail = ordered[math.ceil(0.95 * len(ordered)) - 1]
        return True


class _Terms(NamedTuple):
    """What the share of a stage is reckoned from, in seconds: its own needs, and those of the critical ones behind."""

    critical: bool
    median: float
    tail: float
    cap: float
    behind: float
    behind_in_the_tail: float


class Shares:
    """Shares the remaining time out. `budget` is the usual one: until a stage is measured, half an even part of it is
    kept for each critical one."""

    def __init__(self, stages: Sequence[Stage], budget: float) -> None:
        require_budget(budget)
        self._stages = tuple(stages)
        self._assumed = budget / (2 * max(1, len(stages)))
        self.times = tuple(Times() for _ in stages)
        self._terms: list[_Terms] = []
        self._reckon()

    def share(self, place: int, remaining: float) -> float:
        """Seconds that the stage at `place` may take; 0 or less where the ones behind it need all that remains."""
        critical, median, tail, cap, behind, behind_in_the_tail = self._terms[place]
        spare = remaining - behind
        if critical:
            if spare < median:  # it will not fit: want is shared, too
                spare = remaining * median / (median + behind)
        else:
            spare = max(min(tail, spare), remaining - behind_in_the_tail)
        return cap if cap < spare else spare

    def took(self, place: int, seconds: float) -> None:
        """A stage answered after `seconds`."""
        if self.times[place].add(seconds):
            self._reckon()

    def cut_short(self, place: int, seconds: float) -> None:
        """A stage was stopped after `seconds`. It would have taken longer, and counts double: a percentile that is
        read from what was let through could only ever fall."""
        self.took(place, 2 * seconds)

    def _reckon(self) -> None:
        terms: list[_Terms] = []
        behind = behind_in_the_tail = 0.0
        for stage, times in zip(reversed(self._stages), reversed(self.times)):
            median = self._assumed if times.median is None else times.median
            tail = math.inf if times.tail is None else max(times.tail, _SHORTEST)
            cap = math.inf if stage.soft_cap is None else stage.soft_cap
            terms.append(_Terms(stage.critical, median, tail, cap, behind, behind_in_the_tail))
            if stage.critical:
                behind += min(median, cap)
                behind_in_the_tail += min(2 * self._assumed if times.tail is None else times.tail, cap)
        self._terms = terms[::-1]


def require_budget(seconds: float) -> None:
    """ConfigurationFault where it is no positive, finite number of seconds."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < math.inf:
        raise ConfigurationFault(f"a budget of {seconds!r}; it is a number of seconds above 0, such as 0.25")


def to_wire(remaining: float) -> str:
    """Seconds that remain, as a header carries them: whole milliseconds, rounded down, never below 0."""
    return str(max(0, int(min(remaining, 86400.0) * 1000)))


def from_wire(text: str, most: float) -> float:
    """Seconds that remain; `most` where the header says more, and where it says nothing that can be read."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 12):
        return most
    return min(most, int(digits) / 1000)
