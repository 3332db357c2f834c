"""Stores that break, nodes that hang, threads that run out: a query ends as it should, and each plant is noticed."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, Callable, Optional

import pytest

from runtime.orchestrator.lag import watch_lag
from runtime.orchestrator.load import Load
from runtime.orchestrator.node import Node
from runtime.orchestrator.outcome import Outcome
from runtime.orchestrator.pipeline import Pipeline
from runtime.orchestrator.placement.in_thread import ThreadNode
from runtime.orchestrator.query import Query
from runtime.orchestrator.selection import ExpectedCompletion, RoundRobin
from runtime.orchestrator.stage import STAGES, Failed, Stage
from runtime.telemetry.events import LoopLagged, OrphansCounted
from tests.integration.seed_pipeline import SeedPipeline
from tests.orchestrator.fakes import Answering, Failing, Heard, SlowFinally, Swallowing, Turns, answering, stages

BUDGET = 0.1
LATE = 0.4  # what a busy machine may add


def build(
    nodes: Mapping[str, Sequence[Node]], of: Optional[Sequence[Stage]] = None, heard: Optional[Heard] = None
) -> Pipeline:
    """A pipeline as the service has it, with the selector that measures."""
    return Pipeline(of or stages(), nodes, ExpectedCompletion(Load(), Random(7)), BUDGET, heard or Heard())


async def ask(pipeline: Pipeline, times: int) -> list[Outcome]:
    return [await pipeline.run(Query.of("Where is the key?")) for _ in range(times)]


# Faults of every kind, at random


class Chaotic(Answering):
    """Does any of what a node can do wrong, or right; what, is drawn for each query."""

    def __init__(self, stage: str, random: Random) -> None:
        super().__init__(stage, concurrency=10**6)
        self._random = random
        self._ways: list[Answering] = [
            Answering(stage),
            Answering(stage, 0.002),
            Answering(stage, 3600),
            Swallowing(stage, 1.0),
            SlowFinally(stage, 1.0),
            Failing(stage, OSError("disk on fire")),
            Failing(stage, asyncio.TimeoutError(), 0.001),
            Failing(stage, asyncio.CancelledError(), 0.001),
        ]

    async def handle(self, query: Query) -> Query:
        way = self._random.choices(self._ways, [60, 20, 4, 4, 4, 4, 2, 2])[0]
        way.queries.clear()  # or a long run is about the garbage collector
        return await way.handle(query)


async def overshoots(run: Callable[[Query], Any], times: int) -> list[float]:
    async def one() -> float:
        began = time.monotonic()
        await asyncio.wait([asyncio.ensure_future(run(Query.of("?")))])  # a cancellation may come out of it
        return time.monotonic() - began - BUDGET

    return list(await asyncio.gather(*[one() for _ in range(times)]))


def test_whatever_the_nodes_do_every_query_ends_in_time_with_every_stage_accounted_for() -> None:
    random = Random(11)
    heard = Heard()
    outcomes: list[Outcome] = []

    async def main() -> list[float]:
        pipeline = build({name: [Chaotic(name, random)] for name in STAGES}, heard=heard)

        async def run(query: Query) -> None:
            outcomes.append(await pipeline.run(query))

        found = await overshoots(run, 100)
        while pipeline.orphans:
            await asyncio.sleep(0.01)
        return found

    assert max(asyncio.run(main())) <= LATE
    assert [[ending.stage for ending in outcome.endings] for outcome in outcomes] == [list(STAGES)] * 100
    kinds = {ending.name for outcome in outcomes for ending in outcome.endings}
    assert kinds == {"done", "timed_out", "failed", "skipped", "abandoned"}


def test_a_pipeline_that_waits_for_what_does_not_stop_is_noticed() -> None:
    async def main() -> list[float]:
        random = Random(11)
        seed = SeedPipeline(stages(), {name: [Chaotic(name, random)] for name in STAGES}, BUDGET)
        return await overshoots(seed.run, 100)

    assert max(asyncio.run(main())) > LATE


# The store


class Store:
    """A real SQLite file with one row."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("create table record (text)")
            connection.execute("insert into record values ('in the drawer')")

    def vanish(self) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute("drop table record")


class Recalling:
    """Reads the store; `midway` happens between opening it and reading it."""

    stage = "memory"
    concurrency = 4

    def __init__(self, store: Store, name: str, midway: Callable[[], None] = lambda: None) -> None:
        self.name = name
        self._store = store
        self._midway = midway

    async def handle(self, query: Query) -> Query:
        with closing(sqlite3.connect(self._store.path)) as connection:
            connection.execute("select 1")
            self._midway()
            await asyncio.sleep(0)
            found = connection.execute("select text from record").fetchone()
        return query.with_finding("memory", found[0])


