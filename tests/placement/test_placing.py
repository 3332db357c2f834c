"""Where a node runs is chosen by configuration alone, and what the configuration says wrongly is named."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from runtime.errors import ConfigurationFault
from runtime.orchestrator.placement import place
from runtime.orchestrator.placement.in_process import ProcessNode
from runtime.orchestrator.placement.in_thread import ThreadNode
from runtime.orchestrator.placement.nats_worker import serve_nodes
from runtime.orchestrator.query import Query
from tests.placement.fakes import Broken, Polite, Puppet
from tests.placement.nats_server import NatsServer
from tests.placement.test_threads import run


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    running = NatsServer(tmp_path_factory.mktemp("nats")).start()
    yield running
    running.stop()


@pytest.mark.parametrize("where", ["loop", "thread", "process", "nats"])
def test_the_same_node_finds_the_same_wherever_the_configuration_places_it(server: NatsServer, where: str) -> None:
    placed = place([Polite()], {"nodes": {"puppet": where}, "nats": {"url": server.url}})

    async def ask() -> None:
        stop, ready = asyncio.Event(), asyncio.Event()
        worker = asyncio.ensure_future(serve_nodes([Polite()], server.url, stop=stop, ready=ready.set))
        await ready.wait()
        async with placed:
            (node,) = placed.nodes
            assert (node.name, node.stage, node.concurrency) == ("puppet", "thought", 2)
            query = Query.of("hello")._replace(remaining=10.0).with_finding("memory", ("one", {"two": b"3"}))
            assert (await node.handle(query)).found == {"memory": ("one", {"two": b"3"}), "thought": "HELLO"}
        stop.set()
        await worker

    run(ask())


def test_what_is_done_in_a_process_stands_below_the_span_of_the_attempt_and_goes_on_in_its_querys_trace() -> None:
    asked = Query("traceparent", "7", remaining=10.0, traceparent="above")
    placed = place([Puppet()], {"nodes": {"puppet": "process"}}, span_of=lambda *attempt: " ".join(attempt))

    async def ask() -> Query:
        async with placed:
            return await placed.nodes[0].handle(asked)

    answer = run(ask())

    assert answer.found["thought"] == "7 thought puppet"
    assert answer.traceparent == "above"


def test_an_empty_configuration_leaves_nodes_in_the_loop_but_those_that_say_otherwise() -> None:
    class Blocks(Puppet):
        placement = "thread"

    here, blocks = Polite("here"), Blocks("blocks")
    placed = place([here, blocks], {})
    assert placed.nodes[0] is here
    assert isinstance(placed.nodes[1], ThreadNode)


def test_the_configuration_says_more_than_the_node() -> None:
    class Blocks(Puppet):
        placement = "thread"

    placed = place([Polite("blocks")], {"nodes": {"blocks": {"where": "process", "concurrency": 1, "patience": 0.5}}})
    assert isinstance(placed.nodes[0], ProcessNode)
    assert placed.nodes[0].concurrency == 1


def test_a_node_that_only_workers_have_is_placed_by_its_stage() -> None:
    configuration = {
        "nodes": {"oracle": {"where": "nats", "stage": "thought", "concurrency": 8, "repeatable": True}},
        "nats": {"url": "nats://127.0.0.1:1", "prefix": "elsewhere.v1", "connect_within": 0.1},
    }
    (node,) = place([], configuration).nodes
    assert (node.name, node.stage, node.concurrency) == ("oracle", "thought", 8)


@pytest.mark.parametrize(
    ("configuration", "what"),
    [
        ({"node": {}}, r"'node' means nothing here; did you mean 'nodes'\?"),
        ({"nodes": []}, r"'nodes' is \[\]; it is of type Mapping"),
        ({"nodes": {"puppet": "tread"}}, r"node 'puppet' is placed in 'tread'; use one of .*did you mean 'thread'\?"),
        ({"nodes": {"puppet": 3}}, "say where, one of loop, thread, process, nats, ray; not 3"),
        ({"nodes": {"puppet": {"stage": "thought"}}}, "say where"),
        ({"nodes": {"puppte": "thread"}}, r"no node 'puppte' to be placed; did you mean 'puppet'\?"),
        ({"nodes": {"puppet": {"where": "thread", "patience": 1}}}, "'patience' means nothing here"),
        (
            {"nodes": {"puppet": {"where": "process", "patience": "long"}}},
            "'patience' is 'long'; it is of type int or float",
        ),
        ({"nodes": {"puppet": {"where": "thread", "concurrency": True}}}, "'concurrency' is True; it is of type int"),
        ({"nodes": {"puppet": {"where": "thread", "concurrency": 0}}}, "its concurrency is 0; it is at least 1"),
        ({"nodes": {"puppet": "nats"}}, "needs its section nats with the url"),
        ({"nodes": {"puppet": "nats"}, "nats": {}}, "the url is missing"),
        (
            {"nodes": {"puppet": "nats"}, "nats": {"url": "here"}, "x": 1},
            "'x' means nothing here; there is nats, nodes",
        ),
        ({"nodes": {"oracle": "nats"}, "nats": {"url": "nats://127.0.0.1"}}, "node 'oracle': say its stage"),
        ({"nodes": {"puppet": "nats"}, "nats": {"url": "nats://127.0.0.1", "prefix": "a b"}}, "prefix"),
    ],
)
def test_what_makes_no_sense_is_named(configuration: Mapping[str, Any], what: str) -> None:
    with pytest.raises(ConfigurationFault, match=what):
        place([Polite()], configuration)


def test_a_plain_function_may_not_block_the_loop() -> None:
    with pytest.raises(ConfigurationFault, match="would block the loop; place it in a thread or a process"):
        place([Puppet()], {})


def test_what_was_begun_is_ended_when_another_part_does_not_begin() -> None:
    async def begin() -> None:
        placed = place([Puppet("good"), Broken("broken")], {"nodes": {"good": "process", "broken": "process"}})
        with pytest.raises(Exception, match="cannot be unpacked"):
            await placed.start()

    run(begin())


def test_nats_and_multiprocessing_are_imported_only_where_they_are_wanted() -> None:
    program = """
import sys
import runtime.orchestrator.placement
print([name for name in ("nats", "multiprocessing") if name in sys.modules])
"""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("COV")}  # coverage imports both
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=bare)
    assert said.stdout == "[]\n"
