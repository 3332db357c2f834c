"""What the pipeline costs a query, whether it keeps its deadline, and what its shares of the time are worth.

Costs are CPU time, and ratios to six plain task round trips measured in the same rounds: the machine may be shared.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import platform
import statistics
import time
from collections.abc import Sequence
from random import Random
from typing import Any, Callable, NamedTuple, Optional

from bench.pipeline_budget import BESIDE, BUDGET, rows
from bench.pipeline_peers import Ask, peers
from runtime.orchestrator.load import Load
from runtime.orchestrator.node import Node
from runtime.orchestrator.pipeline import Pipeline
from runtime.orchestrator.query import Query
from runtime.orchestrator.selection import ExpectedCompletion, RoundRobin
from runtime.orchestrator.stage import STAGES, Stage
from tests.integration.test_orchestrator_chaos import Chaotic
from tests.integration.test_orchestrator_timeouts import TRIES, lost_cancellations, ours
from tests.orchestrator.virtual_time import run_virtually

RAW = "six plain task round trips"
STUDY_RAW = 6 * 3.5  # microseconds: what the study says they cost on its machine
BARS = {"bare": 90.0, "queries/s a core": 8000.0, "overshoot": 0.010, "critical": 91.0, "hedged": 93.0}


class Idle:
    """A node that does nothing; suspends once where it is told to."""

    def __init__(self, stage: str, number: int, suspends: bool) -> None:
        self.stage = stage
        self.name = f"{stage}-{number}"
        self.concurrency = 2000
        self._suspends = suspends

    async def handle(self, query: Query) -> Query:
        """The query as it came."""
        if self._suspends:
            await asyncio.sleep(0)
        return query


class Subject(NamedTuple):
    """What is measured, and what one query of it is."""

    name: str
    ask: Ask


def pipeline(selector: Any, nodes: int = 1, suspends: bool = False) -> Ask:
    """One query through six stages."""
    of = [Stage(name, name in ("memory", "thought", "decision")) for name in STAGES]
    serving: dict[str, list[Node]] = {
        name: [Idle(name, number, suspends) for number in range(nodes)] for name in STAGES
    }
    line = Pipeline(of, serving, selector)
    query = Query.of("Where is the key?")
    return lambda: line.run(query)


async def _nothing() -> None:
    return None


async def _six_tasks() -> None:
    loop = asyncio.get_running_loop()
    for _ in range(6):
        await loop.create_task(_nothing())


def subjects() -> list[Subject]:
    """Ours, with a selector that only takes turns and with the one that measures."""
    return [
        Subject("pipeline, turns", pipeline(RoundRobin())),
        Subject("pipeline, measured choice of 1 node", pipeline(ExpectedCompletion(Load(), Random(1)))),
        Subject("pipeline, measured choice of 3 nodes", pipeline(ExpectedCompletion(Load(), Random(1)), 3)),
        Subject("pipeline, 3 nodes, each stage suspends", pipeline(ExpectedCompletion(Load(), Random(1)), 3, True)),
    ]


async def _times(ask: Ask, times: int) -> None:
    for _ in range(times):
        await ask()


def cpu(ask: Ask, queries: int, at_once: int) -> float:
    """Microseconds of CPU a query, with `at_once` in flight."""

    async def main() -> float:
        each = max(1, queries // at_once)
        await _times(ask, 3)
        gc.collect()
        began = time.process_time()
        await asyncio.gather(*[_times(ask, each) for _ in range(at_once)])
        return 1e6 * (time.process_time() - began) / (each * at_once)

    return asyncio.run(main())


def overheads(rounds: int, queries: int) -> None:
    """A table of CPU time a query, at 1, 100 and 1000 in flight."""
    others, missing = peers()
    slow = [Subject(name, ask) for name, ask in others]
    print(f"\nCPU us a query, six stages that do nothing; min / median of {rounds}; in brackets: times {RAW}")
    print(f"{'':42}" + "".join(f"{f'{at_once} in flight':>28}" for at_once in (1, 100, 1000)))
    base: dict[int, float] = {}
    for subject in [Subject(RAW, _six_tasks), *subjects(), *slow]:
        cells = []
        for at_once in (1, 100, 1000):
            number = max(queries // (20 if subject in slow else 1), 2 * at_once)
            found = sorted(cpu(subject.ask, number, at_once) for _ in range(2 if subject in slow else rounds))
            base.setdefault(at_once, found[0])
            cells.append(f"{found[0]:.1f} / {statistics.median(found):.1f} ({found[0] / base[at_once]:.2f})")
        print(f"{subject.name:42}" + "".join(f"{cell:>28}" for cell in cells))
    for name in missing:
        print(f"{name:42}   not installed here")
    least, at_1000 = BARS["queries/s a core"], 1e6 / BARS["queries/s a core"]
    bare = f"{BARS['bare']:.0f} us where the six round trips cost {STUDY_RAW:.0f}"
    print(f"bar: {bare}: {BARS['bare'] / STUDY_RAW:.2f} times;")
    print(f"     {least:.0f} queries/s a core, so {at_1000:.0f} us, at 1000 in flight")


class Ended(NamedTuple):
    """When a query should have ended at the latest, and when it did; seconds."""

    due: float
    at: float


class Lag(NamedTuple):
    """A timer: when it was due, when it came, and how long this process stood still meanwhile, without CPU; seconds."""

    due: float
    at: float
    still: float


async def _chaos(queries: int, at_once: int, budget: float, lags: list[Lag]) -> list[Ended]:
    loop = asyncio.get_running_loop()
    random = Random(5)
    nodes: dict[str, list[Node]] = {name: [Chaotic(name, random)] for name in STAGES}
    of = [Stage(name, name in ("memory", "thought", "decision")) for name in STAGES]
    line = Pipeline(of, nodes, RoundRobin(), budget, clock=loop.time)
    found: list[Ended] = []

    async def ask() -> None:
        for _ in range(queries // at_once):
            due = loop.time() + budget
            await line.run(Query.of("?"))
            found.append(Ended(due, loop.time()))

    async def watch() -> None:
        while True:
            due, worked = loop.time() + 0.001, time.thread_time()
            await asyncio.sleep(0.001)
            now = loop.time()
            lags.append(Lag(due, now, now - due - (time.thread_time() - worked)))

    watching = asyncio.ensure_future(watch())
    await asyncio.gather(*[ask() for _ in range(at_once)])
    watching.cancel()
    return found


def overshoot(queries: int, at_once: int, budget: float = 0.05) -> None:
    """Queries whose nodes hang, fail, swallow cancellations and linger; how long after their budget they end."""
    print(
        f"\n{queries} fault-injected queries, {at_once} in flight, budget {budget * 1e3:.0f} ms (bar: none 10 ms later)"
    )
    _say_late("virtual time", run_virtually(lambda _: _chaos(queries, at_once, budget, [])), [])
    lags: list[Lag] = []
    gc.collect()
    gc.freeze()  # what was imported is not looked through again: a service does the same once it has started
    _say_late("this machine", asyncio.run(_chaos(queries, at_once, budget, lags)), lags)


def _say_late(clock: str, found: Sequence[Ended], lags: Sequence[Lag]) -> None:
    late = [ended for ended in found if ended.at - ended.due > BARS["overshoot"]]
    worst = max(ended.at - ended.due for ended in found)
    ours = sum(not _held_up(ended, lags) for ended in late)
    held = max((lag.still for lag in lags), default=0.0)
    print(
        f"{clock}: {len(found)} ended, the last {worst * 1e3:.1f} ms after its budget; later than 10 ms: {len(late)},"
    )
    print(f"    {ours} of them without having been kept from the CPU for as long (at worst {held * 1e3:.0f} ms)")


def _held_up(ended: Ended, lags: Sequence[Lag]) -> bool:
    """Whether this process was kept from the CPU, while the query should have ended, for all that it was too late."""
    still = sum(max(0.0, lag.still) for lag in lags if lag.due <= ended.at and lag.at >= ended.due)
    return still >= ended.at - ended.due - BARS["overshoot"]


def scenario(queries: int) -> None:
    """The budget scenario of the study, in virtual time."""
    print(
        f"\nBudget scenario, {queries} queries each, {BUDGET * 1000:.0f} ms, virtual time (study's figures in brackets)"
    )
    print(f"{'':34}{'within %':>16}{'critical done %':>22}{'all done %':>12}{'longest ms':>12}{'hedges':>8}")
    for row in rows(queries):
        within, critical = BESIDE[row.policy]
        shown = f"{row.within:.1f} ({within})", f"{row.critical:.1f} ({critical})", f"{row.all_done:.1f}"
        print(f"{row.policy:34}{shown[0]:>16}{shown[1]:>22}{shown[2]:>12}{row.longest * 1e3:>12.0f}{row.hedges:>8.2f}")
    print(f"bar: critical stages done in {BARS['critical']} %, hedged in {BARS['hedged']} %")


def main(words: Optional[Sequence[str]] = None) -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(prog="bench/pipeline.py", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a first look, a tenth of the queries")
    quick = parser.parse_args(words).quick
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    parts: list[Callable[[], Any]] = [
        lambda: overheads(3 if quick else 7, 1000 if quick else 5000),
        lambda: overshoot(1000 if quick else 10_000, 20),
        lambda: print(f"\nlost of {TRIES} cancellations from outside: {lost_cancellations(ours)} (bar 0)"),
        lambda: scenario(2000 if quick else 20_000),
    ]
    for part in parts:
        part()


if __name__ == "__main__":
    main()
