"""A node in threads of its own."""

from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from runtime.orchestrator.placement import NodeBusy, NodeRaised, OutOfTime
from runtime.orchestrator.placement.in_thread import ThreadNode
from runtime.orchestrator.query import Query
from runtime.telemetry.events import Event, OrphansCounted
from tests.placement.fakes import Gated, Polite, Puppet

T = TypeVar("T")
WHO: contextvars.ContextVar[str] = contextvars.ContextVar("WHO", default="nobody")


def run(work: Coroutine[Any, Any, T]) -> T:
    async def bounded() -> T:
        return await asyncio.wait_for(work, 20)

    return asyncio.run(bounded())


async def eventually(true: Any) -> None:
    while not true():
        await asyncio.sleep(0.001)


def test_a_plain_function_works_beside_the_loop() -> None:
    async def ask() -> None:
        gated = Gated()
        node = ThreadNode(gated)
        answer = asyncio.ensure_future(node.handle(Query.of("a question")))
        await gated.holds(1)  # the loop runs on while the node blocks
        gated.gate.set()
        assert (await answer).found == {"thought": "a question"}
        assert await node.close() == 0

    run(ask())


def test_the_callers_context_variables_are_seen_in_the_thread() -> None:
    class Reader(Puppet):
        def handle(self, query: Query) -> Query:
            return query.with_finding("who", WHO.get())

    async def ask() -> None:
        WHO.set("me")
        node = ThreadNode(Reader())
        assert (await node.handle(Query.of("who?"))).found["who"] == "me"
        await node.close()

    run(ask())


def test_a_coroutine_function_may_be_placed_in_a_thread_and_is_stopped_when_its_time_is_over() -> None:
    async def ask() -> None:
        node = ThreadNode(Polite())
        assert (await node.handle(Query.of("hello"))).found["thought"] == "HELLO"
        with pytest.raises(asyncio.TimeoutError):
            await node.handle(Query.of("sleep 60")._replace(remaining=0.02))
        assert await node.close() == 0

    run(ask())


def test_there_are_never_more_threads_than_places_and_all_are_served() -> None:
    async def ask() -> None:
        gated = Gated(3)
        node = ThreadNode(gated)
        asked = [asyncio.ensure_future(node.handle(Query.of(str(n)))) for n in range(40)]
        await gated.holds(3)
        gated.gate.set()
        answers = await asyncio.gather(*asked)
        assert [answer.found["thought"] for answer in answers] == [str(n) for n in range(40)]
        assert gated.most == 3
        await node.close()

    run(ask())


def test_to_cancel_returns_while_the_thread_still_runs_and_the_leftover_is_counted_until_it_ends() -> None:
    events: list[Event] = []

    async def ask() -> None:
        gated = Gated()
        node = ThreadNode(gated, observe=events.append)
        asked = asyncio.ensure_future(node.handle(Query.of("late")))
        await gated.holds(1)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert (gated.now, node.leftovers) == (1, 1)
        gated.gate.set()
        await eventually(lambda: len(events) == 2)
        assert await node.close() == 0

    run(ask())
    assert events == [OrphansCounted("thought", "gated", 1), OrphansCounted("thought", "gated", 0)]


def test_when_leftovers_hold_all_places_queries_are_refused_at_once_until_one_ends() -> None:
    async def ask() -> None:
        gated = Gated(2)
        node = ThreadNode(gated)
        held = [asyncio.ensure_future(node.handle(Query.of("hangs"))) for _ in range(2)]
        await gated.holds(2)
        waiting = asyncio.ensure_future(node.handle(Query.of("waits")))
        await asyncio.sleep(0)
        for asked in held:
            asked.cancel()
        with pytest.raises(NodeBusy):
            await waiting
        with pytest.raises(NodeBusy, match="of its 2 places, 2 are taken by work that was given up"):
            await node.handle(Query.of("comes too late"))
        gated.gate.set()
        await eventually(lambda: node.leftovers == 0)
        assert (await node.handle(Query.of("again"))).found["thought"] == "again"
        assert gated.texts == ["hangs", "hangs", "again"]
        await node.close()

    run(ask())


