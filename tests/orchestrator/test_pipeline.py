"""Every way a stage can end, and what becomes of the query; in virtual time, so that each is exact."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import pytest

from runtime.errors import ConfigurationFault, QueryRefused
from runtime.orchestrator.node import Node
from runtime.orchestrator.outcome import Answered, Degraded, Outcome, Unanswered
from runtime.orchestrator.passage import Passage
from runtime.orchestrator.pipeline import Pipeline
from runtime.orchestrator.query import Query
from runtime.orchestrator.stage import STAGES, Abandoned, Done, Failed, Skipped, Stage, TimedOut
from runtime.telemetry.events import (
    Event,
    OrphansCounted,
    QueryFinished,
    QueryStarted,
    StageFinished,
    StageStarted,
)
from tests.orchestrator.fakes import (
    Answering,
    Failing,
    FirstOf,
    Heard,
    SlowFinally,
    Swallowing,
    Turns,
    answering,
    stages,
)
from tests.orchestrator.virtual_time import VirtualLoop, run_virtually

QUESTION = Query.of("Where is the key?")


def pipeline(
    loop: asyncio.AbstractEventLoop,
    nodes: Mapping[str, Sequence[Node]],
    heard: Optional[Heard] = None,
    selector: Optional[Turns] = None,
    of: Optional[Sequence[Stage]] = None,
) -> Pipeline:
    observe = heard or Heard()
    return Pipeline(of or stages(), nodes, selector or Turns(), 0.25, observe, loop.time, lambda: 0)


def ask(
    nodes: Mapping[str, Sequence[Node]], heard: Optional[Heard] = None, of: Optional[Sequence[Stage]] = None
) -> Outcome:
    return run_virtually(lambda loop: pipeline(loop, nodes, heard, of=of).run(QUESTION))


def names(outcome: Outcome) -> list[str]:
    return [ending.name for ending in outcome.endings]


def test_a_query_goes_through_the_stages_in_order_and_brings_back_what_each_found() -> None:
    outcome = ask(answering())

    assert isinstance(outcome, Answered)
    assert [ending.stage for ending in outcome.endings] == list(STAGES)
    assert list(outcome.query.found) == list(STAGES)
    assert outcome.query.id == QUESTION.id


def test_a_stage_that_fails_and_is_not_critical_is_left_out() -> None:
    outcome = ask(answering(attention=[Failing("attention", ValueError("no eyes"))]))

    assert isinstance(outcome, Degraded)
    assert outcome.missing == ("attention",)
    assert names(outcome) == ["done", "failed", "done", "done", "done", "done"]
    assert "attention" not in outcome.query.found


def test_a_critical_stage_that_fails_ends_the_query_with_what_was_found_before() -> None:
    error = ValueError("no thoughts")
    outcome = ask(answering(thought=[Failing("thought", error)]))

    assert isinstance(outcome, Unanswered)
    assert outcome.stage == "thought"
    assert names(outcome) == ["done", "done", "failed", "skipped", "skipped", "skipped"]
    assert list(outcome.query.found) == ["memory", "attention"]
    failed, skipped = outcome.endings[2:4]
    assert isinstance(failed, Failed)
    assert failed.error is error
    assert isinstance(skipped, Skipped)
    assert skipped.reason == "stage 'thought' is critical and was not done"


def test_a_late_stage_that_is_not_critical_is_left_out() -> None:
    outcome = ask(answering(attention=[Answering("attention", 3600)]), of=stages(attention=0.02))

    assert isinstance(outcome, Degraded)
    late = outcome.endings[1]
    assert isinstance(late, TimedOut)
    assert late.seconds == pytest.approx(0.02)
    assert late.budget == pytest.approx(0.02)
    assert outcome.seconds == pytest.approx(0.02)


def test_a_critical_stage_that_hangs_ends_the_query_at_its_share() -> None:
    outcome = ask(answering(decision=[Answering("decision", 3600)]))

    assert isinstance(outcome, Unanswered)
    assert names(outcome) == ["done", "done", "done", "done", "timed_out", "skipped"]
    assert outcome.seconds == pytest.approx(0.25)


def test_a_stage_that_swallows_the_cancellation_is_abandoned_on_time_and_the_query_goes_on() -> None:
    heard = Heard()
    outcome = ask(answering(attention=[Swallowing("attention", 1.0)]), heard, stages(attention=0.05))

    assert isinstance(outcome, Degraded)
    assert isinstance(outcome.endings[1], Abandoned)
    assert outcome.seconds == pytest.approx(0.052)
    assert heard.of(OrphansCounted)[0] == OrphansCounted("attention", "attention-1", 1)


def test_a_stage_that_lingers_in_finally_is_abandoned_on_time() -> None:
    outcome = ask(answering(awareness=[SlowFinally("awareness", 0.5)]))

    assert isinstance(outcome, Degraded)
    assert isinstance(outcome.endings[5], Abandoned)
    assert outcome.seconds == pytest.approx(0.252)


def test_a_stage_that_cleans_up_within_the_grace_has_stopped() -> None:
    outcome = ask(answering(awareness=[SlowFinally("awareness", 0.001)]))

    assert isinstance(outcome.endings[5], TimedOut)
    assert outcome.seconds == pytest.approx(0.251)


def test_what_an_abandoned_stage_finds_in_the_end_reaches_nobody_and_it_is_no_longer_counted() -> None:
    heard = Heard()
    node = Swallowing("attention", 1.0)

    async def main(loop: VirtualLoop) -> tuple[Outcome, int, int]:
        line = pipeline(loop, answering(attention=[node]), heard, of=stages(attention=0.05))
        outcome = await line.run(QUESTION)
        before = line.orphans
        await asyncio.sleep(2)
        return outcome, before, line.orphans

    outcome, before, after = run_virtually(main)

    assert (before, after) == (1, 0)
    assert "attention" not in outcome.query.found
    assert [event.orphans for event in heard.of(OrphansCounted)] == [1, 0]
    assert len(heard.of(QueryFinished)) == 1


def test_a_node_with_as_many_orphans_as_places_is_left_out_until_one_of_them_ends() -> None:
    stuck, spare = Swallowing("attention", 1.0, "stuck", 2), Answering("attention", name="spare")

    async def main(loop: VirtualLoop) -> tuple[list[str], list[str]]:
        nodes = answering(attention=[stuck, spare])
        line = pipeline(loop, nodes, of=stages(attention=0.02), selector=FirstOf())
        while_stuck = [(await line.run(QUESTION)).endings[1].node for _ in range(4)]
        await asyncio.sleep(2)
        return while_stuck, [(await line.run(QUESTION)).endings[1].node]

    assert run_virtually(main) == (["stuck", "stuck", "spare", "spare"], ["stuck"])


def test_a_stage_whose_nodes_are_all_held_by_orphans_is_skipped_and_says_so() -> None:
    async def main(loop: VirtualLoop) -> Outcome:
        nodes = answering(memory=[Swallowing("memory", 9.0, concurrency=1)])
        line = pipeline(loop, nodes)
        await line.run(QUESTION)
        return await line.run(QUESTION)

    outcome = run_virtually(main)

    assert isinstance(outcome, Unanswered)
    assert outcome.endings[0] == Skipped("memory", "each of its nodes is held by work that did not stop")
    assert outcome.seconds == 0


def test_a_timeout_of_the_stages_own_is_a_failure_and_not_the_budgets() -> None:
    ending = ask(answering(attention=[Failing("attention", asyncio.TimeoutError(), 0.01)])).endings[1]

    assert isinstance(ending, Failed)
    assert isinstance(ending.error, asyncio.TimeoutError)


def test_a_cancellation_of_the_stages_own_is_a_failure_and_the_query_goes_on() -> None:
    outcome = ask(answering(attention=[Failing("attention", asyncio.CancelledError(), 0.01)]))

    assert isinstance(outcome, Degraded)
    assert isinstance(outcome.endings[1], Failed)
    assert names(outcome)[2:] == ["done"] * 4


class CancellingItself(Answering):
    async def handle(self, query: Query) -> Query:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        return await super().handle(query)


@pytest.mark.parametrize("seconds", [0.0, 0.01])
def test_a_stage_that_cancels_its_own_task_does_not_cancel_the_next(seconds: float) -> None:
    nodes = answering(
        attention=[CancellingItself("attention", seconds)], thought=[Answering("thought", 0.01)]
    )  # a task of wait, that would have met the cancellation

    assert names(ask(nodes))[2:] == ["done"] * 4


@pytest.mark.skipif(sys.version_info < (3, 11), reason="TaskGroup came with 3.11")
def test_a_stage_with_a_task_group_runs_after_one_that_was_cancelled() -> None:
    class Grouping(Answering):
        async def handle(self, query: Query) -> Query:
            async with asyncio.TaskGroup() as group:  # type: ignore[attr-defined, unused-ignore]
                group.create_task(asyncio.sleep(0.001))
            return query

    nodes = answering(attention=[Answering("attention", 3600)], thought=[Grouping("thought")])

    assert names(ask(nodes, of=stages(attention=0.02)))[:3] == ["done", "timed_out", "done"]


@pytest.mark.parametrize("given", [None, {}, "an answer"])
def test_a_node_that_gives_no_query_has_failed(given: object) -> None:
    class Giving(Answering):
        async def handle(self, query: Query) -> Query:
            return given  # type: ignore[return-value]

    ending = ask(answering(attention=[Giving("attention")])).endings[1]

    assert isinstance(ending, Failed)
    assert f"node 'attention-1' gave {type(given).__name__}" in str(ending.error)


def test_a_node_that_is_no_coroutine_function_has_failed() -> None:
    class Plain(Answering):
        def handle(self, query: Query) -> Query:  # type: ignore[override]
            return query

    plain: Any = Plain("attention")

    assert names(ask(answering(attention=[plain])))[1] == "failed"


def test_a_stage_without_nodes_is_skipped() -> None:
    outcome = ask(answering(attention=[]))

    assert outcome.endings[1] == Skipped("attention", "no node serves it")
    assert isinstance(outcome, Degraded)


def test_a_critical_stage_without_nodes_fails_the_query() -> None:
    assert isinstance(ask(answering(memory=[])), Unanswered)


@pytest.mark.parametrize("budget", [0.0, -1.0])
def test_with_no_time_left_nothing_is_begun(budget: float) -> None:
    node = Answering("memory")

    async def main(loop: VirtualLoop) -> Outcome:
        return await pipeline(loop, answering(memory=[node])).run(QUESTION, budget)

    outcome = run_virtually(main)

    assert isinstance(outcome, Unanswered)
    assert outcome.endings[0] == Skipped("memory", "no time left for it")
    assert node.queries == []


def test_each_stage_is_told_what_it_may_still_take() -> None:
    node = Answering("decision")
    ask({**answering(memory=[Answering("memory", 0.1)]), "decision": [node]})

    assert node.queries[0].remaining == pytest.approx(0.15)


def test_a_node_cannot_change_what_the_query_is_called() -> None:
    class Renaming(Answering):
        async def handle(self, query: Query) -> Query:
            return Query(query.text, "another", traceparent="another")

    node = Answering("thought")
    ask(answering(attention=[Renaming("attention")], thought=[node]))

    assert (node.queries[0].id, node.queries[0].traceparent) == (QUESTION.id, None)


def test_cancelling_the_query_cancels_its_stage_at_once_and_is_not_lost() -> None:
    heard, selector = Heard(), Turns()
    stopped: list[float] = []

    class Noting(Answering):
        async def handle(self, query: Query) -> Query:
            try:
                return await super().handle(query)
            finally:
                stopped.append(asyncio.get_running_loop().time())

    async def main(loop: VirtualLoop) -> bool:
        line = pipeline(loop, answering(thought=[Noting("thought", 3600)]), heard, selector)
        task = loop.create_task(line.run(QUESTION))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(1)
        return task.cancelled()

    assert run_virtually(main)
    assert stopped == [pytest.approx(0.01)]
    assert selector.told[-1] == ("thought-1", "skipped")
    assert selector.in_flight["thought-1"] == 0
    assert heard.of(QueryFinished)[-1].outcome == "failed"
    assert len(heard.of(StageFinished)) == len(heard.of(StageStarted)) == 3


def test_cancelling_a_query_whose_stage_swallows_it_returns_at_once_and_counts_the_stage() -> None:
    async def main(loop: VirtualLoop) -> tuple[bool, float, int]:
        line = pipeline(loop, answering(memory=[Swallowing("memory", 1.0)]))
        task = loop.create_task(line.run(QUESTION))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])
        returned = loop.time()
        await asyncio.sleep(0.01)
        return task.cancelled(), returned, line.orphans

    cancelled, returned, orphans = run_virtually(main)

    assert (cancelled, orphans) == (True, 1)
    assert returned == pytest.approx(0.01)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_process_is_no_nodes_ending(stop: type[BaseException]) -> None:
    async def main() -> None:
        line = Pipeline(stages(), answering(attention=[Failing("attention", stop(), 0.001)]), Turns())
        await line.run(QUESTION)

    with pytest.raises(stop):
        asyncio.run(main())


def test_what_an_observer_raises_reaches_whoever_asked() -> None:
    def broken(event: Event) -> None:
        if isinstance(event, StageFinished):
            raise LookupError("no such metric")

    async def main(loop: VirtualLoop) -> Outcome:
        return await Pipeline(stages(), answering(), Turns(), observe=broken, clock=loop.time).run(QUESTION)

    with pytest.raises(LookupError, match="no such metric"):
        run_virtually(main)


def test_what_an_observer_raises_when_a_stage_is_late_reaches_whoever_asked() -> None:
    def broken(event: Event) -> None:
        if isinstance(event, OrphansCounted):
            raise LookupError("no such metric")

    async def main(loop: VirtualLoop) -> Outcome:
        nodes = answering(memory=[Swallowing("memory", 1.0)])
        return await Pipeline(stages(), nodes, Turns(), observe=broken, clock=loop.time).run(QUESTION)

    with pytest.raises(LookupError, match="no such metric"):
        run_virtually(main)


def test_every_stage_is_heard_of_once_and_in_order() -> None:
    heard = Heard()
    ask(answering(attention=[Failing("attention", ValueError("no eyes"))]), heard)

    assert [type(event).__name__ for event in heard.events] == [
        "QueryStarted",
        *["StageStarted", "StageFinished"] * 6,
        "QueryFinished",
    ]
    assert heard.of(QueryStarted)[0].budget == 0.25
    failed = heard.of(StageFinished)[1]
    assert (failed.stage, failed.ending, failed.error, failed.detail) == (
        "attention",
        "failed",
        "ValueError",
        "no eyes",
    )
    assert heard.of(QueryFinished)[0].outcome == "degraded"


def test_the_stages_behind_a_failure_are_heard_of_as_skipped() -> None:
    heard = Heard()
    ask(answering(memory=[Failing("memory", ValueError())]), heard)

    assert [event.ending for event in heard.of(StageFinished)] == ["failed"] + ["skipped"] * 5
    assert heard.of(QueryFinished)[0].stage == "memory"


def test_a_stage_begins_in_the_context_that_its_node_sees() -> None:
    current: contextvars.ContextVar[str] = contextvars.ContextVar("current")
    seen: list[str] = []

    class Seeing(Answering):
        async def handle(self, query: Query) -> Query:
            seen.append(current.get())
            return query

    def observe(event: Event) -> None:
        if isinstance(event, StageStarted):
            current.set(event.stage)

    async def main(loop: VirtualLoop) -> None:
        current.set("the caller's")
        await Pipeline(stages(), {name: [Seeing(name)] for name in STAGES}, Turns(), observe=observe).run(QUESTION)
        seen.append(current.get())

    run_virtually(main)

    assert seen == [*STAGES, "the caller's"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with 3.12")
def test_it_is_all_the_same_where_tasks_begin_eagerly() -> None:
    async def main(loop: VirtualLoop) -> list[str]:
        loop.set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined, unused-ignore]
        nodes = answering(
            attention=[Swallowing("attention", 1.0)],
            action=[Answering("action", 3600)],
            awareness=[CancellingItself("awareness")],
        )
        return names(await pipeline(loop, nodes, of=stages(attention=0.02, action=0.02)).run(QUESTION))

    assert run_virtually(main)[:5] == ["done", "abandoned", "done", "timed_out", "done"]


@pytest.mark.parametrize("query", ["text", None, ("a", "b")])
def test_what_is_no_query_is_refused(query: object) -> None:
    with pytest.raises(QueryRefused, match=r"is no query; Query\.of\(text\) makes one"):
        run_virtually(lambda loop: pipeline(loop, answering()).run(query))  # type: ignore[arg-type]


@pytest.mark.parametrize("budget", [float("nan"), "0.25"])
def test_a_budget_that_is_no_number_is_refused(budget: Any) -> None:
    with pytest.raises(QueryRefused, match=r"a budget of .* seconds; it is a number, such as 0\.25"):
        run_virtually(lambda loop: pipeline(loop, answering()).run(QUESTION, budget))


def test_a_budget_without_end_is_one() -> None:
    outcome = run_virtually(lambda loop: pipeline(loop, answering()).run(QUESTION, float("inf")))

    assert isinstance(outcome, Answered)


def test_an_error_whose_text_cannot_be_had_is_a_failure_like_any_other() -> None:
    class Textless(Exception):
        def __str__(self) -> str:
            raise LookupError

    heard = Heard()
    outcome = ask(answering(attention=[Failing("attention", Textless())]), heard)

    assert names(outcome)[1] == "failed"
    assert heard.of(StageFinished)[1].detail == "its text cannot be had: LookupError"


class Nameless:
    stage = "memory"


@pytest.mark.parametrize(
    ("of", "nodes", "said"),
    [
        ([], {}, "a pipeline without stages"),
        ([Stage("memory", True)] * 2, {}, "stage 'memory' is given twice"),
        (stages(), {"memroy": []}, "nodes are given for 'memroy', which is no stage; the stages are memory, "),
        (
            stages(),
            {"memory": [Answering("thought")]},
            "node 'thought-1' is given for stage 'memory' and serves 'thought'",
        ),
        (stages(), {"memory": [Answering("memory")] * 2}, "stage 'memory' has two nodes called 'memory-1'"),
        (stages(), {"memory": [Nameless()]}, "is no node of stage 'memory': it has no name, concurrency, handle"),
    ],
)
def test_a_pipeline_whose_parts_do_not_fit_is_refused(
    of: Sequence[Stage], nodes: Mapping[str, Sequence[Node]], said: str
) -> None:
    with pytest.raises(ConfigurationFault, match=said):
        Pipeline(of, nodes, Turns())


def test_what_a_done_stage_took_is_its_own_time() -> None:
    ending = ask(answering(thought=[Answering("thought", 0.03)])).endings[2]

    assert isinstance(ending, Done)
    assert ending.seconds == pytest.approx(0.03)


def test_a_query_leaves_nothing_to_the_garbage_collector() -> None:
    class Breaking(Answering):
        async def handle(self, query: Query) -> Query:
            await asyncio.sleep(0.001)
            raise ValueError("no eyes")

    async def main(loop: VirtualLoop) -> int:
        nodes = answering(attention=[Breaking("attention")], action=[Answering("action", 3600)])
        line = pipeline(loop, nodes, of=stages(action=0.02))
        for _ in range(20):
            assert names(await line.run(QUESTION))[:4] == ["done", "failed", "done", "timed_out"]
        await asyncio.sleep(1)
        return sum(isinstance(each, Passage) for each in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        assert run_virtually(main) <= 1  # the loop may still hold the last one
    finally:
        gc.enable()


def test_an_error_shows_where_in_the_node_it_was_raised() -> None:
    ending = ask(answering(attention=[Failing("attention", ValueError("no eyes"))])).endings[1]

    assert isinstance(ending, Failed)
    assert [frame.name for frame in traceback.extract_tb(ending.error.__traceback__)] == ["handle"]


def test_what_an_observer_raises_after_the_caller_has_left_is_not_lost_either() -> None:
    complaints: list[str] = []

    def broken(event: Event) -> None:
        if isinstance(event, OrphansCounted):
            raise LookupError("no such metric")

    async def main(loop: VirtualLoop) -> None:
        loop.set_exception_handler(lambda _, context: complaints.append(repr(context.get("exception"))))
        nodes = answering(memory=[Swallowing("memory", 1.0)])
        task = loop.create_task(Pipeline(stages(), nodes, Turns(), observe=broken, clock=loop.time).run(QUESTION))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.sleep(0.1)

    run_virtually(main)

    assert "LookupError('no such metric')" in complaints
