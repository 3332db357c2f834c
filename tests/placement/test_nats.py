"""Nodes on workers behind a real NATS server."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Optional

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from runtime.errors import ConfigurationFault
from runtime.orchestrator.node import Node
from runtime.orchestrator.outcome import Answered
from runtime.orchestrator.pipeline import Pipeline
from runtime.orchestrator.placement import (
    NodeBusy,
    NodeLost,
    NodeRaised,
    NodeUnreachable,
    NotPortable,
    OutOfTime,
)
from runtime.orchestrator.placement import nats_wire as wire
from runtime.orchestrator.placement.nats_connection import Connection
from runtime.orchestrator.placement.nats_node import COMPANY, Asker, RemoteNode
from runtime.orchestrator.placement.nats_worker import serve_nodes
from runtime.orchestrator.query import Query
from runtime.orchestrator.selection import RoundRobin
from runtime.orchestrator.stage import Stage
from runtime.telemetry.events import Event, OrphansCounted
from tests.placement.fakes import Polite
from tests.placement.nats_server import NatsServer, worker_process
from tests.placement.test_threads import eventually, run

SUBJECT = "lukhas.v1.ask.thought.puppet"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    running = NatsServer(tmp_path_factory.mktemp("nats")).start()
    yield running
    running.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[NatsServer]:
    running = NatsServer(tmp_path).start()
    yield running
    running.stop()


class Served:
    """A worker in this loop, and its end."""

    def __init__(self, task: asyncio.Task[None], stop: asyncio.Event) -> None:
        self.task, self.stop = task, stop


@contextlib.asynccontextmanager
async def served(url: str, *nodes: Node, **options: Any) -> AsyncIterator[Served]:
    stop, ready = asyncio.Event(), asyncio.Event()
    task = asyncio.ensure_future(serve_nodes(nodes, url, stop=stop, ready=ready.set, **options))
    waiting = asyncio.ensure_future(ready.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    try:
        yield Served(task, stop)
    finally:
        stop.set()
        await task


@contextlib.asynccontextmanager
async def remote(url: str, *, repeatable: bool = False, **options: Any) -> AsyncIterator[RemoteNode]:
    asker = Asker(url)
    assert await asker.start(10)
    try:
        yield RemoteNode(asker, "puppet", "thought", 2, repeatable=repeatable)
    finally:
        await asker.close()


@contextlib.asynccontextmanager
async def plain_client(url: str) -> AsyncIterator[Client]:
    client = Client()
    await client.connect(url)
    try:
        yield client
    finally:
        await client.close()


async def listening(client: Client) -> None:
    """The server knows what the client listens to. Once is not enough: the first ping overtakes the subscription."""
    await client.flush()
    await client.flush()


def text(words: str, remaining: float = 10.0) -> Query:
    return Query.of(words)._replace(remaining=remaining)


class Witness(Polite):
    """Keeps what it was asked, and what became of it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.asked: list[Query] = []
        self.cancelled = 0

    async def handle(self, query: Query) -> Query:  # type: ignore[override]  # as Polite's
        self.asked.append(query)
        try:
            return await super().handle(query)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


def test_a_query_goes_to_a_worker_and_comes_back_with_its_finding(server: NatsServer) -> None:
    async def ask() -> None:
        witness = Witness()
        async with served(server.url, witness), remote(server.url) as node:
            trace = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
            query = Query.of("hello", trace)._replace(remaining=5.0).with_finding("memory", ("one", b"two"))
            answer = await node.handle(query)
            assert answer.found == {"memory": ("one", b"two"), "thought": "HELLO"}
            (seen,) = witness.asked
            assert (seen.text, seen.id, seen.traceparent, seen.found) == ("hello", query.id, trace, query.found)
            assert 0 < seen.remaining <= 5.0
            assert answer.id == query.id

    run(ask())