def test_a_query_that_is_cancelled_while_it_waits_is_never_begun() -> None:
    async def ask() -> None:
        gated = Gated(1)
        node = ThreadNode(gated)
        first = asyncio.ensure_future(node.handle(Query.of("first")))
        await gated.holds(1)
        second = asyncio.ensure_future(node.handle(Query.of("second")))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        gated.gate.set()
        await first
        await node.handle(Query.of("third"))
        assert (gated.texts, node.leftovers) == (["first", "third"], 0)
        assert await node.close() == 0

    run(ask())


def test_a_query_whose_time_ran_out_while_it_waited_is_not_begun_and_others_are_told_what_is_left() -> None:
    now = [0.0]

    async def ask() -> None:
        node = ThreadNode(Puppet(concurrency=1), clock=lambda: now[0])
        assert (await node.handle(Query.of("remaining")._replace(remaining=5.0))).found["thought"] == 5.0
        asked = [
            asyncio.ensure_future(node.handle(Query.of(text)._replace(remaining=2.0)))
            for text in ("sleep 0.05", "never begun")
        ]
        await asyncio.sleep(0.01)
        now[0] = 2.5
        await asked[0]
        with pytest.raises(OutOfTime):
            await asked[1]
        await node.close()

    run(ask())


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("raise StopIteration", "StopIteration"),
        ("raise Cancelled", "CancelledError"),
        ("exit", "SystemExit"),
        ("raise NodeBusy", "NodeBusy"),  # out of work that was begun, and so no refusal
    ],
)
def test_what_would_end_a_loop_or_a_task_or_be_taken_for_a_refusal_fails_one_query(text: str, kind: str) -> None:
    async def ask() -> None:
        node = ThreadNode(Puppet(concurrency=1))
        with pytest.raises(NodeRaised) as raised:
            await node.handle(Query.of(text))
        assert raised.value.kind == kind
        assert (await node.handle(Query.of("hello"))).found["thought"] == "HELLO"
        await node.close()

    run(ask())


def test_what_the_node_raises_comes_out_as_it_is() -> None:
    async def ask() -> None:
        node = ThreadNode(Puppet())
        with pytest.raises(ValueError, match="as told"):
            await node.handle(Query.of("raise ValueError"))
        await node.close()

    run(ask())


def test_after_close_queries_are_refused_and_what_still_runs_is_counted() -> None:
    async def ask() -> None:
        gated = Gated(1)
        node = ThreadNode(gated)
        asked = asyncio.ensure_future(node.handle(Query.of("hangs")))
        await gated.holds(1)
        waiting = asyncio.ensure_future(node.handle(Query.of("waits")))
        await asyncio.sleep(0)
        assert await node.close(0.02) == 1
        with pytest.raises(NodeBusy, match="shut down"):
            await waiting
        with pytest.raises(NodeBusy, match="shut down"):
            await node.handle(Query.of("comes too late"))
        gated.gate.set()
        assert (await asked).found["thought"] == "hangs"
        assert await node.close() == 0

    run(ask())


def test_a_thread_that_ends_after_its_loop_was_closed_tells_nobody() -> None:
    gated = Gated(1)
    node = ThreadNode(gated)

    async def give_up() -> None:
        asked = asyncio.ensure_future(node.handle(Query.of("late")))
        await gated.holds(1)
        asked.cancel()

    run(give_up())
    gated.gate.set()
    run(eventually(lambda: node.leftovers == 0))
    assert run(node.handle(Query.of("in another loop"))).found["thought"] == "in another loop"
    assert run(node.close()) == 0


def test_a_system_that_gives_no_more_threads_makes_the_node_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def ask() -> None:
        node = ThreadNode(Puppet())
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", exhausted)
            with pytest.raises(NodeBusy, match="no more threads"):
                await node.handle(Query.of("hello"))
        assert (await node.handle(Query.of("hello"))).found["thought"] == "HELLO"
        await node.close()

    run(ask())


def test_a_thread_that_never_ends_does_not_keep_the_process_alive() -> None:
    program = """
import asyncio, threading
from runtime.orchestrator.placement.in_thread import ThreadNode
from runtime.orchestrator.query import Query
class Stuck:
    name, stage, concurrency = "stuck", "thought", 1
    def handle(self, query):
        threading.Event().wait()
async def ask():
    try:
        await asyncio.wait_for(ThreadNode(Stuck()).handle(Query.of("hang")), 0.05)
    except asyncio.TimeoutError:
        print("given up")
asyncio.run(ask())
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True)
    assert ended.stdout == "given up\n"
