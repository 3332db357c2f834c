"""What the pipeline costs a query, whether it keeps its deadline, and whether cancellations from outside get through.

Costs are CPU time, and ratios to six plain task round trips measured in the same rounds: the machine may be shared.
"""

from __future__ import annotations

import asyncio
import gc
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple

from bench.calibration import in_turns, median_of
from bench.figure import Bar, Figure, alone
from bench.pipeline_cost import NODES, RAW, RAW_THEN, cpu, pipeline, six_tasks
from runtime.orchestrator.node import Node
from runtime.orchestrator.pipeline import Pipeline
from runtime.orchestrator.query import Query
from runtime.orchestrator.selection import RoundRobin
from runtime.orchestrator.stage import STAGES, Stage
from tests.integration.test_orchestrator_chaos import Chaotic
from tests.integration.test_orchestrator_timeouts import TRIES, lost_cancellations, ours
from tests.orchestrator.virtual_time import run_virtually

ROOT = Path(__file__).parents[1]
BARE = 90.0 / RAW_THEN
A_SECOND = 8000.0  # queries a second of one core, at 1,000 in flight
LATE = 10.0  # milliseconds after its budget
PYTHONS = ("3.9", "3.11", "3.13")  # asyncio.wait_for lost cancellations before 3.12
CANCELLATIONS = "cancellations from outside that were lost, Python {}"


def figures(quick: bool) -> Iterator[Figure]:
    """Costs, deadline, cancellations."""
    yield from costs(3 if quick else 9, 1000 if quick else 5000)
    yield from lateness(1000 if quick else 10_000, 20)
    yield from cancellations()


def costs(rounds: int, queries: int) -> Iterator[Figure]:
    """CPU time a query, alone and with 1,000 in flight."""
    found = in_turns(
        {
            "raw": partial(cpu, six_tasks, queries),
            "alone": partial(cpu, pipeline(), queries),
            "raw at once": partial(cpu, six_tasks, max(queries, 2000), 1000),
            "at once": partial(cpu, pipeline(), max(queries, 2000), 1000),
        },
        rounds,
    )
    bare, together = found["alone"][0], found["at once"][0]
    n = rounds * queries
    yield Figure(
        f"six stages that do nothing: deadline, guard, choice of {NODES} nodes",
        bare,
        "µs of CPU a query",
        n,
        RAW,
        bare / found["raw"][0],
        Bar(BARE, of_ratio=True),
        median_of(found["alone"]),
        tuple(found["alone"]),
    )
    yield Figure(
        "the same, 1,000 in flight",
        1e6 / together,
        "queries a second of a core",
        n,
        f"{RAW}, as many in flight",
        together / found["raw at once"][0],
        Bar(A_SECOND, at_least=True),
        samples=tuple(1e6 / each for each in found["at once"]),
    )


class Ended(NamedTuple):
    """When a query should have ended at the latest, and when it did; seconds."""

    due: float
    at: float

    @property
    def late(self) -> float:
        """Milliseconds after its budget; negative before."""
        return 1e3 * (self.at - self.due)


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


def lateness(queries: int, at_once: int, budget: float = 0.05) -> Iterator[Figure]:
    """Queries whose nodes hang, fail, swallow cancellations and linger: how long after their budget the last ended."""
    bar = Bar(LATE, enough=10_000)
    what = f"{queries:,} queries with faults planted, budget {budget * 1e3:.0f} ms: the latest end after it"
    virtually = run_virtually(lambda _: _chaos(queries, at_once, budget, []))
    worst = max(ended.late for ended in virtually)
    yield Figure(f"{what}, in virtual time", worst, "ms", len(virtually), bar=bar)
    lags: list[Lag] = []
    gc.collect()
    gc.freeze()  # what was imported is not looked through again: a service does the same once it has started
    found = asyncio.run(_chaos(queries, at_once, budget, lags))
    still = 1e3 * max(lag.still for lag in lags)
    yield Figure(
        f"{what}, on this machine",
        max(ended.late for ended in found),
        "ms",
        len(found),
        bar=bar,
        note=f"kept from the CPU for {still:.0f} ms at worst",
        samples=tuple(ended.late for ended in found),
    )
    own = sum(ended.late > LATE and not _held_up(ended, lags) for ended in found)
    what = f"of them more than {LATE:.0f} ms late without having been kept from the CPU for as long"
    yield Figure(what, own, "", len(found), bar=Bar(0, enough=10_000))


def _held_up(ended: Ended, lags: Sequence[Lag]) -> bool:
    """Whether this process was kept from the CPU, while the query should have ended, for all that it was too late."""
    still = sum(max(0.0, lag.still) for lag in lags if lag.due <= ended.at and lag.at >= ended.due)
    return 1e3 * still >= ended.late - LATE


def cancellations() -> Iterator[Figure]:
    """On this Python, and on those of `PYTHONS` that `make matrix` has set up."""
    here = ".".join(platform.python_version_tuple()[:2])
    for version in dict.fromkeys((here, *PYTHONS)):
        python = ROOT / ".venvs" / version / "bin" / "python"
        what = CANCELLATIONS.format(version)
        if version == here:
            yield Figure(what, lost_cancellations(ours), "", TRIES, bar=Bar(0))
        elif python.exists():
            yield Figure(what, _lost_by(python), "", TRIES, bar=Bar(0))
        else:
            yield Figure(what, None, note=f"no .venvs/{version} here; `make matrix` makes those that it finds")


def _lost_by(python: Path) -> int:
    script = (
        "from tests.integration.test_orchestrator_timeouts import lost_cancellations, ours\n"
        "print(lost_cancellations(ours))"
    )
    done = subprocess.run([str(python), "-c", script], cwd=ROOT, check=True, stdout=subprocess.PIPE, encoding="utf-8")
    return int(done.stdout)


if __name__ == "__main__":
    sys.exit(alone(figures, __doc__))
