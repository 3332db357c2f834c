"""A node that refused has begun nothing: whatever the stage does, another one is asked, and the work is done once."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Optional

import pytest

from runtime.orchestrator.choosing import Selector
from runtime.orchestrator.load import Load
from runtime.orchestrator.node import Node, NotBegun
from runtime.orchestrator.outcome import Outcome
from runtime.orchestrator.pipeline import Pipeline
from runtime.orchestrator.placement import NodeBusy, NodeLost, NodeUnreachable, OutOfTime
from runtime.orchestrator.query import Query
from runtime.orchestrator.selection import ExpectedCompletion, RoundRobin
from runtime.orchestrator.stage import Done, Failed, Stage
from runtime.telemetry.events import NodeEjected, StageFinished
from tests.orchestrator.fakes import Answering, Failing, FirstOf, Heard
from tests.orchestrator.virtual_time import VirtualLoop, run_virtually

BUDGET = 0.25


def asked(
    nodes: Sequence[Node],
    selector: Optional[Selector] = None,
    heard: Optional[Heard] = None,
    hedgeable: bool = False,
    hedges: float = 0.0,
) -> Outcome:
    async def main(loop: VirtualLoop) -> Outcome:
        stage = Stage("action", critical=True, hedgeable=hedgeable)
        line = Pipeline(
            [stage], {"action": nodes}, selector or FirstOf(), BUDGET, heard or Heard(), loop.time, hedges=hedges
        )
        return await line.run(Query.of("Do it."))

    return run_virtually(main)


def refusing(name: str, error: Optional[NotBegun] = None, seconds: float = 0.0) -> Failing:
    return Failing("action", error or NodeBusy("all its places are taken"), seconds, name)


@pytest.mark.parametrize("error", [NodeBusy("full"), NodeUnreachable("no worker"), NotBegun("not today")])
@pytest.mark.parametrize("selector", [FirstOf(), RoundRobin(), ExpectedCompletion(Load(), Random(1))])
def test_a_stage_that_must_not_be_done_twice_is_done_by_another_node_when_one_refused(
    error: NotBegun, selector: Selector
) -> None:
    others = [Answering("action", name="second"), Answering("action", name="third")]

    outcome = asked([refusing("first", error), *others], selector)

    assert outcome.name == "answered"
    assert sum(len(node.queries) for node in others) == 1


@pytest.mark.parametrize("error", [NodeLost("it died"), OutOfTime("over"), ConnectionError("broken"), ValueError()])
def test_a_node_that_may_have_begun_is_followed_by_none(error: Exception) -> None:
    other = Answering("action", name="other")

    outcome = asked([Failing("action", error, name="first"), other])

    assert (outcome.name, other.queries) == ("failed", [])


def test_a_node_that_is_asked_after_a_refusal_and_fails_is_followed_by_none() -> None:
    third = Answering("action", name="third")

    outcome = asked([refusing("first"), Failing("action", NodeLost("it died"), name="second"), third])

    (ending,) = outcome.endings
    assert isinstance(ending, Failed)
    assert (ending.node, ending.attempt, third.queries) == ("second", 2, [])


def test_each_node_is_asked_once_and_the_stage_fails_when_all_have_refused() -> None:
    nodes = [refusing("first"), refusing("second"), refusing("third", NodeUnreachable("no worker"))]

    outcome = asked(nodes)

    (ending,) = outcome.endings
    assert isinstance(ending, Failed)
    assert isinstance(ending.error, NodeUnreachable)
    assert [len(node.queries) for node in nodes] == [1, 1, 1]


def test_who_is_asked_instead_gets_what_is_left_of_the_stages_budget() -> None:
    other = Answering("action", name="other")

    asked([refusing("first", seconds=0.1), other])

    assert other.queries[0].remaining == pytest.approx(BUDGET - 0.1)


def test_a_refusal_that_comes_when_the_time_is_over_leaves_the_stage_late() -> None:
    other = Answering("action", name="other")

    outcome = asked([refusing("first", seconds=BUDGET), other])

    assert (outcome.endings[0].name, other.queries) == ("timed_out", [])


def test_a_refusal_is_heard_of_as_an_attempt_and_what_follows_it_is_no_hedge() -> None:
    heard, selector = Heard(), FirstOf()

    ending = asked([refusing("first"), Answering("action", name="other")], selector, heard).endings[0]

    assert isinstance(ending, Done)
    assert [(event.node, event.ending, event.attempt, event.hedged) for event in heard.of(StageFinished)] == [
        ("first", "failed", 1, False),
        ("other", "done", 2, False),
    ]
    assert selector.in_flight == {"first": 0, "other": 0}


def test_a_refusal_costs_nothing_of_what_is_saved_for_hedges() -> None:
    heard = Heard()
    nodes = [
        refusing("first"),
        Failing("action", ConnectionError(), name="second"),
        Answering("action", name="third"),
    ]

    outcome = asked(nodes, FirstOf(second=True), heard, hedgeable=True, hedges=0.0)

    assert outcome.name == "failed"
    assert [event.hedged for event in heard.of(StageFinished)] == [False, False]


class Noting(FirstOf):
    """Keeps among whom it was to choose."""

    def __init__(self) -> None:
        super().__init__()
        self.choices: list[tuple[list[str], list[str]]] = []

    def choose(self, nodes: Sequence[Node], refused: Sequence[Node] = ()) -> Node:
        self.choices.append(([node.name for node in nodes], [node.name for node in refused]))
        return super().choose(nodes, refused)


def test_who_follows_a_refusal_is_chosen_from_all_nodes_less_those_that_refused() -> None:
    selector, names = Noting(), ["first", "second", "third"]

    asked([refusing("first"), refusing("second"), Answering("action", name="third")], selector)

    assert selector.choices == [(names, []), (names, ["first"]), (names, ["first", "second"])]


def test_refusals_never_leave_a_node_out() -> None:
    heard = Heard()
    load = Load(observe=heard)
    selector = ExpectedCompletion(load, Random(1))
    nodes: list[Node] = [refusing("first"), Answering("action", name="second"), Answering("action", name="third")]

    outcomes = [asked(nodes, selector).name for _ in range(20)]

    assert outcomes == ["answered"] * 20
    assert heard.of(NodeEjected) == []
