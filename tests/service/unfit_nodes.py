"""Nodes that cannot serve, each for a reason of its own."""

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
