"""What six stages that do nothing cost a query in CPU time, beside six plain task round trips of the same rounds.

Least of several rounds: what else the machine does can only add to it. The bars are ratios, because they were set on a
machine where the six round trips cost 21 us of CPU.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable
from random import Random
from typing import Any, Callable

from bench.calibration import nothing
from runtime.orchestrator.load import Load
from runtime.orchestrator.node import Node
from runtime.orchestrator.pipeline import Pipeline
from runtime.orchestrator.query import Query
from runtime.orchestrator.selection import ExpectedCompletion
from runtime.orchestrator.stage import STAGES, Stage
from runtime.telemetry.events import Observer, ignore

RAW = "six plain task round trips"
RAW_THEN = 21.0  # microseconds of CPU: what they cost where the bars were set
CRITICAL = ("memory", "thought", "decision")
NODES = 3

Ask = Callable[[], Awaitable[object]]


class Idle:
    """A node that does nothing."""

    def __init__(self, stage: str, number: int) -> None:
        self.stage = stage
        self.name = f"{stage}-{number}"
        self.concurrency = 2000

    async def handle(self, query: Query) -> Query:
        """The query as it came."""
        return query


def pipeline(observe: Observer = ignore) -> Ask:
    """One query through six stages, at each of which one of three nodes is chosen by what was measured of them."""
    of = [Stage(name, name in CRITICAL) for name in STAGES]
    nodes: dict[str, list[Node]] = {name: [Idle(name, number) for number in range(NODES)] for name in STAGES}
    line = Pipeline(of, nodes, ExpectedCompletion(Load(), Random(1)), observe=observe)
    query = Query.of("Where is the key?")
    return lambda: line.run(query)


async def six_tasks() -> None:
    """The calibration."""
    loop = asyncio.get_running_loop()
    for _ in STAGES:
        await loop.create_task(nothing())


def cpu(ask: Ask, queries: int, at_once: int = 1, after: Callable[[], Any] = lambda: None) -> float:
    """Microseconds of CPU a query, of all threads, with `at_once` in flight; `after` belongs to it."""

    async def times(count: int) -> None:
        for _ in range(count):
            await ask()

    async def main() -> float:
        each = max(1, queries // at_once)
        await times(3)
        gc.collect()
        began = time.process_time()
        await asyncio.gather(*[times(each) for _ in range(at_once)])
        after()
        return 1e6 * (time.process_time() - began) / (each * at_once)

    return asyncio.run(main())
