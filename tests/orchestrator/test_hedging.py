"""A second attempt: made late, rarely, to a node that is as good; who answers first is believed, the other stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Optional

import pytest

from runtime.orchestrator.hedging import HedgeBudget
from runtime.orchestrator.node import Node
from runtime.orchestrator.outcome import Outcome
from runtime.orchestrator.pipeline import Pipeline
from runtime.orchestrator.query import Query
from runtime.orchestrator.stage import Done, Stage
from runtime.telemetry.events import StageFinished
from tests.orchestrator.fakes import Answering, Failing, FirstOf, Heard, Swallowing
from tests.orchestrator.virtual_time import VirtualLoop, run_virtually

QUESTION = Query.of("Where is the key?")


class Slowing(Answering):
    """Quick for its first sixteen queries, by which it gets known, then slow."""

    async def handle(self, query: Query) -> Query:
        await asyncio.sleep(0.01 if len(self.queries) < 16 else 3600)
        return await super().handle(query)


class Knows(FirstOf):
    def __init__(self) -> None:
        super().__init__(second=True)


def asked(
    nodes: Sequence[Node],
    times: int,
    heard: Optional[Heard] = None,
    share: float = 0.05,
    selector: Optional[FirstOf] = None,
) -> list[Outcome]:
    async def main(loop: VirtualLoop) -> list[Outcome]:
        stage = Stage("memory", True, hedgeable=True)
        line = Pipeline(
            [stage], {"memory": nodes}, selector or Knows(), 0.25, heard or Heard(), loop.time, hedges=share
        )
        return [await line.run(QUESTION) for _ in range(times)]

    return run_virtually(main)


def test_a_node_that_is_late_is_asked_for_by_a_second_one_which_answers() -> None:
    heard, selector = Heard(), Knows()
    outcome = asked([Slowing("memory", name="slow"), Answering("memory", 0.01, "other")], 17, heard, selector=selector)[
        -1
    ]

    ending = outcome.endings[0]
    assert isinstance(ending, Done)
    assert (ending.node, ending.attempt) == ("other", 2)
    assert outcome.seconds == pytest.approx(0.02)
    lost, won = heard.of(StageFinished)[-1], heard.of(StageFinished)[-2]
    assert {(event.node, event.ending, event.hedged) for event in (lost, won)} == {
        ("slow", "skipped", False),
        ("other", "done", True),
    }
    assert set(selector.in_flight.values()) == {0}


def test_the_first_may_still_answer_and_the_second_is_stopped() -> None:
    slow = Answering("memory", name="slow", each=iter([0.01] * 16 + [0.015]).__next__)
    other = Answering("memory", 3600, "other")
    ending = asked([slow, other], 17)[-1].endings[0]

    assert (ending.node, ending.attempt, len(other.queries)) == ("slow", 1, 1)


def test_a_stage_that_is_not_marked_is_asked_for_once() -> None:
    other = Answering("memory", 0.01, "other")

    async def main(loop: VirtualLoop) -> None:
        line = Pipeline(
            [Stage("memory", True)], {"memory": [Slowing("memory", name="slow"), other]}, Knows(), clock=loop.time
        )
        for _ in range(20):
            await line.run(QUESTION)

    run_virtually(main)

    assert other.queries == []


def test_no_second_attempt_is_made_where_no_other_node_is_as_good() -> None:
    other = Answering("memory", 0.01, "other")
    asked([Slowing("memory", name="slow"), other], 20, selector=FirstOf())

    assert other.queries == []


def test_second_attempts_are_at_most_the_share_that_is_allowed() -> None:
    other = Answering("memory", 0.001, "other")
    slow = Answering("memory", name="slow", each=iter([0.01] * 16 + [0.1] * 984).__next__)
    asked([slow, other], 1000)

    assert 40 <= len(other.queries) <= 51


def test_a_node_that_fails_is_followed_by_a_second_one_while_the_share_lasts() -> None:
    nodes = [Failing("memory", ConnectionError("worker gone"), name="dead"), Answering("memory", name="other")]
    outcomes = asked(nodes, 2)

    assert [outcome.name for outcome in outcomes] == ["answered", "failed"]


def test_where_both_fail_the_stage_has_failed() -> None:
    nodes = [Failing("memory", ConnectionError(), name="a"), Failing("memory", ValueError(), 0.01, name="b")]
    ending = asked(nodes, 1)[0].endings[0]

    assert (ending.name, ending.node) == ("failed", "b")


def test_where_both_hang_the_stage_is_late_and_both_are_counted() -> None:
    selector = Knows()
    nodes = [Slowing("memory", name="a"), Swallowing("memory", 3.0, name="b")]
    outcome = asked(nodes, 17, selector=selector)[-1]

    assert outcome.endings[0].name == "abandoned"
    assert selector.told[-2:] == [("a", "timed_out"), ("b", "abandoned")]
    assert outcome.seconds == pytest.approx(0.252)


def test_a_loser_that_does_not_stop_is_counted() -> None:
    async def main(loop: VirtualLoop) -> int:
        slow = Swallowing("memory", name="slow", each=iter([0.01] * 16 + [1.0]).__next__)
        nodes = {"memory": [slow, Answering("memory", 0.001, "other")]}
        line = Pipeline([Stage("memory", True, hedgeable=True)], nodes, Knows(), clock=loop.time)
        for _ in range(17):
            await line.run(QUESTION)
        await asyncio.sleep(0.01)
        return line.orphans

    assert run_virtually(main) == 1


def test_a_hedge_budget_of_nothing_allows_nothing() -> None:
    budget = HedgeBudget(0.0)
    budget.earn()

    assert not budget.left()


def test_what_is_saved_for_a_bad_hour_is_bounded() -> None:
    budget = HedgeBudget(0.5, most=3)
    for _ in range(1000):
        budget.earn()
    spent = 0
    while budget.left():
        budget.spend()
        spent += 1

    assert spent == 3


def test_a_second_attempt_that_comes_too_late_to_begin_leaves_its_stage_late() -> None:
    other = Answering("memory", name="other")

    class Held(Knows):
        def alternative(self, nodes: Sequence[Node], first: Node) -> Optional[Node]:
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualLoop)
            loop.block(1.0)
            return super().alternative(nodes, first)

    ending = asked([Failing("memory", ConnectionError(), name="dead"), other], 1, selector=Held())[0].endings[0]

    assert (ending.name, other.queries) == ("timed_out", [])


def test_cancelling_a_query_stops_both_of_its_attempts() -> None:
    selector = Knows()

    async def main(loop: VirtualLoop) -> int:
        nodes = {"memory": [Slowing("memory", name="a"), Swallowing("memory", 1.0, "b")]}
        line = Pipeline([Stage("memory", True, hedgeable=True)], nodes, selector, clock=loop.time)
        for _ in range(16):
            await line.run(QUESTION)
        task = loop.create_task(line.run(QUESTION))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(0.01)
        assert task.cancelled()
        return line.orphans

    assert run_virtually(main) == 1
    assert selector.told[-2:] == [("a", "skipped"), ("b", "skipped")]
