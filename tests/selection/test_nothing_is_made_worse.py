"""Where no node is worse than another, choosing does no harm: in health, overload, bad luck, and rare queries."""

from __future__ import annotations

from random import Random

import pytest

from runtime.orchestrator.choosing import Selector
from runtime.orchestrator.load import Load, Smoothing
from runtime.orchestrator.node import Node
from runtime.orchestrator.selection import ExpectedCompletion
from runtime.orchestrator.stage import Ending, Failed, TimedOut
from tests.selection.policies import Policy, simulated
from tests.selection.pools import BAD, ORACLE, OURS, PEAK_EWMA, PER_NODE, ROUND_ROBIN, SEED_HEURISTIC, pool, run
from tests.selection.simulator import BUDGET, Result, Simulation, failing, healthy, slow


def healthy_pool(policy: Policy, size: int, load: float, seed: int) -> float:
    """The p99, in seconds."""
    return simulated(policy, pool(size, healthy), load * size * PER_NODE, 10_000, seed).quantile(0.99)


@pytest.mark.parametrize("size", [2, 10])
@pytest.mark.parametrize("load", [0.2, 0.6, 0.85])
@pytest.mark.parametrize("seed", range(2))
def test_a_healthy_pool_is_never_worse_than_in_turns(size: int, load: float, seed: int) -> None:
    assert healthy_pool(OURS, size, load, seed) <= 1.03 * healthy_pool(ROUND_ROBIN, size, load, seed)


def test_with_the_seeds_heuristic_it_is_worse() -> None:
    assert healthy_pool(SEED_HEURISTIC, 10, 0.6, 0) > 1.03 * healthy_pool(ROUND_ROBIN, 10, 0.6, 0)


def overloaded(policy: Policy, size: int) -> float:
    """The share of failures at 1.3 times what all nodes can do."""
    return simulated(policy, pool(size, healthy), 1.3 * size * PER_NODE, 6000, seed=0).errors


@pytest.mark.parametrize("size", [2, 10])
def test_an_overloaded_pool_loses_no_node_over_it(size: int) -> None:
    assert overloaded(OURS, size) <= overloaded(ROUND_ROBIN, size) + 0.01


class EveryTimeoutCounts(Load):
    """Takes a timeout for the node's failure, whatever its budget was."""

    def ended(self, node: Node, ending: Ending) -> None:
        if isinstance(ending, TimedOut):
            ending = Failed(ending.stage, ending.node, ending.seconds, ending.budget, TimeoutError())
        super().ended(node, ending)


@pytest.mark.parametrize("size", [2, 10])
def test_if_every_timeout_counted_it_would(size: int) -> None:
    assert (
        overloaded(lambda simulation, random: ExpectedCompletion(EveryTimeoutCounts(simulation.clock), random), size)
        > overloaded(ROUND_ROBIN, size) + 0.03
    )


def unlucky(policy: Policy, size: int) -> float:
    """The p99 in seconds, where each node fails one query in a hundred."""
    nodes = pool(size, failing(0.01), failing(0.01))
    ordered = sorted(
        seconds
        for seconds in simulated(policy, nodes, 0.6 * size * PER_NODE, 10_000, seed=0).latencies
        if seconds < BUDGET
    )
    return ordered[int(0.99 * len(ordered))]


@pytest.mark.parametrize("size", [2, 10])
def test_failures_that_are_no_nodes_fault_cost_the_others_little(size: int) -> None:
    assert unlucky(OURS, size) <= 1.25 * unlucky(ROUND_ROBIN, size)


def test_with_the_seeds_heuristic_they_cost_much() -> None:
    assert unlucky(SEED_HEURISTIC, 10) > 1.25 * unlucky(ROUND_ROBIN, 10)


def rare(policy: Policy) -> Result:
    """A query every five seconds; one node of two is ten times slower."""
    return simulated(policy, pool(2, slow(10.0)), 0.2, 2000, seed=0)


def test_where_queries_are_rare_they_are_not_spent_on_hope() -> None:
    assert rare(OURS).share(BAD) <= 0.01


def hopeful(simulation: Simulation, random: Random) -> Selector:
    """Lets time alone decide when a node is tried again."""
    return ExpectedCompletion(Load(simulation.clock, smoothing=Smoothing(patience=1e9)), random)


@pytest.mark.parametrize("policy", [pytest.param(hopeful, id="hopeful"), pytest.param(PEAK_EWMA, id="peak")])
def test_by_time_alone_they_would_be(policy: Policy) -> None:
    assert rare(policy).share(BAD) > 0.01


@pytest.mark.parametrize("says", [1, 16])
def test_a_node_that_says_a_wrong_concurrency_costs_little(says: int) -> None:
    def p99(policy: Policy) -> float:
        return simulated(policy, pool(2, slow(10.0), says=says), 0.6 * PER_NODE, 10_000, seed=0).quantile(0.99)

    assert p99(OURS) <= 1.10 * p99(ORACLE)


def test_when_all_fail_all_are_still_asked() -> None:
    result = simulated(OURS, pool(10, failing(1.0), failing(1.0)), 1000.0, 3000, seed=0)

    assert result.errors == 1.0
    assert min(result.picks.values()) > 0
    assert max(result.picks.values()) < 1500


def test_a_node_that_fails_always_costs_little_where_queries_are_rare() -> None:
    result = simulated(OURS, pool(2, failing(1.0)), 0.2, 2000, seed=0)

    assert result.errors <= 0.01


def test_the_run_of_a_pool_is_the_same_each_time() -> None:
    first, second = run(OURS, slow(10.0), 3, queries=2000), run(OURS, slow(10.0), 3, queries=2000)

    assert first == second
