"""Faults that a drill plants into a node: it is slow, it fails, it hangs on when it is told to stop."""

from __future__ import annotations

import asyncio
from typing import Any

from runtime.errors import RuntimeFault

SLOW, FAILING, STUCK, MISSING = FAULTS = ("slow", "failing", "stuck", "missing")


class PlantedFault(RuntimeFault):
    """Raised by a node because a drill wants it to."""


class Faulty:
    """A node that does as the one it stands for, until `fault` is planted; None lifts it.

    `seconds` is how long a slow or stuck one takes. A stuck one swallows its cancellation.
    """

    def __init__(self, node: Any, fault: str, seconds: float) -> None:
        self.name: str = node.name
        self.stage: str = node.stage
        self.concurrency: int = node.concurrency
        self.planted = True
        self._node = node
        self._fault = fault
        self._seconds = seconds

    async def handle(self, query: Any) -> Any:
        """The query as the node gives it on, if the fault lets it."""
        if self.planted and self._fault == FAILING:
            raise PlantedFault("the drill wants it to fail")
        if self.planted and self._fault == SLOW:
            await asyncio.sleep(self._seconds)
        if self.planted and self._fault == STUCK:
            await _hold_on(self._seconds)
        return await self._node.handle(query)


async def _hold_on(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while loop.time() < until:
        try:
            await asyncio.sleep(until - loop.time())
        except asyncio.CancelledError:
            continue  # what it is here for