def test_where_no_worker_serves_the_node_the_query_fails_before_its_time_is_over(server: NatsServer) -> None:
    async def ask() -> None:
        async with remote(server.url) as node:
            with pytest.raises(NodeUnreachable, match=rf"no worker serves {SUBJECT}"):
                await node.handle(text("hello", remaining=3600))

    run(ask())


def test_without_a_server_the_query_fails_before_its_time_is_over_and_works_when_one_comes(tmp_path: Path) -> None:
    async def ask() -> None:
        server = NatsServer(tmp_path).start()
        server.stop()
        asker = Asker(server.url)
        assert not await asker.start(0.05)
        node = RemoteNode(asker, "puppet", "thought", 2)
        with pytest.raises(NodeUnreachable, match=r"no connection to nats://127\.0\.0\.1"):
            await node.handle(text("hello", remaining=3600))
        with pytest.raises(NodeUnreachable, match="no NATS server answers"):
            await serve_nodes([Polite()], server.url, stop=asyncio.Event(), patience=0.05)
        server.start()
        async with served(server.url, Polite()):
            assert (await once_reachable(node)).found["thought"] == "HELLO"
        await asker.close()
        server.stop()

    run(ask())


async def once_reachable(node: RemoteNode) -> Query:
    while True:
        try:
            return await node.handle(text("hello"))
        except (NodeUnreachable, NodeLost):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("nothing", "NotPortable"),
        ("raise ValueError", "ValueError"),
        ("exit", "SystemExit"),
        ("raise Cancelled", "CancelledError"),
        ("raise NodeBusy", "NodeBusy"),
    ],
)
def test_what_a_node_raises_there_is_raised_here_by_name_and_text(server: NatsServer, words: str, kind: str) -> None:
    async def ask() -> None:
        async with served(server.url, Polite()), remote(server.url) as node:
            with pytest.raises(NodeRaised) as raised:
                await node.handle(text(words))
            assert raised.value.kind == kind
            assert (await node.handle(text("hello"))).found["thought"] == "HELLO"

    run(ask())


def test_a_worker_gives_up_when_the_remaining_time_is_over_stops_the_node_and_says_so(server: NatsServer) -> None:
    async def ask() -> None:
        witness = Witness()
        async with served(server.url, witness), plain_client(server.url) as client:
            headers, body = wire.question(text("sleep 60", remaining=0.05), None)
            answer = await client.request(SUBJECT, body, timeout=10, headers=headers)
            assert answer.headers is not None
            assert answer.headers[wire.ENDING] == wire.GAVE_UP
            assert b"time that the query had left is over" in answer.data
            await eventually(lambda: witness.cancelled == 1)

    run(ask())


def test_a_question_that_says_no_time_is_bounded_by_the_worker(server: NatsServer) -> None:
    async def ask() -> None:
        async with served(server.url, Polite(), longest=0.05), remote(server.url) as node:
            with pytest.raises(OutOfTime, match="node 'puppet'"):
                await node.handle(Query.of("sleep 60"))

    run(ask())


def test_who_asks_gives_up_by_itself_when_the_worker_does_not(server: NatsServer) -> None:
    async def ask() -> None:
        async def beats_for_ever(message: Msg) -> None:
            while True:
                await client.publish(message.reply, headers={wire.ENDING: wire.WORKING})
                await asyncio.sleep(0.01)

        async with plain_client(server.url) as client, remote(server.url) as node:
            await client.subscribe(SUBJECT, cb=beats_for_ever)
            await listening(client)
            with pytest.raises(OutOfTime):
                await node.handle(text("hello", remaining=0.3))

    run(ask())


def test_no_time_left_means_that_nobody_is_asked(server: NatsServer) -> None:
    async def ask() -> None:
        witness = Witness()
        async with served(server.url, witness), remote(server.url) as node:
            with pytest.raises(OutOfTime):
                await node.handle(text("hello", remaining=0.0))
            assert not witness.asked

    run(ask())


