"""Two nodes, one of them two or three times slower, at half of what the fast one can do: it gets nearly all."""

from __future__ import annotations

import pytest

from tests.selection.policies import Policy, simulated
from tests.selection.pools import OURS, PEAK_EWMA, PER_NODE, ROUND_ROBIN
from tests.selection.simulator import SimulatedNode, slow

BARS = {2.0: 0.85, 3.0: 0.95}


def share_of_the_fast(policy: Policy, times: float, seed: int) -> float:
    nodes = [SimulatedNode("slow", slow(times)), SimulatedNode("fast")]
    return simulated(policy, nodes, 0.5 * PER_NODE, 5000, seed).share("fast")


@pytest.mark.parametrize("times", BARS)
@pytest.mark.parametrize("seed", range(10))
def test_the_fast_node_gets_nearly_all(times: float, seed: int) -> None:
    assert share_of_the_fast(OURS, times, seed) >= BARS[times]


@pytest.mark.parametrize("times", BARS)
@pytest.mark.parametrize("policy", [pytest.param(ROUND_ROBIN, id="round robin"), pytest.param(PEAK_EWMA, id="peak")])
def test_others_do_not_meet_it(policy: Policy, times: float) -> None:
    assert min(share_of_the_fast(policy, times, seed) for seed in range(3)) < BARS[times]
