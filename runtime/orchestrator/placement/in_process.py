"""A node whose work blocks and holds the interpreter, in processes of its own."""

from __future__ import annotations

import asyncio
import atexit
import logging
import pickle
import threading
import time
import weakref
from functools import partial
from typing import Callable, Optional

from runtime.errors import ConfigurationFault
from runtime.orchestrator.placement.in_thread import BlockingNode, on_time
from runtime.orchestrator.placement.places import Place, Places
from runtime.orchestrator.placement.process import Child
from runtime.orchestrator.placement.spans import SpanOf, back, below, no_span
from runtime.orchestrator.query import Query
from runtime.telemetry.events import Observer, OrphansCounted, ignore

SLOWEST_RESTART = 5.0  # seconds between two attempts to begin a process that does not begin

_log = logging.getLogger(__name__)


class ProcessNode:
    """Looks like an async node; `concurrency` processes do the work, one query each at a time.

    To cancel returns at once; a process that has not stopped `patience` seconds later is killed, and another one begun.
    A process that dies fails its query with NodeLost. Context variables stay here; what the node does stands below the
    span that `span_of` names. `node` is pickled. `start_method` is spawn or forkserver.
    """

    def __init__(
        self,
        node: BlockingNode,
        *,
        concurrency: Optional[int] = None,
        observe: Observer = ignore,
        clock: Callable[[], float] = time.monotonic,
        patience: float = 0.1,
        start_method: str = "spawn",
        span_of: SpanOf = no_span,
    ) -> None:
        self.name, self.stage, self.concurrency = node.name, node.stage, concurrency or node.concurrency
        self._packed = packed_node(node)
        self._observe, self._clock = observe, clock
        self._patience, self._start_method = patience, start_method
        self._span_of = span_of
        self._closing = threading.Event()
        self._places = Places(
            node.name, self.concurrency, counted=self._count, fit=_is_alive, mend=self._restart, dismiss=self._dismiss
        )
        _RUNNING.add(self)

    @property
    def leftovers(self) -> int:
        """How many processes still work on queries that were given up."""
        return self._places.leftovers

    async def handle(self, query: Query) -> Query:
        """What the node gives back. Raises what it raises, NodeLost, NodeBusy, NotPortable or OutOfTime."""
        given_up = threading.Event()
        deadline = self._clock() + query.remaining
        asked = below(self._span_of, query, self.stage, self.name)
        answer = await self._places.call(
            partial(self._work, asked, deadline, given_up), partial(self._stop, given_up=given_up)
        )
        return back(answer, query)

    async def start(self) -> None:
        """Begin all processes, so that the first queries need not wait for them. Raises NodeLost."""
        begun = [self._places.call(self._begun_in) for _ in range(self.concurrency)]
        for outcome in await asyncio.gather(*begun, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def close(self, grace: float = 1.0) -> int:
        """Begin nothing more, kill what still runs after `grace` seconds; how many processes are left: none."""
        self._closing.set()
        await self._places.close(grace)
        self.kill()
        return await self._places.close(grace + 1.0)

    def kill(self) -> None:
        """End all processes now."""
        self._closing.set()
        for place in self._places.begun():
            if place.kept is not None:
                place.kept.kill()

    def _work(self, query: Query, deadline: float, given_up: threading.Event, place: Place) -> Query:
        child = place.kept if _is_alive(place) else self._begun_in(place)
        return child.ask(on_time(query, deadline - self._clock()), given_up)

    def _begun_in(self, place: Place) -> Child:
        place.kept = child = Child(self.name, self._packed, self._start_method)
        if self._closing.is_set():
            child.kill()
        child.wait_until_ready()
        return child

    def _stop(self, place: Place, given_up: threading.Event) -> None:
        given_up.set()
        child: Optional[Child] = place.kept
        if child is not None:
            timer = threading.Timer(self._patience, child.kill_if_still, (given_up,))
            timer.daemon = True
            timer.start()

    def _restart(self, place: Place) -> None:
        wait = 0.0
        while not self._closing.wait(wait):
            try:
                self._begun_in(place)
            except Exception as error:  # noqa: BLE001 - whatever keeps it from beginning is tried again, and said
                wait = min(SLOWEST_RESTART, wait * 2 or 0.1)
                _log.warning(
                    "node '%s': its process does not begin, next attempt in %.1f s: %s", self.name, wait, error
                )
            else:
                return

    def _dismiss(self, place: Place) -> None:
        if _is_alive(place):
            place.kept.end(1.0)

    def _count(self, leftovers: int) -> None:
        self._observe(OrphansCounted(self.stage, self.name, leftovers))


def packed_node(node: BlockingNode) -> bytes:
    """The node for other processes. Raises ConfigurationFault, because it is the placement that is wrong."""
    try:
        return pickle.dumps(node, pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        raise ConfigurationFault(
            f"node '{node.name}' cannot be placed in a process, because it cannot be pickled: {error}; "
            f"place it in a thread, or leave out of its state what cannot travel"
        ) from error


def _is_alive(place: Place) -> bool:
    return place.kept is not None and place.kept.alive


_RUNNING: weakref.WeakSet[ProcessNode] = weakref.WeakSet()


@atexit.register
def _kill_what_was_not_closed() -> None:
    for node in list(_RUNNING):
        node.kill()
