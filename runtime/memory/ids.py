"""Ids of records: unique over processes and machines, and in the order of time when sorted as text.

The layout is that of UUID version 7 (RFC 9562, section 5.7, with the counter of method 2 in section 6.2): milliseconds
since the epoch, then 74 bits that are drawn anew each millisecond and only grow within one.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from typing import Callable

_COUNTER_BITS = 74
_STEP_BITS = 32
_LAST_COUNT = (1 << _COUNTER_BITS) - 1
_VERSION = 7 << 76
_VARIANT = 0b10 << 62


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000


class Ids:
    """A source of ids, each greater than the one before, in whatever thread and even where the clock is set back.

    `milliseconds` is the time since the epoch; `bits(n)` gives n bits that no other process draws as well.
    """

    def __init__(
        self,
        milliseconds: Callable[[], int] = _milliseconds,
        bits: Callable[[int], int] = secrets.randbits,
    ) -> None:
        self._milliseconds = milliseconds
        self._bits = bits
        self.start_anew()

    def start_anew(self) -> None:
        """Forget what was given out: what a forked child does, so that it never repeats its parent."""
        # A new lock as well: at the moment of the fork another thread of the parent may have held the old one.
        self._lock = threading.Lock()
        self._last = 0
        self._count = 0

    def __call__(self) -> str:
        """The next id: 36 characters, `0197f2c4-....-7...-....-............`."""
        with self._lock:
            now = self._milliseconds()
            if now > self._last:
                self._last, self._count = now, self._bits(_COUNTER_BITS - 1)
            else:
                self._count += 1 + self._bits(_STEP_BITS)
                if self._count > _LAST_COUNT:
                    self._last, self._count = self._last + 1, self._bits(_COUNTER_BITS - 1)
            return _written(self._last, self._count)


def _written(milliseconds: int, count: int) -> str:
    high, low = count >> 62, count & ((1 << 62) - 1)
    digits = f"{milliseconds << 80 | _VERSION | high << 64 | _VARIANT | low:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


new_id = Ids()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=new_id.start_anew)
