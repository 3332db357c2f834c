"""Watches the event loop: a stage that blocks it where it should wait is heard of."""

from __future__ import annotations

import asyncio
import time
from typing import Callable

from runtime.telemetry.events import LoopLagged, Observer


async def watch_lag(
    observe: Observer,
    every: float = 0.1,
    tolerated: float = 0.05,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Say LoopLagged whenever the loop comes back more than `tolerated` seconds late; runs until it is cancelled.

    Whoever looks every tenth of a second misses nothing of a block, and sees all of it but at most that tenth.
    """
    while True:
        due = clock() + every
        await asyncio.sleep(every)
        late = clock() - due
        if late > tolerated:
            observe(LoopLagged(late))
