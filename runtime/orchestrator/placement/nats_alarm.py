"""One timer for all that wait: it rings when the first of them wants to be looked at.

A timer for each would be made and cancelled with every question; most are answered long before anybody looks.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import Callable, Optional


class Alarm:
    """Calls `look` with the time; that looks at all that wait, and says when it wants to be called again (inf: never).

    All times are the loop's, in seconds. It belongs to the loop that `by` is first called in.
    """

    def __init__(self, look: Callable[[float], float]) -> None:
        self._look = look
        self._at = inf
        self._timer: Optional[asyncio.TimerHandle] = None

    def by(self, at: float) -> None:
        """Ring at that time, or before."""
        if at < self._at:
            self.stop()
            self._at = at
            self._timer = asyncio.get_running_loop().call_at(at, self._ring)

    def stop(self) -> None:
        """Do not ring."""
        self._at = inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        self._at, self._timer = inf, None
        self.by(self._look(asyncio.get_running_loop().time()))
