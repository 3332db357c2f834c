"""Nodes that answer, fail, hang, refuse to stop and block; a selector that takes turns; an observer that keeps all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Callable, Optional, TypeVar

from runtime.orchestrator.node import Node
from runtime.orchestrator.query import Query
from runtime.orchestrator.stage import STAGES, Ending, Stage
from runtime.telemetry.events import Event

CRITICAL = ("memory", "thought", "decision")
Kind = TypeVar("Kind")


class Answering:
    """Answers after `seconds`, which may be given anew for each query; does not even suspend where it is 0."""

    def __init__(
        self,
        stage: str,
        seconds: float = 0.0,
        name: str = "",
        concurrency: int = 4,
        each: Optional[Callable[[], float]] = None,
    ) -> None:
        self.stage = stage
        self.name = name or f"{stage}-1"
        self.concurrency = concurrency
        self.queries: list[Query] = []
        self._each = each or (lambda: seconds)

    async def handle(self, query: Query) -> Query:
        self.queries.append(query)
        seconds = self._each()
        if seconds > 0:
            await asyncio.sleep(seconds)
        return query.with_finding(self.stage, self.name)


class Failing(Answering):
    """Raises `error` after a while."""

    def __init__(self, stage: str, error: BaseException, seconds: float = 0.0, name: str = "") -> None:
        super().__init__(stage, seconds, name)
        self.error = error

    async def handle(self, query: Query) -> Query:
        await super().handle(query)
        raise self.error.with_traceback(None)  # it is raised again and again, and would keep all that it went through


class Swallowing(Answering):
    """Takes no notice of being cancelled, for `seconds`; then answers as if nothing had been."""

    stubborn = True

    async def handle(self, query: Query) -> Query:
        loop = asyncio.get_running_loop()
        self.queries.append(query)
        until = loop.time() + self._each()
        while loop.time() < until:
            try:
                await asyncio.sleep(until - loop.time())
            except asyncio.CancelledError:
                if not self.stubborn:
                    await asyncio.sleep(until - loop.time())
        return query.with_finding(self.stage, "too late")


class SwallowingOnce(Swallowing):
    """Takes no notice of being cancelled the first time, so that a loop that is closed is soon done with it."""

    stubborn = False


class SlowFinally(Answering):
    """Hangs; when it is cancelled, cleans up for `seconds`."""

    async def handle(self, query: Query) -> Query:
        self.queries.append(query)
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(self._each())
        return query


class Turns:
    """Each node in its turn; keeps what it is told. `seconds` gives the second node that is named, if any."""

    def __init__(self, second: bool = False) -> None:
        self.second = second
        self.turn = 0
        self.told: list[tuple[str, str]] = []
        self.in_flight: dict[str, int] = {}

    def choose(self, nodes: Sequence[Node], refused: Sequence[Node] = ()) -> Node:
        self.turn += 1
        left = [node for node in nodes if node not in refused]
        return left[(self.turn - 1) % len(left)]

    def begun(self, node: Node) -> None:
        self.in_flight[node.name] = self.in_flight.get(node.name, 0) + 1

    def ended(self, node: Node, ending: Ending) -> None:
        self.in_flight[node.name] -= 1
        self.told.append((node.name, ending.name))

    def alternative(self, nodes: Sequence[Node], first: Node) -> Optional[Node]:
        others = [node for node in nodes if node is not first]
        return others[0] if self.second and others else None


class FirstOf(Turns):
    """Always the first node that there is."""

    def choose(self, nodes: Sequence[Node], refused: Sequence[Node] = ()) -> Node:
        return next(node for node in nodes if node not in refused)


class Heard:
    """An observer that keeps what it hears."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.events if isinstance(event, kind)]


def stages(critical: Sequence[str] = CRITICAL, hedgeable: Sequence[str] = (), **soft_caps: float) -> list[Stage]:
    """The six stages of the seed."""
    return [Stage(name, name in critical, soft_caps.get(name), name in hedgeable) for name in STAGES]


def answering(**instead: Sequence[Node]) -> Mapping[str, Sequence[Node]]:
    """One node a stage that answers at once; others where they are named."""
    return {name: instead.get(name, (Answering(name),)) for name in STAGES}
