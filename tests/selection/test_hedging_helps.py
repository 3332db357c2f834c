"""A second node asked after the p95, in virtual time: the tail is shorter, and nobody bad is asked for it."""

from __future__ import annotations

import pytest

from tests.selection.policies import Policy, simulated
from tests.selection.pools import BAD, OURS, PER_NODE, ROUND_ROBIN, pool
from tests.selection.simulator import BUDGET, Result, hanging, slow

P95 = 0.020


def hedged(policy: Policy, size: int, fault: str, after: float) -> Result:
    nodes = pool(size, {"slow": slow(10.0), "hang": hanging()}[fault])
    busy = size if size > 2 else 1
    return simulated(policy, nodes, 0.6 * busy * PER_NODE, 10_000, seed=0, hedge_after=after)


@pytest.mark.parametrize("fault", ["slow", "hang"])
def test_the_slowest_query_of_a_thousand_is_quicker(fault: str) -> None:
    plain, twice = (hedged(OURS, 10, fault, after) for after in (BUDGET, P95))

    assert twice.quantile(0.999) < 0.95 * plain.quantile(0.999)
    assert twice.errors <= plain.errors


def test_it_costs_about_one_query_in_twenty() -> None:
    assert 0 < hedged(OURS, 10, "slow", P95).hedges <= 600


@pytest.mark.parametrize("size", [2, 10])
def test_the_slow_node_gets_no_more_for_it(size: int) -> None:
    assert hedged(OURS, size, "slow", P95).share(BAD) <= 0.005


def test_whoever_asks_just_the_next_one_asks_the_slow_one() -> None:
    assert hedged(ROUND_ROBIN, 2, "slow", P95).share(BAD) > 0.005
