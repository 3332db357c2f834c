"""The Node protocol: what does the work of one stage."""

from __future__ import annotations

from typing import Protocol

from runtime.orchestrator.query import Query


class Node(Protocol):
    """Answers one stage.

    `stage` is the stage that it serves; `concurrency` how many queries it takes at once, by which its load is judged.
    What `handle` raises ends the stage as Failed; it may be cancelled at any await. A node whose work blocks says so
    with `placement = "thread"` or `"process"`; then `handle` may be a plain function.
    """

    name: str
    stage: str
    concurrency: int

    async def handle(self, query: Query) -> Query:
        """The query with what this node found."""
        ...
