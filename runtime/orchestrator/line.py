"""What is the same for every query of a pipeline: its stages with their nodes, and what they are judged and told by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Callable

from runtime.errors import ConfigurationFault
from runtime.orchestrator.choosing import Selector
from runtime.orchestrator.deadline import Shares
from runtime.orchestrator.hedging import HedgeBudget
from runtime.orchestrator.node import Node
from runtime.orchestrator.orphans import Orphans
from runtime.orchestrator.stage import Stage
from runtime.telemetry.events import Observer, ignore


class Leg:
    """One stage with its nodes; `nodes` leaves out those that are held by work that did not stop."""

    __slots__ = ("all_nodes", "critical", "hedgeable", "hedges", "name", "nodes")

    def __init__(self, stage: Stage, nodes: Sequence[Node], hedges: HedgeBudget) -> None:
        self.name = stage.name
        self.critical = stage.critical
        self.hedgeable = stage.hedgeable and len(nodes) > 1
        self.hedges = hedges
        self.all_nodes = self.nodes = tuple(nodes)


class Line:
    """The stages in order. `clock` gives seconds, `now_ns` nanoseconds since the epoch; `grace` is what a stage gets
    to stop after it was cancelled, in seconds."""

    __slots__ = ("clock", "grace", "heard", "legs", "now_ns", "observe", "orphans", "selector", "shares")

    def __init__(
        self,
        legs: Sequence[Leg],
        shares: Shares,
        selector: Selector,
        observe: Observer,
        clock: Callable[[], float],
        now_ns: Callable[[], int],
        grace: float,
    ) -> None:
        self.legs = tuple(legs)
        self.shares = shares
        self.selector = selector
        self.observe = observe
        self.heard = observe is not ignore  # records are not even made where nobody listens
        self.clock = clock
        self.now_ns = now_ns
        self.grace = grace
        self.orphans = Orphans(observe, self._weigh)

    def _weigh(self, stage: str) -> None:
        for leg in self.legs:
            if leg.name == stage:
                leg.nodes = tuple(node for node in leg.all_nodes if not self.orphans.hold_back(node))


def require_stages(stages: Sequence[Stage], nodes: Mapping[str, Sequence[Node]]) -> None:
    """ConfigurationFault where the stages and the nodes cannot be one pipeline."""
    names = [stage.name for stage in stages]
    if not names:
        raise ConfigurationFault("a pipeline without stages; give it at least one Stage")
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationFault(f"stage {name!r} is given twice; a stage is known by its name")
    for name, serving in nodes.items():
        if name not in names:
            raise ConfigurationFault(
                f"nodes are given for {name!r}, which is no stage; the stages are {', '.join(names)}"
            )
        for node in serving:
            _require_node(node, name)
        known = [node.name for node in serving]
        for node in serving:
            if known.count(node.name) > 1:
                raise ConfigurationFault(
                    f"stage {name!r} has two nodes called {node.name!r}; a node is known by its name"
                )


def _require_node(node: Node, stage: str) -> None:
    missing = [field for field in ("name", "stage", "concurrency", "handle") if not hasattr(node, field)]
    if missing:
        raise ConfigurationFault(f"{node!r} is no node of stage {stage!r}: it has no {', '.join(missing)}")
    if node.stage != stage:
        raise ConfigurationFault(f"node {node.name!r} is given for stage {stage!r} and serves {node.stage!r}")
