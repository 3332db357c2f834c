"""The budget of the whole query, shared out over its stages by what they were measured to need.

One absolute deadline a query. A critical stage may take what remains less what the critical stages behind it take when
they are quick (their lower quartile): without it the query is lost, so more is not kept back. A stage that is not
critical may take what those behind it would not miss even when they are slow (their 95th percentile); where that is
nothing, its own 95th percentile, as long as their medians still fit. `bench/pipeline.py` shows what other shares come
to. On the wire goes what remains, in milliseconds: clocks of two machines do not agree, durations do.
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
_LEAST = 1e-6  # seconds; what takes no time that can be measured needs this much


class Times:
    """How long a stage took, in seconds: `quick` (lower quartile), `median`, `tail` (95th percentile).

    They are None as long as too few are known.
    """

    __slots__ = ("_latest", "_until_read", "median", "quick", "tail")

    def __init__(self) -> None:
        self.quick: Optional[float] = None
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
        self.quick = ordered[len(ordered) // 4]
        self.median = ordered[len(ordered) // 2]
        self.tail = ordered[math.ceil(0.95 * len(ordered)) - 1]
        return True


class _Terms(NamedTuple):
    """What the share of a stage is reckoned from, in seconds: its own needs, and those of the critical ones behind."""

    critical: bool
    quick: float
    tail: float
    cap: float
    behind_quick: float
    behind: float
    behind_slow: float


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
        critical, quick, tail, cap, behind_quick, behind, behind_slow = self._terms[place]
        if critical:
            spare = remaining - behind_quick
            if spare < quick:  # it will hardly fit: want is shared, too
                spare = remaining * quick / (quick + behind_quick)
        else:
            spare = max(min(tail, remaining - behind), remaining - behind_slow)
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
        behind_quick = behind = behind_slow = 0.0
        for stage, times in zip(reversed(self._stages), reversed(self.times)):
            cap = math.inf if stage.soft_cap is None else stage.soft_cap
            quick = max(_or(times.quick, self._assumed), _LEAST)
            tail = max(_or(times.tail, math.inf), _SHORTEST)
            terms.append(_Terms(stage.critical, quick, tail, cap, behind_quick, behind, behind_slow))
            if stage.critical:
                behind_quick += min(quick, cap)
                behind += min(_or(times.median, self._assumed), cap)
                behind_slow += min(_or(times.tail, 2 * self._assumed), cap)
        self._terms = terms[::-1]


def _or(measured: Optional[float], assumed: float) -> float:
    return assumed if measured is None else measured


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
