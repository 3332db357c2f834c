"""A node that was bad and healed has at least 80 % of its fair share again within 30 seconds."""

from __future__ import annotations

import math
from random import Random
from typing import Callable

import pytest

from runtime.orchestrator.choosing import Selector
from runtime.orchestrator.ejection import Ejection
from runtime.orchestrator.load import Load, Smoothing
from runtime.orchestrator.selection import ExpectedCompletion
from tests.selection.policies import Policy, simulated
from tests.selection.pools import BAD, OURS, pool
from tests.selection.simulator import Fault, Simulation, failing, hanging, slow

NODES, RATE = 10, 300.0
WITHIN, WATCHED = 30.0, 10.0
FAULTS: dict[str, Callable[[float], Fault]] = {
    "slow x2": lambda until: slow(2.0, until),
    "slow x10": lambda until: slow(10.0, until),
    "slow x24": lambda until: slow(24.0, until),
    "fail-fast": lambda until: failing(1.0, until),
    "50 % errors": lambda until: failing(0.5, until),
    "hang": hanging,
}


def share_after(policy: Policy, fault: str, healed: float, routers: int = 1) -> float:
    """Of its fair share, in the ten seconds that begin 30 seconds after it healed."""
    nodes = pool(NODES, FAULTS[fault](healed))
    queries = int(RATE * (healed + WITHIN + WATCHED))
    result = simulated(policy, nodes, RATE, queries, seed=1, routers=routers)
    watched = [name for moment, name in result.log if moment >= healed + WITHIN]
    return watched.count(BAD) / len(watched) * NODES


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("healed", [7.0, 45.3])
def test_it_has_its_share_again(fault: str, healed: float) -> None:
    assert share_after(OURS, fault, healed) >= 0.8


@pytest.mark.parametrize("fault", ["slow x10", "hang"])
def test_it_has_its_share_again_from_twenty_routers(fault: str) -> None:
    assert share_after(OURS, fault, 45.3, routers=20) >= 0.8


def unforgiving(simulation: Simulation, random: Random) -> Selector:
    """Believes for ever what it once saw."""
    memory = Smoothing(memory=1e9, longest=math.inf)
    return ExpectedCompletion(Load(simulation.clock, smoothing=memory, ejection=Ejection(longest=1e9)), random)


@pytest.mark.parametrize("fault", ["slow x10", "50 % errors"])
def test_without_forgetting_it_would_not(fault: str) -> None:
    assert share_after(unforgiving, fault, 45.3) < 0.8


def slow_to_forgive(simulation: Simulation, random: Random) -> Selector:
    """Leaves a node out for as long as it has been bad, without an end to it."""
    return ExpectedCompletion(Load(simulation.clock, ejection=Ejection(longest=1e9)), random)


def test_without_a_longest_ejection_it_would_not() -> None:
    assert share_after(slow_to_forgive, "fail-fast", 110.0) < 0.8
