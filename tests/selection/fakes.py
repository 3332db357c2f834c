"""A clock that is set by hand, nodes that only have a name, and one stage's selector with everything it said."""

from __future__ import annotations

from random import Random
from typing import Optional

from runtime.orchestrator.ejection import Ejection
from runtime.orchestrator.load import DEFAULT_EJECTION, DEFAULT_SMOOTHING, Load, NodeLoad, Smoothing
from runtime.orchestrator.node import Node, NotBegun
from runtime.orchestrator.query import Query
from runtime.orchestrator.selection import ExpectedCompletion
from runtime.orchestrator.stage import Abandoned, Done, Ending, Failed, Skipped, TimedOut
from runtime.telemetry.events import Event, NodeEjected, NodeReadmitted

QUERY = Query("?", "q")


class NamedNode:
    """A node that is chosen and never asked. `held` is what it said last of how many it holds."""

    def __init__(self, name: str, concurrency: int = 4, stage: str = "thought") -> None:
        self.name = name
        self.stage = stage
        self.concurrency = concurrency
        self.held: Optional[int] = None

    async def handle(self, query: Query) -> Query:
        raise AssertionError("nobody asks it")


class Bench:
    """A selector on a clock set by hand. All times are seconds."""

    def __init__(
        self, seed: int = 0, smoothing: Smoothing = DEFAULT_SMOOTHING, ejection: Ejection = DEFAULT_EJECTION
    ) -> None:
        self.now = 100.0
        self.said: list[Event] = []
        self.load = Load(lambda: self.now, self.said.append, smoothing, ejection)
        self.selector = ExpectedCompletion(self.load, Random(seed))

    def of(self, node: Node, *others: Node) -> NodeLoad:
        """What is known of the first of these nodes, which are all."""
        return self.load.read([node, *others])[0]

    def ask(self, node: Node, ending: Ending) -> None:
        """A request that takes as long as its ending says."""
        self.selector.begun(node)
        self.now += ending.seconds
        self.selector.ended(node, ending)

    def choices(self, nodes: list[NamedNode], times: int) -> list[str]:
        """Whom it would choose now, so many times."""
        return [self.selector.choose(nodes).name for _ in range(times)]

    @property
    def ejections(self) -> list[NodeEjected]:
        return [event for event in self.said if isinstance(event, NodeEjected)]

    @property
    def readmissions(self) -> list[NodeReadmitted]:
        return [event for event in self.said if isinstance(event, NodeReadmitted)]


def done(seconds: float = 0.01) -> Done:
    return Done("thought", "", seconds, 0.25, QUERY)


def failed(seconds: float = 0.001, budget: float = 0.25) -> Failed:
    return Failed("thought", "", seconds, budget, ValueError("no"))


def refused(seconds: float = 0.0) -> Failed:
    return Failed("thought", "", seconds, 0.25, NotBegun("full"))


def timed_out(budget: float = 0.25) -> TimedOut:
    return TimedOut("thought", "", budget, budget)


def abandoned(budget: float = 0.25) -> Abandoned:
    return Abandoned("thought", "", budget, budget)


def skipped(seconds: float = 0.0) -> Skipped:
    return Skipped("thought", "another answered first", 0.25, seconds)


def named(count: int, concurrency: int = 4) -> list[NamedNode]:
    return [NamedNode(f"node-{number}", concurrency) for number in range(count)]