def test_a_worker_that_takes_long_says_that_it_is_at_work_and_is_waited_for(server: NatsServer) -> None:
    async def ask() -> None:
        async with served(server.url, Polite()), remote(server.url) as node:
            # A quarter of 1.6 s of silence would have made it lost.
            assert (await node.handle(text("sleep 0.8", remaining=1.6))).found["thought"] == os.getpid()

    run(ask())


def test_a_worker_that_says_nothing_is_lost_before_the_time_is_over(server: NatsServer) -> None:
    async def ask() -> None:
        async def says_nothing(message: Msg) -> None:
            return

        async with plain_client(server.url) as client, remote(server.url) as node:
            await client.subscribe(SUBJECT, cb=says_nothing)
            await listening(client)
            with pytest.raises(NodeLost, match="has said nothing for"):
                await node.handle(text("hello", remaining=0.4))

    run(ask())


def test_to_cancel_stops_the_node_on_its_worker(server: NatsServer) -> None:
    async def ask() -> None:
        witness = Witness()
        async with served(server.url, witness), remote(server.url) as node:
            asked = asyncio.ensure_future(node.handle(text("sleep 60", remaining=3600)))
            await eventually(lambda: witness.asked)
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
            await eventually(lambda: witness.cancelled == 1)

    run(ask())


def test_a_node_that_swallows_its_cancellation_is_counted_and_its_places_are_refused(server: NatsServer) -> None:
    events: list[Event] = []

    async def ask() -> None:
        async with served(server.url, Polite(concurrency=1), observe=events.append), remote(server.url) as node:
            with pytest.raises(OutOfTime):
                await node.handle(text("swallow 0.6", remaining=0.1))
            await eventually(lambda: events)
            with pytest.raises(NodeBusy, match="all its 1 places taken"):
                await node.handle(text("hello"))
            await eventually(lambda: len(events) == 2)
            assert (await node.handle(text("hello"))).found["thought"] == "HELLO"

    run(ask())
    assert events == [OrphansCounted("thought", "puppet", 1), OrphansCounted("thought", "puppet", 0)]


def test_a_worker_takes_no_more_than_its_node_can_and_lets_as_many_wait(server: NatsServer) -> None:
    async def ask() -> None:
        witness = Witness(concurrency=2)
        async with served(server.url, witness), remote(server.url) as node:
            asked = [asyncio.ensure_future(node.handle(text("sleep 0.2"))) for _ in range(5)]
            ended = await asyncio.gather(*asked, return_exceptions=True)
            assert [type(end) for end in ended].count(NodeBusy) == 1
            assert len(witness.asked) == 4

    run(ask())


def test_a_node_knows_of_the_queries_that_others_asked_its_worker(server: NatsServer) -> None:
    async def ask() -> None:
        witness = Witness(concurrency=2)
        async with served(server.url, witness), remote(server.url) as node, remote(server.url) as other:
            assert node.held is None
            await node.handle(text("hello"))
            assert node.held == 0

            asked = asyncio.ensure_future(other.handle(text("sleep 0.5")))
            await eventually(lambda: len(witness.asked) == 2)
            await node.handle(text("hello"))
            assert node.held == 1
            await asked

    run(ask())


def test_the_workers_of_a_node_share_its_queries(server: NatsServer) -> None:
    async def ask() -> None:
        one, other = Witness(concurrency=40), Witness(concurrency=40)
        async with served(server.url, one), served(server.url, other), remote(server.url) as node:
            await asyncio.gather(*[node.handle(text("hello")) for _ in range(40)])
        assert one.asked
        assert other.asked
        assert len(one.asked) + len(other.asked) == 40

    run(ask())


def test_a_drained_worker_ends_what_it_began_and_refuses_what_is_new(server: NatsServer) -> None:
    async def ask() -> None:
        witness = Witness()
        async with remote(server.url) as node:
            async with served(server.url, witness, grace=10) as worker:
                begun = asyncio.ensure_future(node.handle(text("sleep 0.3")))
                await eventually(lambda: witness.asked)
                worker.stop.set()
                with pytest.raises((NodeUnreachable, NodeBusy)):
                    await node.handle(text("hello"))
                assert (await begun).found["thought"] == os.getpid()
                await worker.task
            with pytest.raises(NodeUnreachable):
                await node.handle(text("hello"))
        assert len(witness.asked) == 1

    run(ask())


