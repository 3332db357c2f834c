"""What selection is measured against: an oracle, and what others do."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from random import Random
from typing import Callable, Optional

from runtime.orchestrator.choosing import Selector
from runtime.orchestrator.load import Load
from runtime.orchestrator.node import Node
from runtime.orchestrator.selection import ExpectedCompletion, RoundRobin
from runtime.orchestrator.stage import Done, Ending
from tests.selection.simulator import BUDGET, Result, SimulatedNode, Simulation

Policy = Callable[[Simulation, Random], Selector]


class Unmeasured:
    """A policy that needs no endings and hedges nothing."""

    def begun(self, node: Node) -> None:
        pass

    def ended(self, node: Node, ending: Ending) -> None:
        pass

    def alternative(self, nodes: Sequence[Node], first: Node) -> Optional[Node]:
        return None


class Oracle(Unmeasured):
    """Knows how each node is doing and all that waits there, from every router; not the future."""

    def __init__(self, clock: Callable[[], float], random: Random) -> None:
        self._clock = clock
        self._random = random.random

    def choose(self, nodes: Sequence[Node], refused: Sequence[Node] = ()) -> Node:
        return min(nodes, key=self._cost)

    def _cost(self, node: Node) -> tuple[float, float, float]:
        assert isinstance(node, SimulatedNode)
        slowness, errors = node.fault(self._clock())
        waiting = node.waiting
        return slowness * max(1.0, (waiting + 1) / node.servers) + errors * 1000.0, waiting, self._random()


class RecentlySuccessful(Unmeasured):
    """The seed's heuristic: of the nodes with at least 90 % success lately the lowest p95; round robin where none has.

    A node never tried has a p95 of zero.
    """

    def __init__(self) -> None:
        self._samples: dict[str, deque[tuple[bool, float]]] = {}
        self._p95: dict[str, float] = {}
        self._turns = RoundRobin()

    def choose(self, nodes: Sequence[Node], refused: Sequence[Node] = ()) -> Node:
        good = [node for node in nodes if self._success(node.name) >= 0.9]
        return min(good, key=lambda node: self._p95.get(node.name, 0.0)) if good else self._turns.choose(nodes)

    def ended(self, node: Node, ending: Ending) -> None:
        samples = self._samples.setdefault(node.name, deque(maxlen=100))
        samples.append((isinstance(ending, Done), ending.seconds))
        ordered = sorted(seconds for _, seconds in samples)
        self._p95[node.name] = ordered[int(0.95 * (len(ordered) - 1))]

    def _success(self, name: str) -> float:
        samples = self._samples.get(name)
        return sum(done for done, _ in samples) / len(samples) if samples else 1.0


class PeakEwma(Unmeasured):
    """Two nodes at random, of which the one with the lower peak EWMA times in-flight (Finagle's P2C, decay 10 s)."""

    def __init__(self, clock: Callable[[], float], random: Random, decay: float = 10.0) -> None:
        self._clock = clock
        self._random = random
        self._decay = decay
        self._in_flight: dict[str, int] = {}
        self._cost: dict[str, tuple[float, float]] = {}

    def choose(self, nodes: Sequence[Node], refused: Sequence[Node] = ()) -> Node:
        if len(nodes) == 1:
            return nodes[0]
        first, second = self._random.sample(range(len(nodes)), 2)
        return min(nodes[first], nodes[second], key=lambda node: self._load(node.name))

    def begun(self, node: Node) -> None:
        self._in_flight[node.name] = self._in_flight.get(node.name, 0) + 1

    def ended(self, node: Node, ending: Ending) -> None:
        self._in_flight[node.name] -= 1
        now, seconds = self._clock(), ending.seconds
        cost, at = self._cost.get(node.name, (0.0, now))
        kept = math.exp((at - now) / self._decay)
        self._cost[node.name] = (seconds if seconds > cost else cost * kept + seconds * (1.0 - kept)), now

    def _load(self, name: str) -> float:
        in_flight = self._in_flight.get(name, 0)
        if name not in self._cost:
            return 1e6 * in_flight  # unknown: tried once
        cost, at = self._cost[name]
        return cost * math.exp((at - self._clock()) / self._decay) * (in_flight + 1)


def expected_completion(simulation: Simulation, random: Random) -> Selector:
    return ExpectedCompletion(Load(simulation.clock), random)


POLICIES: dict[str, Policy] = {
    "round robin": lambda simulation, random: RoundRobin(),
    "seed: success >= 90 %, lowest p95": lambda simulation, random: RecentlySuccessful(),
    "P2C peak-EWMA": lambda simulation, random: PeakEwma(simulation.clock, random),
    "expected completion": expected_completion,
    "oracle": lambda simulation, random: Oracle(simulation.clock, random),
}


def simulated(
    policy: Policy,
    nodes: Sequence[SimulatedNode],
    rate: float,
    queries: int,
    seed: int,
    routers: int = 1,
    hedge_after: float = BUDGET,
) -> Result:
    """One run of one policy; the same seed gives the same queries to every policy."""
    simulation = Simulation(nodes, seed)
    selectors = [policy(simulation, Random(1000 * seed + number)) for number in range(routers)]
    return simulation.run(selectors, rate, queries, hedge_after)
