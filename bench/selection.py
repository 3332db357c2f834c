"""How well nodes are chosen, beside an oracle that knows how each is doing and all that waits there; what it costs.

How well is simulated in virtual time, so it is the same on every machine; the cost is CPU time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from random import Random
from statistics import mean
from typing import Callable, NamedTuple, Optional

from bench.calibration import ROUND_TRIP, in_turns, median_of, round_trip
from bench.figure import Bar, Figure, alone
from runtime.orchestrator.choosing import Selector
from runtime.orchestrator.load import Load
from runtime.orchestrator.node import Node
from runtime.orchestrator.selection import ExpectedCompletion
from tests.selection.fakes import done, named
from tests.selection.pools import BAD, ORACLE, OURS, run
from tests.selection.simulator import SCENARIOS
from tests.selection.test_a_healed_node_comes_back import FAULTS, WITHIN, share_after
from tests.selection.test_share_of_the_fast_node import BARS as SHARES
from tests.selection.test_share_of_the_fast_node import share_of_the_fast

QUERIES = 10_000
SLOW = "slow x10"
FEW_TO_A_SLOW_ONE = 0.5  # % of picks
BACK = 80.0  # % of its fair share
SEEDS = 10


class Pool(NamedTuple):
    """Who chooses among whom, and the most that the p99 may be, in times of the oracle's, for each seed."""

    nodes: int
    routers: int
    bar: Optional[float] = None
    silent: bool = False

    def __str__(self) -> str:
        routers = "one service asks" if self.routers == 1 else f"{self.routers} services ask"
        says = "that do not say how many they hold, " if self.silent else ""
        return f"{self.nodes} nodes, one bad in six ways, {says}{routers}"


POOLS = (
    Pool(10, 1, 1.10),
    Pool(10, 2, 1.10),
    Pool(10, 10, 1.10),
    Pool(10, 20, 1.15),
    Pool(10, 20, silent=True),
    Pool(20, 1),
    Pool(2, 1),
)


class Run(NamedTuple):
    """What one seed of one scenario came to: how many times the oracle's p99; errors and picks of the bad node in %."""

    ratio: float
    errors: float
    bad: float


def simulate(job: tuple[Pool, str, int]) -> Run:
    """Ours and the oracle on the same queries."""
    pool, scenario, seed = job
    mine, best = (
        run(policy, SCENARIOS[scenario], seed, pool.nodes, queries=QUERIES, routers=pool.routers, silent=pool.silent)
        for policy in (OURS, ORACLE)
    )
    return Run(mine.quantile(0.99) / best.quantile(0.99), 100 * mine.errors, 100 * mine.share(BAD))


def figures(quick: bool) -> Iterator[Figure]:
    """The pools, the fast node's share, the healed node's, the cost."""
    seeds = 2 if quick else SEEDS
    with ProcessPoolExecutor() as workers:
        for pool in POOLS:
            yield from pools(pool, seeds, workers)
        yield from fast_nodes(seeds, workers)
        yield healed(workers)
    yield from costs(5 if quick else 15)


def pools(pool: Pool, seeds: int, workers: ProcessPoolExecutor) -> Iterator[Figure]:
    """The worst of all seeds and scenarios."""
    jobs = [(pool, scenario, seed) for scenario in SCENARIOS for seed in range(seeds)]
    found = dict(zip(jobs, workers.map(simulate, jobs, chunksize=2)))
    ratios = {each: [found[pool, each, seed].ratio for seed in range(seeds)] for each in SCENARIOS}
    means = {each: mean(ratios[each]) for each in SCENARIOS}
    worst = max(means, key=lambda each: means[each])
    n, flat = len(jobs), tuple(ratio for each in SCENARIOS for ratio in ratios[each])
    bar = None if pool.bar is None else Bar(pool.bar, enough=len(SCENARIOS) * SEEDS)
    said = f"{worst}; mean of its seeds {means[worst]:.3f}"
    yield Figure(f"{pool}: the worst p99", max(flat), "x", n, "an oracle's", bar=bar, note=said, samples=flat)
    held = (pool.nodes, pool.routers) == (10, 1)
    errors = max(each.errors for each in found.values())
    yield Figure(f"{pool}: errors", errors, "%", n, bar=Bar(0.1, enough=len(SCENARIOS) * SEEDS) if held else None)
    if held:
        picks = max(found[pool, SLOW, seed].bad for seed in range(seeds))
        bar = Bar(FEW_TO_A_SLOW_ONE, enough=SEEDS)
        yield Figure(f"{pool}: picks of the bad one where it is ten times slower", picks, "%", seeds, bar=bar)


def fast_nodes(seeds: int, workers: ProcessPoolExecutor) -> Iterator[Figure]:
    """Of two nodes."""
    for times, least in SHARES.items():
        found = [100 * share for share in workers.map(partial(share_of_the_fast, OURS, times), range(seeds))]
        what = f"picks of the fast one of two nodes, the other {times:g} times slower, the least of all seeds"
        yield Figure(
            what, min(found), "%", seeds, bar=Bar(100 * least, at_least=True, enough=SEEDS), samples=tuple(found)
        )


def healed(workers: ProcessPoolExecutor) -> Figure:
    """Whatever it had, soon after and long after the beginning."""
    cases = list(product(FAULTS, (7.0, 45.3), (1, 20)))
    found = [100 * share for share in workers.map(_share_after, cases)]
    what = f"a node's share of what is fair, {WITHIN:.0f} s after it healed of any fault, the least"
    return Figure(what, min(found), "%", len(cases), bar=Bar(BACK, at_least=True), samples=tuple(found))


def _share_after(case: tuple[str, float, int]) -> float:
    fault, moment, routers = case
    return share_after(OURS, fault, moment, routers)


def choice(selector: Selector, nodes: Sequence[Node], times: int) -> float:
    """CPU seconds of choose, begun and ended together."""
    ending = done()
    began = time.process_time()
    for _ in range(times):
        node = selector.choose(nodes)
        selector.begun(node)
        selector.ended(node, ending)
    return (time.process_time() - began) / times


def costs(rounds: int, times: int = 10_000) -> Iterator[Figure]:
    """By the number of nodes."""
    cases: dict[str, Callable[[], float]] = {ROUND_TRIP: partial(round_trip, times)}
    for size in (3, 10, 100):
        cases[f"a choice among {size} nodes, told of its begin and end"] = partial(
            choice, ExpectedCompletion(Load(), Random(0)), named(size), times
        )
    found = {name: [1e6 * seconds for seconds in taken] for name, taken in in_turns(cases, rounds).items()}
    unit = found.pop(ROUND_TRIP)[0]
    for name, samples in found.items():
        least = samples[0]
        yield Figure(
            name,
            least,
            "µs of CPU",
            rounds * times,
            ROUND_TRIP,
            least / unit,
            note=median_of(samples),
            samples=tuple(samples),
        )


if __name__ == "__main__":
    sys.exit(alone(figures, __doc__))