def test_a_store_that_goes_mid_query_fails_its_stage_and_nothing_else(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.db")
    nodes = answering(memory=[Recalling(store, "memory-1", store.vanish)])
    outcome = asyncio.run(ask(build(nodes, stages(critical=("thought",))), 1))[0]

    assert outcome.name == "degraded"
    ending = outcome.endings[0]
    assert isinstance(ending, Failed)
    assert isinstance(ending.error, sqlite3.OperationalError)
    assert list(outcome.query.found) == list(STAGES[1:])


def test_where_memory_is_critical_a_store_that_goes_is_a_typed_failure(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.db")
    outcome = asyncio.run(ask(build(answering(memory=[Recalling(store, "memory-1", store.vanish)])), 1))[0]

    assert outcome.name == "failed"
    assert [ending.name for ending in outcome.endings] == ["failed"] + ["skipped"] * 5


def share_answered(selector: Any, tmp_path: Path) -> float:
    broken, whole = Store(tmp_path / "broken.db"), Store(tmp_path / "whole.db")
    broken.vanish()
    nodes = answering(memory=[Recalling(broken, "broken"), Recalling(whole, "whole")])
    of = stages(hedgeable=("memory",))

    outcomes = asyncio.run(ask(Pipeline(of, nodes, selector, BUDGET), 60))
    return sum(outcome.name == "answered" for outcome in outcomes) / len(outcomes)


def test_where_one_of_two_stores_fails_the_other_answers(tmp_path: Path) -> None:
    assert share_answered(ExpectedCompletion(Load(), Random(7)), tmp_path) >= 0.9


def test_a_choice_that_learns_nothing_from_failures_is_noticed(tmp_path: Path) -> None:
    assert share_answered(RoundRobin(), tmp_path) < 0.9


# Nodes that are slow, and nodes that do not stop


def share_of_the_fast(selector: Any) -> float:
    fast, slow = Answering("thought", 0.001, "fast"), Answering("thought", 0.02, "slow")

    async def main() -> None:
        pipeline = Pipeline(stages(), answering(thought=[slow, fast]), selector, BUDGET)
        for _ in range(20):
            await asyncio.gather(*[pipeline.run(Query.of("?")) for _ in range(3)])

    asyncio.run(main())
    return len(fast.queries) / (len(fast.queries) + len(slow.queries))


def test_a_slow_node_is_hardly_asked() -> None:
    assert share_of_the_fast(ExpectedCompletion(Load(), Random(7))) >= 0.8


def test_a_choice_that_does_not_mind_slowness_is_noticed() -> None:
    assert share_of_the_fast(RoundRobin()) < 0.8


def most_orphans(concurrency: int) -> tuple[int, list[str]]:
    """Of a node that never stops and declares `concurrency`, asked forty times; and how the last queries ended."""
    heard = Heard()

    async def main() -> list[Outcome]:
        stuck = Swallowing("attention", 1.0, concurrency=concurrency)
        pipeline = build(answering(attention=[stuck]), stages(attention=0.001), heard)
        return await ask(pipeline, 40)

    outcomes = asyncio.run(main())
    return max(event.orphans for event in heard.of(OrphansCounted)), [end.endings[1].name for end in outcomes[-3:]]


def test_a_node_that_swallows_cancellations_holds_no_more_work_than_it_declares_and_the_rest_goes_on() -> None:
    assert most_orphans(concurrency=3) == (3, ["skipped"] * 3)


def test_abandoned_work_without_a_bound_is_noticed() -> None:
    orphans, _ = most_orphans(concurrency=10**6)

    assert orphans > 3


# Threads


class Blocking:
    """A plain function that blocks until it is let go."""

    stage = "action"
    name = "blocking"
    concurrency = 2

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def handle(self, query: Query) -> Query:
        self.let_go.wait(1)
        return query


def test_when_the_threads_of_a_node_have_run_out_queries_still_end_in_time_and_the_loop_is_not_held_up() -> None:
    node = Blocking()
    heard = Heard()

    async def main() -> tuple[list[Outcome], list[Outcome], float]:
        placed = ThreadNode(node, observe=heard)
        watching = asyncio.ensure_future(watch_lag(heard, every=0.01, tolerated=LATE))
        pipeline = build(answering(action=[placed]), stages(action=0.01))
        began = time.monotonic()
        without = await ask(pipeline, 4)
        seconds = time.monotonic() - began
        node.let_go.set()
        while placed.leftovers:
            await asyncio.sleep(0.005)
        healed = await ask(Pipeline(stages(), answering(action=[placed]), Turns()), 1)
        watching.cancel()
        assert await placed.close() == 0
        return without, healed, seconds

    without, healed, seconds = asyncio.run(main())

    assert [outcome.name for outcome in without] == ["degraded"] * 4
    assert [outcome.name for outcome in healed] == ["answered"]
    assert seconds <= 4 * (BUDGET + LATE)
    assert heard.of(LoopLagged) == []
    assert max(event.orphans for event in heard.of(OrphansCounted)) == 2


def test_a_blocking_node_on_the_loop_itself_is_noticed() -> None:
    node = Blocking()
    heard = Heard()

    class OnTheLoop(Answering):
        async def handle(self, query: Query) -> Query:
            node.let_go.wait(1.5 * LATE)
            return query

    async def main() -> None:
        watching = asyncio.ensure_future(watch_lag(heard, every=0.01, tolerated=LATE))
        await asyncio.sleep(0.02)
        await ask(build(answering(action=[OnTheLoop("action")])), 1)
        await asyncio.sleep(0.02)
        watching.cancel()

    asyncio.run(main())

    assert len(heard.of(LoopLagged)) == 1


@pytest.mark.parametrize("stage", STAGES)
def test_no_fault_of_any_stage_comes_out_as_an_exception(stage: str) -> None:
    outcome = asyncio.run(ask(build(answering(**{stage: [Failing(stage, RecursionError())]})), 1))[0]

    assert outcome.name in ("degraded", "failed")
