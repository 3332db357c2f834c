"""Plugins that do not what they should, each in a way of its own."""

from __future__ import annotations

from runtime.orchestrator.query import Query


class Dreaming:
    lane = "candidate"
    name = "dreaming"
    stage = "dreaming"
    concurrency = 1

    async def handle(self, query: Query) -> Query:
        return query


class Blocking:
    lane = "candidate"
    name = "blocking"
    stage = "thought"
    concurrency = 1

    def handle(self, query: Query) -> Query:
        return query


class Nameless:
    lane = "candidate"
    stage = "thought"
    concurrency = 1

    async def handle(self, query: Query) -> Query:
        return query


class Raising:
    """A monitor that cannot bear what it hears, and a component that cannot say how it is."""

    lane = "candidate"

    def __call__(self, event: object) -> None:
        raise ValueError("I cannot hear this")

    def fault(self) -> str:
        raise ValueError("I cannot say")
