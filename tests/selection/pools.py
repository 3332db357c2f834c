"""Pools of simulated nodes and how much they are asked, as the bars want them."""

from __future__ import annotations

from tests.selection.policies import POLICIES, Policy, simulated
from tests.selection.simulator import CONCURRENCY, MEAN, Fault, Result, SimulatedNode, healthy

OURS = POLICIES["expected completion"]
ORACLE = POLICIES["oracle"]
ROUND_ROBIN = POLICIES["round robin"]
SEED_HEURISTIC = POLICIES["seed: success >= 90 %, lowest p95"]
PEAK_EWMA = POLICIES["P2C peak-EWMA"]
PER_NODE = CONCURRENCY / MEAN  # queries a second that keep one node busy
BAD = "bad"


def pool(size: int, fault: Fault, others: Fault = healthy, says: int = 0, silent: bool = False) -> list[SimulatedNode]:
    """So many nodes, the first with a fault."""
    rest = [SimulatedNode(f"good-{number}", others, says=says, silent=silent) for number in range(1, size)]
    return [SimulatedNode(BAD, fault, says=says, silent=silent), *rest]


def run(
    policy: Policy,
    fault: Fault,
    seed: int,
    size: int = 10,
    load: float = 0.6,
    queries: int = 10_000,
    routers: int = 1,
    silent: bool = False,
) -> Result:
    """A pool with one bad node, at `load` of what all of ten nodes can do, or the good one of two."""
    busy = size if size > 2 else 1
    return simulated(policy, pool(size, fault, silent=silent), load * busy * PER_NODE, queries, seed, routers)
