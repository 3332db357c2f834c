"""How many second attempts may be made: a small share of the first ones, saved up while none is needed.

Tail at Scale (Dean and Barroso, 2013): a second request after the 95th percentile costs 5 % and cuts the tail; without
a bound the second requests of a bad hour are what keeps it bad.
"""

from __future__ import annotations


class HedgeBudget:
    """Each first attempt earns `share` of a second one; at most `most` are saved."""

    __slots__ = ("_most", "_saved", "_share")

    def __init__(self, share: float, most: float = 10.0) -> None:
        self._share = share
        self._most = most
        self._saved = 1.0 if share > 0 else 0.0

    def earn(self) -> None:
        """A first attempt begins."""
        self._saved = min(self._most, self._saved + self._share)

    def left(self) -> bool:
        """Whether a second attempt may be made."""
        return self._saved >= 1.0

    def spend(self) -> None:
        """A second attempt begins."""
        self._saved -= 1.0