def test_a_drain_is_bounded_and_says_so_to_who_waits(server: NatsServer) -> None:
    async def ask() -> None:
        witness = Witness(concurrency=1)
        async with remote(server.url) as node:
            async with served(server.url, witness, grace=0.05) as worker:
                begun = asyncio.ensure_future(node.handle(text("sleep 60")))
                await eventually(lambda: witness.asked)
                waits = asyncio.ensure_future(node.handle(text("hello")))
                await asyncio.sleep(0.05)
                worker.stop.set()
                with pytest.raises(OutOfTime, match="shut down"):
                    await begun
                with pytest.raises((NodeBusy, NodeUnreachable)):
                    await waits
            assert (len(witness.asked), witness.cancelled) == (1, 1)

    run(ask())


def marked(marker: Path) -> Optional[int]:
    written = marker.read_text() if marker.exists() else ""
    return int(written) if written else None


@pytest.mark.parametrize("repeatable", [True, False])
def test_a_killed_worker_is_replaced_within_the_budget_of_one_stage(
    server: NatsServer, tmp_path: Path, repeatable: bool
) -> None:
    budget = 4.0
    marker = tmp_path / "pid"

    async def ask(workers: dict[int, subprocess.Popen[str]]) -> None:
        async with remote(server.url, repeatable=repeatable) as node:
            asked = asyncio.ensure_future(node.handle(text(f"hang {marker}", remaining=budget)))
            await eventually(lambda: marked(marker))
            pid = marked(marker) or 0
            (other,) = set(workers) - {pid}
            os.kill(pid, signal.SIGKILL)
            if repeatable:
                assert (await asked).found["thought"] == other
            else:  # whether it had acted is not known: it is the pipeline that decides to ask again
                with pytest.raises(NodeLost):
                    await asked
                assert (await node.handle(text("pid"))).found["thought"] == other

    with worker_process(server.url) as one, worker_process(server.url) as other:
        run(ask({one.pid: one, other.pid: other}))


def test_a_pipeline_whose_worker_is_killed_answers_within_the_budget_of_the_stage(
    server: NatsServer, tmp_path: Path
) -> None:
    marker = tmp_path / "pid"

    async def ask(workers: set[int]) -> None:
        async with remote(server.url, repeatable=True) as node:
            pipeline = Pipeline([Stage("thought", critical=True)], {"thought": [node]}, RoundRobin(), budget=4.0)
            asked = asyncio.ensure_future(pipeline.run(Query.of(f"hang {marker}")))
            await eventually(lambda: marked(marker))
            pid = marked(marker) or 0
            os.kill(pid, signal.SIGKILL)
            outcome = await asked
            assert isinstance(outcome, Answered), outcome
            assert outcome.query.found["thought"] in workers - {pid}

    with worker_process(server.url) as one, worker_process(server.url) as other:
        run(ask({one.pid, other.pid}))


def test_a_refusal_after_a_worker_was_lost_is_no_refusal(server: NatsServer) -> None:
    asked = []

    async def ask() -> None:
        async def falls_silent_then_refuses(message: Msg) -> None:
            asked.append(message)
            if len(asked) > 1:
                await client.publish(message.reply, b"full", headers={wire.ENDING: wire.BUSY})

        async with plain_client(server.url) as client, remote(server.url, repeatable=True) as node:
            await client.subscribe(SUBJECT, cb=falls_silent_then_refuses)
            await listening(client)
            with pytest.raises(NodeLost, match="a worker was lost, and no other takes over: full"):
                await node.handle(text("hello", remaining=2.0))

    run(ask())
    assert len(asked) == 3


