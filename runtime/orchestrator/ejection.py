"""Who is left out for a while: one node's failures in a row, how long they cost it, and how it comes back."""

from __future__ import annotations

from typing import NamedTuple, Optional


class Ejection(NamedTuple):
    """The rule. All times are seconds.

    After `failures` in a row a node is left out for `shortest`, twice as long each time it comes to that again, at most
    `longest`; then one request at a time tries it. A node that stayed in for `longest` begins anew. Never more than
    `share` of a stage's nodes are out: when most of them fail, the fault is elsewhere. (Envoy's outlier detection:
    consecutive failures, multiplied ejection time, panic threshold.)

    `longest` is below 30 so that a node that healed just after a trial failed is back within 30 seconds.
    """

    failures: int = 3
    shortest: float = 1.0
    longest: float = 24.0
    share: float = 0.5

    def most(self, nodes: int) -> int:
        """How many of so many nodes may be out at once."""
        return int(nodes * self.share)

    def seconds(self, times: int) -> float:
        """How long a node is out that was ejected so many times before."""
        return float(min(self.longest, self.shortest * 2.0 ** min(times, 30)))


class Standing:
    """Whether one node is in or out. `until` is when it may be tried, None while it is in."""

    __slots__ = ("failures", "readmitted_at", "seconds", "times", "until")

    def __init__(self) -> None:
        self.until: Optional[float] = None
        self.failures = 0
        self.times = 0
        self.seconds = 0.0
        self.readmitted_at = float("-inf")

    def eject(self, rule: Ejection, now: float) -> float:
        """Leave it out from now on; for how many seconds."""
        if self.until is None and now - self.readmitted_at > rule.longest:
            self.times = 0
        self.seconds = seconds = rule.seconds(self.times)
        self.times += 1
        self.until = now + seconds
        return seconds

    def readmit(self, now: float) -> None:
        """Let it in, as if it had never failed; only the next ejection remembers."""
        self.until = None
        self.failures = 0
        self.readmitted_at = now
