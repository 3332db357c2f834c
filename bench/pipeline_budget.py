"""The budget scenario: six stages whose times vary a lot, 250 ms, and six ways to share them out; in virtual time.

The study that set the bars kept its results and not its script. The distributions here were fitted to its six rows
(`BESIDE`): a lognormal a stage, and one call in 76 longer by an exponential factor. Shares are "within 250 ms" and
"critical stages done within the budget", in per cent.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple, Optional

from bench.figure import Bar, Figure, alone, number
from runtime.orchestrator.node import Node
from runtime.orchestrator.pipeline import Pipeline
from runtime.orchestrator.query import Query
from runtime.orchestrator.stage import STAGES, Done, Stage
from tests.orchestrator.fakes import Answering, Turns
from tests.orchestrator.virtual_time import VirtualLoop, run_virtually

BUDGET = 0.25
CRITICAL = ("memory", "thought", "action", "decision")
MEDIANS = (0.0199, 0.0096, 0.0727, 0.0208, 0.0154, 0.0083)
SIGMAS = (0.514, 0.502, 0.459, 0.695, 0.839, 0.587)
OUTLIERS, LONGER = 0.0131, 6.4
LEARNING = 500  # first queries, that are not counted

# What the study measured: within 250 ms, critical done.
BESIDE = {
    "no timeouts": (89.0, 89.0),
    "fixed 100 ms a stage": (97.2, 71.7),
    "fixed 250/6 ms a stage": (100.0, 7.2),
    "split by p99": (100.0, 46.2),
    "one outer deadline": (100.0, 91.2),
    "deadline propagation": (100.0, 91.1),
    "deadline propagation, hedged": (100.0, 93.0),
}


BARS = {"deadline propagation": 91.0, "deadline propagation, hedged": 93.0}


class Row(NamedTuple):
    """What became of the queries under one policy; shares in per cent, `longest` in seconds."""

    policy: str
    within: float
    critical: float
    all_done: float
    longest: float
    hedges: float


def duration(place: int, source: random.Random) -> float:
    """Seconds that one call of a stage takes."""
    seconds = source.lognormvariate(0.0, SIGMAS[place]) * MEDIANS[place]
    return seconds * (1 + LONGER * source.expovariate(1.0)) if source.random() < OUTLIERS else seconds


def fixed(policy: str, shares: Optional[Sequence[float]], queries: int, seed: int) -> Row:
    """A budget for each stage, whatever the others took; None for no budget at all, or one for the whole query."""
    source = random.Random(seed)
    outer = BUDGET if policy == "one outer deadline" else float("inf")
    within = critical = complete = 0
    longest = 0.0
    for _ in range(queries):
        spent, done = 0.0, set()
        for place, name in enumerate(STAGES):
            took = duration(place, source)
            share = min(shares[place] if shares else float("inf"), outer - spent)
            spent += min(took, share)
            if took <= share and spent <= BUDGET:
                done.add(name)
        within += spent <= BUDGET + 1e-9
        # Without a deadline there is no answer before the last stage.
        critical += done.issuperset(CRITICAL) and (spent <= BUDGET or shares is not None or outer < float("inf"))
        complete += len(done) == len(STAGES)
        longest = max(longest, spent)
    return Row(policy, 100 * within / queries, 100 * critical / queries, 100 * complete / queries, longest, 0.0)


def propagated(policy: str, queries: int, seed: int) -> Row:
    """The pipeline itself; two nodes a stage, a second attempt on critical stages where the policy says so."""
    hedged = policy.endswith("hedged")
    source = random.Random(seed)
    of = [Stage(name, name in CRITICAL, hedgeable=hedged and name in CRITICAL) for name in STAGES]
    nodes: dict[str, list[Node]] = {
        name: [
            Answering(name, name=f"{name}-{number}", each=partial(duration, place, source), concurrency=10**6)
            for number in (1, 2)
        ]
        for place, name in enumerate(STAGES)
    }

    async def main(loop: VirtualLoop) -> Row:
        selector = Turns(second=True)
        pipeline = Pipeline(of, nodes, selector, BUDGET, clock=loop.time)
        within = critical = complete = 0
        longest = 0.0
        for turn in range(queries + LEARNING):
            outcome = await pipeline.run(Query.of("?"))
            selector.told.clear()
            if turn < LEARNING:
                continue
            done = {ending.stage for ending in outcome.endings if isinstance(ending, Done)}
            within += outcome.seconds <= BUDGET + 0.010
            critical += done.issuperset(CRITICAL)
            complete += len(done) == len(STAGES)
            longest = max(longest, outcome.seconds)
        asked = sum(len(node.queries) for several in nodes.values() for node in several if isinstance(node, Answering))
        extra = (asked - selector.turn) / (queries + LEARNING)
        return Row(policy, 100 * within / queries, 100 * critical / queries, 100 * complete / queries, longest, extra)

    return run_virtually(main)


def rows(queries: int, seed: int = 1) -> Iterator[Row]:
    """Every policy on as many queries."""
    source = random.Random(seed + 1)
    tails = [sorted(duration(place, source) for _ in range(10_000))[9_899] for place in range(6)]
    yield fixed("no timeouts", None, queries, seed)
    yield fixed("fixed 100 ms a stage", [0.1] * 6, queries, seed)
    yield fixed("fixed 250/6 ms a stage", [BUDGET / 6] * 6, queries, seed)
    yield fixed("split by p99", [BUDGET * tail / sum(tails) for tail in tails], queries, seed)
    yield fixed("one outer deadline", None, queries, seed)
    yield propagated("deadline propagation", queries, seed)
    yield propagated("deadline propagation, hedged", queries, seed)


def figures(quick: bool) -> Iterator[Figure]:
    """The share of queries whose critical stages are done within the budget, under every policy."""
    queries = 2000 if quick else 20_000
    for row in rows(queries):
        said = f"within {BUDGET * 1e3:.0f} ms {number(row.within)} %, the longest {row.longest * 1e3:,.0f} ms"
        _, critical = BESIDE[row.policy]
        bar = Bar(BARS[row.policy], at_least=True, enough=20_000) if row.policy in BARS else None
        what = f"critical stages done, {row.policy}"
        yield Figure(what, row.critical, "%", queries, f"the study: {critical} %", bar=bar, note=said)


if __name__ == "__main__":
    sys.exit(alone(figures, __doc__))