@pytest.mark.parametrize("full", [True, False])
def test_a_stage_that_must_not_be_done_twice_goes_on_elsewhere_when_no_worker_takes_it(
    server: NatsServer, full: bool
) -> None:
    here = Witness(name="here")

    async def ask() -> None:
        busy = [Witness(concurrency=1)] if full else []
        async with contextlib.AsyncExitStack() as stack:
            for witness in busy:
                await stack.enter_async_context(served(server.url, witness))
            node = await stack.enter_async_context(remote(server.url))
            held = [asyncio.ensure_future(node.handle(text("sleep 0.5"))) for _ in range(2 * len(busy))]
            await eventually(lambda: all(witness.asked for witness in busy))
            await asyncio.sleep(0.05)
            stage = Stage("thought", critical=True, hedgeable=False)
            outcome = await Pipeline([stage], {"thought": [node, here]}, RoundRobin(), 10.0).run(Query.of("hello"))
            assert isinstance(outcome, Answered), outcome
            assert (outcome.endings[0].node, outcome.endings[0].attempt) == ("here", 2)
            await asyncio.gather(*held)

    run(ask())
    assert len(here.asked) == 1


def test_an_answer_that_says_that_it_is_done_is_one_like_an_answer_that_says_nothing(server: NatsServer) -> None:
    async def ask() -> None:
        async def says_done(message: Msg) -> None:
            told, _ = wire.asked(message.headers, message.data)
            await client.publish(
                message.reply, wire.body(told.with_finding("thought", "a word")), headers={wire.ENDING: wire.DONE}
            )

        async with plain_client(server.url) as client, remote(server.url) as node:
            await client.subscribe(SUBJECT, cb=says_done)
            await listening(client)
            assert (await node.handle(text("hello"))).found == {"thought": "a word"}

    run(ask())


def test_what_fails_over_one_message_does_not_keep_the_next_from_being_heard(
    server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[bytes] = []

    def told(message: Msg) -> None:
        heard.append(message.data)
        raise {b"first": ValueError("as told")}[message.data]

    async def listen() -> None:
        connection = Connection(server.url, "listener")
        connection.listen("anything", told)
        assert await connection.open(10)
        await connection.publish("anything", b"first")
        await connection.publish("anything", b"second")
        await eventually(lambda: len(heard) == 2)
        await connection.close()

    run(listen())
    assert heard == [b"first", b"second"]
    assert "a message on anything could not be taken" in caplog.text


def test_a_question_goes_out_at_once_only_where_none_is_likely_to_follow_it_in_its_turn(server: NatsServer) -> None:
    async def ask() -> list[bool]:
        async with served(server.url, Polite(concurrency=8)), remote(server.url) as node:
            asker = node._asker
            alone = []
            await node.handle(text("one"))
            alone.append(asker._in_company == 0)
            await asyncio.gather(*[node.handle(text("several")) for _ in range(3)])
            alone.append(asker._in_company == 0)
            for _ in range(COMPANY):
                await node.handle(text("one after the other"))
            alone.append(asker._in_company == 0)
            return alone

    assert run(ask()) == [True, False, True]


def test_a_worker_process_is_drained_by_sigterm(server: NatsServer) -> None:
    with worker_process(server.url) as worker:

        async def ask() -> None:
            async with remote(server.url) as node:
                asked = asyncio.ensure_future(node.handle(text("sleep 0.2")))
                await asyncio.sleep(0.05)
                worker.terminate()
                assert (await asked).found["thought"] == worker.pid

        run(ask())
        assert worker.wait(20) == 0


def test_what_is_larger_than_a_message_may_be_is_said_and_the_connection_lives(server: NatsServer) -> None:
    async def ask() -> None:
        async with served(server.url, Polite()), remote(server.url) as node:
            with pytest.raises(NotPortable, match=r"1,[0-9,]+ bytes are more than a message may have .*max_payload"):
                await node.handle(text("hello").with_finding("memory", "x" * 1_100_000))
            with pytest.raises(NodeRaised, match=r"NotPortable: 1,[0-9,]+ bytes are more"):
                await node.handle(text("large 1100000"))
            answer = await node.handle(text("large 1000000"))
            assert len(str(answer.found["thought"])) == 1_000_000

    run(ask())


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (None, b"hello"),
        ({wire.QUERY_ID: "q"}, b"\x00\xff{"),
        ({wire.QUERY_ID: "q", wire.REMAINING_MS: "soon"}, wire.body(Query.of("hello"))),
    ],
)
def test_a_poisoned_question_is_refused_and_the_worker_goes_on(
    server: NatsServer, headers: Optional[dict[str, str]], body: bytes
) -> None:
    async def ask() -> None:
        witness = Witness()
        async with served(server.url, witness), plain_client(server.url) as client, remote(server.url) as node:
            await client.publish(SUBJECT, body, headers=headers)  # to be answered nowhere
            await client.publish("lukhas.v1.cancel", b"\xff")
            answer = await client.request(SUBJECT, body, timeout=10, headers=headers)
            assert answer.headers is not None
            assert answer.headers[wire.ENDING] == wire.NOT_UNDERSTOOD
            assert (await node.handle(text("hello"))).found["thought"] == "HELLO"
            assert len(witness.asked) == 1

    run(ask())


