"""What everything is a ratio to, a task of asyncio that does nothing; and how both are measured in the same rounds."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Mapping
from typing import Callable

from bench.figure import number

ROUND_TRIP = "a plain task round trip"


async def nothing() -> None:
    """What the task does."""


def round_trip(times: int = 20_000) -> float:
    """CPU seconds of one, the mean of so many."""
    return asyncio.run(_round_trips(times))


async def _round_trips(times: int) -> float:
    loop = asyncio.get_running_loop()
    began = time.process_time()
    for _ in range(times):
        await loop.create_task(nothing())
    return (time.process_time() - began) / times


def in_turns(cases: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Every case, round by round: what disturbs one disturbs the others. Each case's figures in order of size."""
    found: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, measure in cases.items():
            found[name].append(measure())
    return {name: sorted(figures) for name, figures in found.items()}


def median_of(found: list[float]) -> str:
    """What stands behind the least of them."""
    return f"median {number(statistics.median(found))}"
