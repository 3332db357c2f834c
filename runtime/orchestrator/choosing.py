"""The Selector protocol: which node serves next, and what the choice learns from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional, Protocol

from runtime.orchestrator.node import Node
from runtime.orchestrator.stage import Ending


class Selector(Protocol):
    """Chooses among the nodes of one stage, and is told of every attempt when it begins and how it ends.

    It is called on the event loop, between two stages: it never waits. Each `begun` is followed by one `ended`; an
    attempt that nobody wanted any more (another answered first, the caller left) ends as Skipped, and says nothing
    of its node. One that Failed with NotBegun was refused: the node is full or not there, and made no error. An attempt
    that was Abandoned runs on.
    """

    def choose(self, nodes: Sequence[Node], refused: Sequence[Node] = ()) -> Node:
        """One of `nodes`, which are all of a stage, and none of those that `refused` already; at least one is left."""
        ...

    def begun(self, node: Node) -> None:
        """An attempt begins on `node`."""
        ...

    def ended(self, node: Node, ending: Ending) -> None:
        """An attempt on `node` ended."""
        ...

    def alternative(self, nodes: Sequence[Node], first: Node) -> Optional[Node]:
        """Another node that is expected to be about as quick as the best, for a second attempt; None for none."""
        ...