@pytest.mark.parametrize(
    ("headers", "body", "what"),
    [
        (None, b"hello", "the answer on .* is none"),
        ({wire.ENDING: "perhaps"}, b"", "is 'perhaps'"),
        ({wire.ENDING: wire.DONE}, b"[]", "no query"),
        ({wire.ENDING: wire.NOT_UNDERSTOOD}, b"what?", "did not understand: what\\?"),
    ],
)
def test_a_poisoned_answer_is_the_failure_of_its_query(
    server: NatsServer, headers: Optional[dict[str, str]], body: bytes, what: str
) -> None:
    async def ask() -> None:
        async def lie(message: Msg) -> None:
            await client.publish(message.reply, body, headers=headers)

        async with plain_client(server.url) as client, remote(server.url) as node:
            await client.subscribe(SUBJECT, cb=lie)
            await listening(client)
            with pytest.raises(NotPortable, match=what):
                await node.handle(text("hello"))

    run(ask())


def test_a_server_that_is_restarted_fails_what_was_asked_at_once_and_is_used_again(own_server: NatsServer) -> None:
    async def ask() -> None:
        witness = Witness()
        async with served(own_server.url, witness, grace=0.05), remote(own_server.url) as node:
            asked = asyncio.ensure_future(node.handle(text("sleep 60", remaining=3600)))
            await eventually(lambda: witness.asked)
            own_server.stop()
            with pytest.raises(NodeLost, match=r"the connection to .* broke"):
                await asked
            with pytest.raises(NodeUnreachable):
                await node.handle(text("hello", remaining=3600))
            own_server.start()
            assert (await once_reachable(node)).found["thought"] == "HELLO"

    run(ask())


def test_a_server_that_reads_nothing_makes_further_queries_fail_at_once(own_server: NatsServer) -> None:
    async def ask() -> None:
        async with remote(own_server.url) as node:
            own_server.signal(signal.SIGSTOP)
            large = text("hello", remaining=1.0).with_finding("memory", "x" * 900_000)
            ended = []
            for _ in range(20):  # what the sockets hold is the system's; beyond it, a second of waiting is in vain
                asked = asyncio.ensure_future(node.handle(large))
                await asyncio.sleep(0)
                ended.append(asked)
            outcomes = await asyncio.gather(*ended, return_exceptions=True)
            if sys.version_info < (3, 12):  # asyncio of 3.13.0 takes any number of bytes, and nobody is told to wait
                assert any("bytes wait to be sent" in str(outcome) for outcome in outcomes)
            assert all(isinstance(outcome, (NodeUnreachable, NodeLost, OutOfTime)) for outcome in outcomes)
            own_server.signal(signal.SIGCONT)
            await node._asker._connection.flush(10)  # what it has not read yet would keep the socket open

    run(ask())


