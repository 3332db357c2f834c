"""An event loop whose time passes only where it would have waited: seconds cost nothing, and every run is the same."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable
from typing import Callable, Optional, TypeVar

Found = TypeVar("Found")


class _NoWait(selectors.SelectSelector):
    """Where the loop would wait for files until the next timer, its time is put forward instead."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0

    def select(self, timeout: Optional[float] = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everything waits, and no timer is set: this would never end")
        self.passed += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop with a clock of its own, which begins at 0."""

    def __init__(self) -> None:
        self._no_wait = _NoWait()
        super().__init__(self._no_wait)

    def time(self) -> float:
        return self._no_wait.passed

    def block(self, seconds: float) -> None:
        """What a node does that computes, or sleeps, without awaiting."""
        self._no_wait.passed += seconds


def run_virtually(main: Callable[[VirtualLoop], Awaitable[Found]]) -> Found:
    """Run `main(loop)` to its end, and cancel what it left, like `asyncio.run`."""
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(main(loop))
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=60))
        asyncio.set_event_loop(None)
        loop.close()
