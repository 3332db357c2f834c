"""How well other policies than ours choose nodes, beside ours and an oracle: `python -m bench.selection_policies`.

In virtual time, so the tables are the same on every machine.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from statistics import mean
from typing import NamedTuple

from tests.selection.policies import POLICIES, simulated
from tests.selection.pools import BAD, PER_NODE, run
from tests.selection.simulator import SCENARIOS, SimulatedNode, slow

POOLS = ((10, 1), (10, 20), (2, 1))
ORACLE = "oracle"


class Job(NamedTuple):
    """One run."""

    policy: str
    scenario: str
    size: int
    routers: int
    seed: int
    queries: int


class Row(NamedTuple):
    """What it came to: milliseconds and per cent."""

    p99: float
    p999: float
    errors: float
    bad: float


def simulate(job: Job) -> Row:
    """One run of one policy."""
    fault = SCENARIOS[job.scenario]
    result = run(POLICIES[job.policy], fault, job.seed, job.size, queries=job.queries, routers=job.routers)
    return Row(1e3 * result.quantile(0.99), 1e3 * result.quantile(0.999), 100 * result.errors, 100 * result.share(BAD))


def table(rows: Sequence[Sequence[str]], markdown: bool) -> str:
    """The first row is the head."""
    if markdown:
        head, *body = ["| " + " | ".join(row) + " |" for row in rows]
        return "\n".join([head, "|" + " --- |" * len(rows[0]), *body])
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def scenarios(size: int, routers: int, seeds: int, queries: int, workers: ProcessPoolExecutor) -> list[list[str]]:
    """Policies by scenarios: p99, errors, picks of the bad node, the worst seed's p99 beside the oracle's."""
    jobs = [
        Job(policy, scenario, size, routers, seed, queries)
        for policy in POLICIES
        for scenario in SCENARIOS
        for seed in range(seeds)
    ]
    found = dict(zip(jobs, workers.map(simulate, jobs, chunksize=4)))
    rows = [["policy", *SCENARIOS]]
    for policy in POLICIES:
        row = [policy]
        for scenario in SCENARIOS:
            mine, best = (
                [found[Job(each, scenario, size, routers, seed, queries)] for seed in range(seeds)]
                for each in (policy, ORACLE)
            )
            ratio = max(one.p99 / other.p99 for one, other in zip(mine, best))
            cells = [f"{mean(one.p99 for one in mine):.1f}", f"{mean(one.errors for one in mine):.2f}"]
            row.append("/".join([*cells, f"{mean(one.bad for one in mine):.2f}"]) + f" ({ratio:.2f}x)")
        rows.append(row)
    return rows


def share(job: tuple[str, float, float, int]) -> float:
    """Of picks, in per cent, that the fast one of two nodes gets."""
    policy, times, load, seed = job
    nodes = [SimulatedNode("slow", slow(times)), SimulatedNode("fast")]
    return 100 * simulated(POLICIES[policy], nodes, load * PER_NODE, 5000, seed).share("fast")


def shares(seeds: int, workers: ProcessPoolExecutor) -> list[list[str]]:
    """Policies by how much slower the other node is and how loaded the fast one would be: the least over the seeds."""
    cases = [(times, load) for times in (2.0, 3.0, 10.0) for load in (0.2, 0.5, 0.9)]
    rows = [["policy", *(f"x{times:g} at {load:g}" for times, load in cases)]]
    for policy in POLICIES:
        found = workers.map(share, [(policy, *case, seed) for case in cases for seed in range(seeds)], chunksize=4)
        each = list(found)
        rows.append([policy, *(f"{min(each[n * seeds : (n + 1) * seeds]):.1f}" for n in range(len(cases)))])
    return rows


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two seeds of 10,000 queries, not five of 15,000")
    parser.add_argument("--markdown", action="store_true", help="tables for a document")
    chosen = parser.parse_args()
    seeds, queries = (2, 10_000) if chosen.quick else (5, 15_000)
    with ProcessPoolExecutor() as workers:
        for size, routers in POOLS:
            print(f"\n{size} nodes, one of them bad; routers: {routers}; {seeds} seeds of {queries:,} queries")
            print("p99 ms / errors % / picks of the bad node % (worst seed's p99, times the oracle's)\n")
            print(table(scenarios(size, routers, seeds, queries, workers), chosen.markdown))
        print(
            f"\ntwo nodes: the fast one's picks in %, least of {2 * seeds} seeds; how much slower the other is, load\n"
        )
        print(table(shares(2 * seeds, workers), chosen.markdown))


if __name__ == "__main__":
    main()