def test_what_waits_is_sent_elsewhere_when_leftovers_take_all_places(server: NatsServer) -> None:
    async def ask() -> None:
        witness = Witness(concurrency=1)
        async with served(server.url, witness), remote(server.url) as node:
            held = asyncio.ensure_future(node.handle(text("swallow 0.5", remaining=0.1)))
            await eventually(lambda: witness.asked)
            waits = asyncio.ensure_future(node.handle(text("hello", remaining=3600)))
            with pytest.raises(OutOfTime):
                await held
            with pytest.raises(NodeBusy):
                await waits
        assert len(witness.asked) == 1

    run(ask())


def test_a_connection_that_the_server_closes_for_an_error_is_made_anew(own_server: NatsServer) -> None:
    async def ask() -> None:
        async with served(own_server.url, Polite()), remote(own_server.url) as node:
            client = node._asker._connection._client
            # With its headers it is more than the server takes, which nats-py does not see: -ERR, and it closes.
            await client.publish("anything", b"x" * client.max_payload, headers={"One": "header"})
            await eventually(lambda: client.is_closed)
            assert (await once_reachable(node)).found["thought"] == "HELLO"

    run(ask())


def test_a_worker_that_has_lost_its_server_can_be_stopped(own_server: NatsServer) -> None:
    async def ask() -> None:
        async with served(own_server.url, Polite()):
            own_server.stop()
            await asyncio.sleep(0.05)

    run(ask())


def test_a_password_is_used_and_never_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def ask(server: NatsServer) -> None:
        url = server.url.replace("//", "//me:s3cret@")
        async with served(url, Polite()), remote(url) as node:
            assert (await node.handle(text("hello"))).found["thought"] == "HELLO"
            refused = Asker(server.url.replace("//", "//me:wr0ng@"))
            assert not await refused.start(0.2)
            await eventually(lambda: "uthorization" in refused._connection._reason)
            with pytest.raises(NodeUnreachable, match=r"(?i)authorization") as raised:
                await RemoteNode(refused, "puppet", "thought", 1).handle(text("hello"))
            await refused.close()
            assert "wr0ng" not in str(raised.value)

    server = NatsServer(tmp_path).start("--user", "me", "--pass", "s3cret")
    try:
        run(ask(server))
    finally:
        server.stop()
    assert "s3cret" not in caplog.text
    assert "wr0ng" not in caplog.text


def test_a_port_that_accepts_and_says_nothing_is_no_server_and_is_let_go() -> None:
    async def ask() -> None:
        held: list[asyncio.StreamWriter] = []
        silent = await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", 0)
        asker = Asker(f"nats://127.0.0.1:{silent.sockets[0].getsockname()[1]}")
        assert not await asker.start(0.05)
        await eventually(lambda: held)
        with pytest.raises(NodeUnreachable, match="not connected yet"):
            await RemoteNode(asker, "puppet", "thought", 1).handle(text("hello"))
        await asker.close()
        for writer in held:
            writer.close()
        silent.close()
        await silent.wait_closed()

    run(ask())
    gc.collect()  # a socket that nobody closed is a warning, and a warning an error


@pytest.mark.parametrize("url", ["", "http://127.0.0.1", "nats://:4222", "nats://host:port"])
def test_a_url_that_makes_no_sense_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationFault, match=r"nats://127.0.0.1:4222"):
        Asker(url)


def test_two_nodes_of_one_name_on_a_worker_are_refused(server: NatsServer) -> None:
    async def serve() -> None:
        await serve_nodes([Polite(), Polite()], server.url, stop=asyncio.Event())

    with pytest.raises(ConfigurationFault, match="two nodes would be served"):
        run(serve())


def test_nothing_is_left_running_in_the_background() -> None:
    assert [thread.name for thread in threading.enumerate() if "nats" in thread.name.lower()] == []
