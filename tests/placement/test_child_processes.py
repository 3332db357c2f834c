"""Both ends of the pipe to a process that holds a node, where chance would otherwise decide what is seen."""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection

import pytest

from runtime.orchestrator.placement import NodeLost, NodeRaised, NotPortable, OutOfTime
from runtime.orchestrator.placement.in_process import ProcessNode, packed_node
from runtime.orchestrator.placement.process import (
    Child,
    Raised,
    how_it_ended,
    opened_query,
    packed_query,
    raised_again,
    serve,
)
from runtime.orchestrator.query import Query
from tests.placement.fakes import Broken, Puppet
from tests.placement.test_threads import run


@pytest.fixture
def handlers() -> Iterator[None]:
    """The signals that a child sets for itself, put back."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def served(mine: Connection, theirs: Connection, node: Puppet, many: int) -> list[bytes]:
    """What a child says, of which so much is heard before the pipe is closed."""
    said: list[bytes] = []

    def listen() -> None:
        said.extend(mine.recv_bytes() for _ in range(many))
        mine.close()

    listening = threading.Thread(target=listen)
    listening.start()
    serve(theirs, packed_node(node))
    listening.join()
    return said


@pytest.mark.usefixtures("handlers")
def test_the_child_answers_until_its_pipe_is_closed() -> None:
    mine, theirs = multiprocessing.Pipe()
    for text in ("hello", "raise ValueError"):
        mine.send_bytes(packed_query(Query.of(text)))

    ready, answer, failure = served(mine, theirs, Puppet(concurrency=1), 3)

    assert pickle.loads(ready) is None
    assert opened_query(pickle.loads(answer), "puppet").found["thought"] == "HELLO"
    told = pickle.loads(failure)
    assert isinstance(told, Raised)
    assert isinstance(raised_again(told), ValueError)


@pytest.mark.usefixtures("handlers")
def test_a_child_that_cannot_unpack_its_node_says_so_and_ends() -> None:
    mine, theirs = multiprocessing.Pipe()

    serve(theirs, packed_node(Broken(name="broken")))

    assert "no such library there" in pickle.loads(mine.recv_bytes())


def test_a_query_for_a_process_that_is_gone_is_lost_and_says_how_it_ended() -> None:
    child = Child("puppet", packed_node(Puppet(concurrency=1)), "spawn")
    child.wait_until_ready()
    child.kill()
    child._process.join()

    with pytest.raises(NodeLost, match=r"the process of node 'puppet' died \(SIGKILL\)"):
        child.ask(Query.of("hello"), threading.Event())

    assert not child.alive


def test_a_query_that_was_given_up_before_its_turn_is_not_sent() -> None:
    child = Child("puppet", packed_node(Puppet(concurrency=1)), "spawn")
    child.wait_until_ready()
    given_up = threading.Event()
    given_up.set()

    with pytest.raises(OutOfTime, match="was given up before it was begun"):
        child.ask(Query.of("hello"), given_up)

    child.end(5.0)
    assert not child.alive


def test_a_process_that_is_begun_while_the_node_closes_is_ended_at_once() -> None:
    node = ProcessNode(Puppet(concurrency=1))
    node.kill()  # what `close` does first; a query that was let in before still begins its process

    with pytest.raises(NodeLost):
        run(node.handle(Query.of("hello")))

    run(node.close(0.0))


@pytest.mark.parametrize(
    ("code", "words"), [(None, "exit code None"), (3, "exit code 3"), (-9, "SIGKILL"), (-999, "signal 999")]
)
def test_how_a_process_ended_is_told_in_words(code: int, words: str) -> None:
    assert how_it_ended(code) == words


class Unbuildable(Exception):
    """It is pickled by its text, and built from two."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"{one} {other}")


class _Raising(Puppet):
    def handle(self, query: Query) -> Query:
        if query.text == "unbuildable":
            raise Unbuildable("not", "again")
        return None  # type: ignore[return-value]  # what a node must not do


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize(("text", "kind"), [("unbuildable", NodeRaised), ("nothing", NotPortable)])
def test_what_does_not_come_out_of_a_pipe_is_told_by_its_name(text: str, kind: type[Exception]) -> None:
    mine, theirs = multiprocessing.Pipe()
    mine.send_bytes(packed_query(Query.of(text)))
    _, answer = served(mine, theirs, _Raising(concurrency=1), 2)

    assert isinstance(raised_again(pickle.loads(answer)), kind)
