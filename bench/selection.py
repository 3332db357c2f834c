"""How well nodes are chosen, beside other policies and an oracle, and what a choice costs: `python -m bench.selection`.

The table is made in virtual time, so it is the same on every machine; the cost is CPU time, as a ratio to a round trip
of a plain asyncio task in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from random import Random
from statistics import mean, median
from typing import Callable, NamedTuple

from runtime.orchestrator.choosing import Selector
from runtime.orchestrator.load import Load
from runtime.orchestrator.node import Node
from runtime.orchestrator.selection import ExpectedCompletion, RoundRobin
from tests.selection.fakes import done, named
from tests.selection.policies import POLICIES, simulated
from tests.selection.pools import BAD, PER_NODE, run
from tests.selection.simulator import SCENARIOS, SimulatedNode, slow

POOLS = ((10, 1), (10, 20), (2, 1))
ORACLE = "oracle"
OURS = "expected completion"


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
    """Policies by scenarios: p99, errors, picks of the bad node; for ours, the ratio to the oracle."""
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


def task_round_trip(times: int) -> float:
    """CPU seconds of creating a task and awaiting it."""

    async def nothing() -> None:
        pass

    async def loop() -> float:
        began = time.process_time()
        for _ in range(times):
            await asyncio.create_task(nothing())
        return (time.process_time() - began) / times

    return asyncio.run(loop())


def choice(selector: Selector, nodes: Sequence[Node], times: int) -> float:
    """CPU seconds of choose, begun and ended together."""
    ending = done()
    began = time.process_time()
    for _ in range(times):
        node = selector.choose(nodes)
        selector.begun(node)
        selector.ended(node, ending)
    return (time.process_time() - began) / times


def costs(rounds: int, times: int) -> list[list[str]]:
    """What a choice costs, by the number of nodes; the rounds are interleaved with those of the calibration."""
    cases: dict[str, Callable[[], float]] = {"task round trip": lambda: task_round_trip(times)}
    for size in (1, 2, 10, 100):
        nodes = named(size)
        ours, turns = ExpectedCompletion(Load(), Random(0)), RoundRobin()
        cases[f"expected completion, {size} nodes"] = lambda s=ours, n=nodes: choice(s, n, times)  # type: ignore[misc]
        cases[f"round robin, {size} nodes"] = lambda s=turns, n=nodes: choice(s, n, times)  # type: ignore[misc]
    found: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, measure in cases.items():
            found[name].append(1e6 * measure())
    unit = min(found["task round trip"])
    rows = [["choose + begun + ended", "n", "min us", "median us", "x task round trip"]]
    for name, micros in found.items():
        best, middle = min(micros), median(micros)
        rows.append([name, f"{rounds} x {times}", f"{best:.2f}", f"{middle:.2f}", f"{best / unit:.2f}"])
    return rows


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(prog="python -m bench.selection", description=__doc__)
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
    print("\nCPU time\n")
    print(table(costs(5 if chosen.quick else 15, 10_000), chosen.markdown))


if __name__ == "__main__":
    main()
