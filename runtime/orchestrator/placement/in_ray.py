"""A node in a Ray actor, for what needs a GPU or another machine's memory; a hop costs about a millisecond (3.11+)."""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from collections.abc import Mapping
from functools import partial
from typing import Any, Callable, Optional

import ray  # type: ignore[import-not-found]  # optional, large, and in no lock
import ray.exceptions  # type: ignore[import-not-found]

from runtime.orchestrator.placement.faults import NodeBusy, NodeLost, OutOfTime
from runtime.orchestrator.placement.in_process import packed_node
from runtime.orchestrator.placement.in_thread import BlockingNode
from runtime.orchestrator.placement.process import Raised, answered, opened_query, packed_query, raised_again, unpacked
from runtime.orchestrator.placement.spans import SpanOf, back, below, no_span
from runtime.orchestrator.query import Query
from runtime.telemetry.events import Observer, OrphansCounted, ignore


class Actor:
    """What runs there: the node, and one thread for each question that it takes at once."""

    def __init__(self, packed: bytes, name: str) -> None:
        self._node: Any = unpacked(packed, name)

    def ready(self) -> None:
        """Return when the node is unpacked."""

    def answer(self, question: bytes) -> bytes:
        """As a process of our own answers: a query, or what was raised."""
        return answered(self._node, question)


class RayNode:
    """Looks like an async node; an actor of `concurrency` threads does the work, begun again by Ray when it dies.

    To cancel returns at once. A coroutine function is cancelled there when the time of its query is over; a plain one
    runs on, is counted as a leftover, and while leftovers hold all threads queries are refused with NodeBusy. `options`
    are Ray's for an actor: num_cpus, num_gpus, resources. `address` is that of a cluster; without, one is begun here.
    What the node does stands below the span that `span_of` names.
    """

    def __init__(
        self,
        node: BlockingNode,
        *,
        address: Optional[str] = None,
        options: Optional[Mapping[str, Any]] = None,
        observe: Observer = ignore,
        clock: Callable[[], float] = time.monotonic,
        span_of: SpanOf = no_span,
    ) -> None:
        self.name, self.stage, self.concurrency = node.name, node.stage, node.concurrency
        self.leftovers = 0
        self._packed = packed_node(node)
        self._address, self._options = address, dict(options or {})
        self._observe, self._clock, self._span_of = observe, clock, span_of
        self._actor: Any = None

    async def start(self) -> None:
        """Connect, and begin the actor; seconds, where no cluster runs. Raises NodeLost."""
        await asyncio.get_running_loop().run_in_executor(None, self._begin)

    async def close(self, grace: float = 1.0) -> int:
        """End the actor, with what runs in it; Ray itself is left to whoever began it, or to the end of the process."""
        actor, self._actor = self._actor, None
        if actor is not None:
            ray.kill(actor)
        return 0

    async def handle(self, query: Query) -> Query:
        """What the node gives back. Raises what it raises, NodeLost, NodeBusy, NotPortable or OutOfTime."""
        if self._actor is None:
            raise NodeBusy(f"node '{self.name}' is not started")
        if self.leftovers >= self.concurrency:
            raise NodeBusy(f"node '{self.name}': its {self.concurrency} places are taken by work that was given up")
        if query.remaining <= 0:
            raise OutOfTime(f"query {query.id} has no time left")
        question = self._actor.answer.remote(packed_query(below(self._span_of, query, self.stage, self.name)))
        answer = unpacked(await self._answer(question), self.name)
        if isinstance(answer, Raised):
            raise raised_again(answer)
        return back(opened_query(answer, self.name), query)

    async def _answer(self, question: Any) -> bytes:
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[bytes] = loop.create_future()
        said: concurrent.futures.Future[bytes] = question.future()
        said.add_done_callback(partial(_tell, loop, waiting))
        try:
            return await waiting
        except asyncio.CancelledError:
            ray.cancel(question)  # not begun yet: it never is; begun: it runs on
            self._count(+1)
            said.add_done_callback(lambda _: _in(loop, self._count, -1))
            raise
        except ray.exceptions.RayError as error:
            first = str(error).strip().splitlines()[0]
            raise NodeLost(f"the actor of node '{self.name}' is lost ({type(error).__name__}: {first:.200})") from None

    def _begin(self) -> None:
        if not ray.is_initialized():
            ray.init(address=self._address, include_dashboard=False, log_to_driver=False)
        actor = ray.remote(Actor).options(max_concurrency=self.concurrency, max_restarts=-1, **self._options)
        self._actor = actor.remote(self._packed, self.name)
        try:
            ray.get(self._actor.ready.remote())
        except ray.exceptions.RayError as error:
            raise NodeLost(f"the actor of node '{self.name}' does not begin: {error}") from None

    def _count(self, more: int) -> None:
        self.leftovers += more
        self._observe(OrphansCounted(self.stage, self.name, self.leftovers))


def _tell(
    loop: asyncio.AbstractEventLoop, waiting: asyncio.Future[bytes], said: concurrent.futures.Future[bytes]
) -> None:
    _in(loop, _settle, waiting, said)


def _settle(waiting: asyncio.Future[bytes], said: concurrent.futures.Future[bytes]) -> None:
    if waiting.done():
        return
    error = said.exception()
    if error is None:
        waiting.set_result(said.result())
    else:
        waiting.set_exception(error)


def _in(loop: asyncio.AbstractEventLoop, do: Callable[..., None], *what: object) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(do, *what)
