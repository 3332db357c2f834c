"""The Node protocol: what does the work of one stage."""

from __future__ import annotations

from typing import Protocol

from runtime.errors import RuntimeFault
from runtime.orchestrator.query import Query


class NotBegun(RuntimeFault):
    """A node refused, before anything of it was done: to ask another one is harmless, whatever the stage does.

    Only whoever knows that raises it: a place that is taken, a server that says that nobody listens. Silence is no
    refusal; and a node that asks others does not let their refusal through once it has done something itself.
    """


class Node(Protocol):
    """Answers one stage.

    `stage` is the stage that it serves; `concurrency` how many queries it takes at once, by which its load is judged.
    What `handle` raises ends the stage as Failed, unless it is NotBegun, and another node is there to be asked; it may
    be cancelled at any await. A node whose work blocks says so with `placement = "thread"` or `"process"`; then
    `handle` may be a plain function. One that several services ask may have an attribute `held`: how many queries it
    held, whoever asked them, when it last answered one.
    """

    name: str
    stage: str
    concurrency: int

    async def handle(self, query: Query) -> Query:
        """The query with what this node found."""
        ...
