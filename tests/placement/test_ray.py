"""A node in a Ray actor; only where Ray is installed, which is large and in no lock of this repository."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.orchestrator.placement import NodeBusy, NodeLost, NodeRaised, NotPortable, place
from runtime.orchestrator.query import Query
from runtime.telemetry.events import Event, OrphansCounted
from tests.placement.fakes import Broken, Puppet
from tests.placement.test_threads import eventually, run

ray = pytest.importorskip("ray")
pytestmark = pytest.mark.filterwarnings("default")  # what Ray itself does not close is not ours to judge

from runtime.orchestrator.placement.in_ray import RayNode  # noqa: E402  # there is nothing to import without Ray

events: list[Event] = []
SPANS = {("7", "thought", "puppet"): "below"}


@pytest.fixture(scope="module")
def node() -> Iterator[RayNode]:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=80_000_000)
    where = {"nodes": {"puppet": "ray"}}
    (placed,) = place([Puppet(concurrency=1)], where, observe=events.append, span_of=lambda *one: SPANS.get(one)).nodes
    assert isinstance(placed, RayNode)
    run(placed.start())
    yield placed
    run(placed.close())
    ray.shutdown()


def test_the_work_is_done_in_an_actor_and_the_query_comes_back_whole(node: RayNode) -> None:
    asked = Query.of("pid").with_finding("memory", ("one", {2: {3}}))
    answer = run(node.handle(asked))
    assert answer.found["thought"] != os.getpid()
    assert answer.found["memory"] == ("one", {2: {3}})
    assert answer._replace(found={}) == asked._replace(found={})


def test_what_is_done_there_stands_below_the_span_of_the_attempt_and_goes_on_in_its_querys_trace(node: RayNode) -> None:
    answer = run(node.handle(Query("traceparent", "7", remaining=10.0, traceparent="above")))

    assert (answer.found["thought"], answer.traceparent) == ("below", "above")


def test_what_the_node_raises_comes_out(node: RayNode) -> None:
    with pytest.raises(ValueError, match="as told"):
        run(node.handle(Query.of("raise ValueError")))
    with pytest.raises(NodeRaised, match="SystemExit"):
        run(node.handle(Query.of("exit")))
    with pytest.raises(NotPortable):
        run(node.handle(Query.of("unpicklable")))


def test_to_cancel_returns_at_once_and_the_leftover_holds_its_place_until_it_ends(
    node: RayNode, tmp_path: Path
) -> None:
    events.clear()

    async def give_up() -> None:
        asked = asyncio.ensure_future(node.handle(Query.of("sleep 1")))
        await asyncio.sleep(0.3)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        with pytest.raises(NodeBusy):
            await node.handle(Query.of("hello"))
        await eventually(lambda: len(events) == 2)
        assert (await node.handle(Query.of("hello"))).found["thought"] == "HELLO"

    run(give_up())
    assert events == [OrphansCounted("thought", "puppet", 1), OrphansCounted("thought", "puppet", 0)]


def test_an_actor_that_dies_fails_its_query_and_is_begun_again(node: RayNode) -> None:
    with pytest.raises(NodeLost, match="is lost"):
        run(node.handle(Query.of("kill")))

    async def again() -> Query:
        while True:
            try:
                return await node.handle(Query.of("hello"))
            except NodeLost:
                await asyncio.sleep(0.05)

    assert run(again()).found["thought"] == "HELLO"


def test_a_node_that_does_not_unpack_there_says_why(node: RayNode) -> None:
    with pytest.raises(NodeLost, match="no such library there"):
        run(RayNode(Broken(name="broken")).start())
