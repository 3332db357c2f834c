"""A node whose work blocks, in threads of its own."""

from __future__ import annotations

import asyncio
import inspect
import math
import time
from collections.abc import Awaitable
from functools import partial
from typing import Callable, Optional, Protocol, Union

from runtime.orchestrator.placement.faults import OutOfTime
from runtime.orchestrator.placement.places import Place, Places
from runtime.orchestrator.query import Query
from runtime.telemetry.events import Observer, OrphansCounted, ignore


class BlockingNode(Protocol):
    """A node whose `handle` may be a plain function, or a coroutine function that blocks."""

    name: str
    stage: str
    concurrency: int

    @property
    def handle(self) -> Callable[[Query], Union[Query, Awaitable[Query]]]:
        """The query with what this node found."""
        ...


class ThreadNode:
    """Looks like an async node; `concurrency` threads do the work.

    To cancel returns at once; a thread that runs on is counted as a leftover until it ends.
    """

    def __init__(
        self,
        node: BlockingNode,
        *,
        concurrency: Optional[int] = None,
        observe: Observer = ignore,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name, self.stage, self.concurrency = node.name, node.stage, concurrency or node.concurrency
        self._node = node
        self._observe = observe
        self._clock = clock
        self._places = Places(node.name, self.concurrency, counted=self._count)

    @property
    def leftovers(self) -> int:
        """How many threads still work on queries that were given up."""
        return self._places.leftovers

    async def handle(self, query: Query) -> Query:
        """What the node gives back, with the caller's context variables.

        Raises what the node raises; NodeBusy when its places are held by leftovers; OutOfTime when none was free in
        time.
        """
        return await self._places.call(partial(self._work, query, self._clock() + query.remaining))

    async def start(self) -> None:
        """Nothing: threads are begun when they are needed."""

    async def close(self, grace: float = 1.0) -> int:
        """Begin nothing more; how many threads still run after `grace` seconds. They do not keep the process alive."""
        return await self._places.close(grace)

    def _work(self, query: Query, deadline: float, place: Place) -> Query:
        return handled(self._node, on_time(query, deadline - self._clock()))

    def _count(self, leftovers: int) -> None:
        self._observe(OrphansCounted(self.stage, self.name, leftovers))


def on_time(query: Query, remaining: float) -> Query:
    """The query with what its wait for a place has left of its time."""
    if remaining <= 0:
        raise OutOfTime(f"query {query.id} waited for a place until its time was over")
    return query._replace(remaining=remaining)


def handled(node: BlockingNode, query: Query) -> Query:
    """What the node gives back, in a thread where no loop runs; a coroutine gets a loop, and is cancelled on time."""
    answer = node.handle(query)
    if inspect.isawaitable(answer):
        return asyncio.run(_awaited(answer, query.remaining))
    return answer


async def _awaited(answer: Awaitable[Query], remaining: float) -> Query:
    return await asyncio.wait_for(answer, remaining if math.isfinite(remaining) else None)
