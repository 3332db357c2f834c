"""Which node serves next, chosen from what was measured; no clock is read here."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Optional

from runtime.orchestrator.load import FULL, Load
from runtime.orchestrator.node import Node
from runtime.orchestrator.stage import Ending


class ExpectedCompletion:
    """The node that is expected to answer soonest; among those nearly as good the least filled, and of these any.

    The expected completion time is a node's estimated latency, times how far it is filled beyond its concurrency. It
    differs from the peak EWMA of Finagle and Linkerd in that queueing costs nothing before the node is full, in that a
    failure costs its budget (a node that fails at once is not a fast one), and in that all nodes are compared, not two.

    Where several services share the nodes, each knows only what it asked itself. A node that says how many it holds
    lets the least filled be found among all: the queues that several make in one place are what they lose most by.

    `tie` is how many times worse than the best counts as equal; `near` is the same for a second node, measured by the
    estimates alone: only a node that is about as fast is worth asking twice.
    """

    def __init__(self, load: Load, random: Random, tie: float = 1.4, near: float = 1.5) -> None:
        self._load = load
        self._random = random.random
        self._tie = tie
        self._near = near

    def choose(self, nodes: Sequence[Node], refused: Sequence[Node] = ()) -> Node:
        """The one expected to answer soonest, of all nodes of one stage. While nothing is known, each in its turn."""
        loads = self._load.read(nodes)
        if refused:
            # Only now: who is left out, and for how long, is judged by all of them.
            left = [(load, node) for load, node in zip(loads, nodes) if node not in refused]
            loads, nodes = [load for load, _ in left], [node for _, node in left]
        bar = min([load.cost for load in loads]) * self._tie
        chosen, least, ties = 0, float("inf"), 1
        for index, load in enumerate(loads):
            if load.cost <= bar:
                filled = (load.in_flight + load.others) / load.concurrency
                if filled < least:
                    chosen, least, ties = index, filled, 1
                elif filled == least:
                    ties += 1
                    if self._random() * ties < 1.0:
                        chosen = index
        return nodes[chosen]

    def begun(self, node: Node) -> None:
        """A request began on it."""
        self._load.begun(node)

    def ended(self, node: Node, ending: Ending) -> None:
        """It ended."""
        self._load.ended(node, ending)

    def alternative(self, nodes: Sequence[Node], first: Node) -> Optional[Node]:
        """A second one to ask for the same: the soonest of those about as fast as the fastest, `first` included."""
        loads = zip(self._load.read(nodes), nodes)
        known = [(load, node) for load, node in loads if load.samples and not load.out and load.cost < FULL]
        bar = min([load.estimate for load, _ in known], default=0.0) * self._near
        others = [pair for pair in known if pair[0].estimate <= bar and pair[0].name != first.name]
        return min(others, key=lambda pair: pair[0].cost)[1] if others else None


class RoundRobin:
    """Each in its turn, whatever happens: for nodes that are all the same, and what choosing is measured against."""

    def __init__(self) -> None:
        self._turns: dict[str, int] = {}

    def choose(self, nodes: Sequence[Node], refused: Sequence[Node] = ()) -> Node:
        """The next one of the stage."""
        stage = nodes[0].stage
        left = [node for node in nodes if node not in refused] if refused else nodes
        turn = self._turns.get(stage, 0)
        self._turns[stage] = turn + 1
        return left[turn % len(left)]

    def begun(self, node: Node) -> None:
        """Not measured."""

    def ended(self, node: Node, ending: Ending) -> None:
        """Not measured."""

    def alternative(self, nodes: Sequence[Node], first: Node) -> Optional[Node]:
        """The one after `first`."""
        names = [node.name for node in nodes]
        if len(names) < 2 or first.name not in names:
            return None
        return nodes[(names.index(first.name) + 1) % len(nodes)]
