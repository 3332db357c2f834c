"""A node in processes of its own: real ones, which die, hang and refuse."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Callable, Optional

import pytest

from runtime.errors import ConfigurationFault
from runtime.orchestrator.placement import NodeBusy, NodeLost, NodeRaised, NotPortable
from runtime.orchestrator.placement.in_process import ProcessNode
from runtime.orchestrator.query import Query
from runtime.telemetry.events import Event, OrphansCounted
from tests.placement.fakes import Broken, OnlyHere, Polite, Puppet
from tests.placement.test_threads import eventually, run

events: list[Event] = []


@pytest.fixture(scope="module")
def node() -> Iterator[ProcessNode]:
    placed = ProcessNode(Puppet(concurrency=1), observe=events.append, patience=0.02)
    run(placed.start())
    yield placed
    assert run(placed.close()) == 0


async def answered(node: ProcessNode, text: str) -> object:
    """What it finds, as soon as it has a process again."""
    while True:
        try:
            return (await node.handle(Query.of(text))).found["thought"]
        except NodeBusy:
            await asyncio.sleep(0.01)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def others_than(pid: Optional[int]) -> Callable[[], bool]:
    return lambda: bool({child.pid for child in multiprocessing.active_children() if child.name == "puppet"} - {pid})


def test_the_work_is_done_in_another_process_and_the_query_comes_back_whole(node: ProcessNode) -> None:
    asked = Query.of("pid", "00-" + "a" * 32 + "-" + "b" * 16 + "-01").with_finding("memory", ("one", {2: {3}}))

    answer = run(node.handle(asked))

    assert answer.found["thought"] != os.getpid()
    assert answer.found["memory"] == ("one", {2: {3}})
    assert answer._replace(found={}) == asked._replace(found={})


def test_what_the_node_raises_comes_out_as_it_is_with_the_traceback_from_there(node: ProcessNode) -> None:
    with pytest.raises(ValueError, match="as told") as raised:
        run(node.handle(Query.of("raise ValueError")))
    assert "fakes.py" in str(raised.value.__cause__)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("raise-only-here", OnlyHere.__name__),
        ("exit", "SystemExit"),
        ("raise StopIteration", "StopIteration"),
        ("raise Cancelled", "CancelledError"),
        ("raise NodeBusy", "NodeBusy"),  # out of work that was begun, and so no refusal
    ],
)
def test_what_cannot_be_raised_here_comes_as_name_and_text(node: ProcessNode, text: str, kind: str) -> None:
    with pytest.raises(NodeRaised) as raised:
        run(node.handle(Query.of(text)))
    assert raised.value.kind == kind


def test_what_cannot_travel_fails_one_query(node: ProcessNode) -> None:
    before = run(answered(node, "pid"))
    with pytest.raises(NotPortable, match="does not go into another process"):
        run(node.handle(Query.of("hello").with_finding("memory", lambda: 0)))
    with pytest.raises(NotPortable, match="lock"):
        run(node.handle(Query.of("unpicklable")))
    with pytest.raises(NotPortable, match="gave back None; a node gives back the Query"):
        run(node.handle(Query.of("nothing")))
    assert run(answered(node, "pid")) == before


def test_an_answer_larger_than_any_pipe_holds_comes_through(node: ProcessNode) -> None:
    assert len(str(run(answered(node, "large 5000000")))) == 5_000_000


def test_a_process_that_dies_fails_its_query_and_another_takes_its_place(node: ProcessNode) -> None:
    before = int(str(run(answered(node, "pid"))))
    with pytest.raises(NodeLost, match="SIGKILL"):
        run(node.handle(Query.of("kill")))
    run(eventually(others_than(before)))  # nobody has asked for it
    assert run(answered(node, "pid")) != before


def test_a_process_that_does_not_stop_is_killed_and_another_takes_its_place(node: ProcessNode, tmp_path: Path) -> None:
    events.clear()
    marker = tmp_path / "pid"

    async def give_up() -> None:
        asked = asyncio.ensure_future(node.handle(Query.of(f"hang {marker}")))
        await eventually(lambda: marker.exists() and marker.read_text())
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert node.leftovers == 1
        with pytest.raises(NodeBusy):
            await node.handle(Query.of("while it hangs"))
        await eventually(lambda: len(events) == 2)
        assert await answered(node, "pid") != int(marker.read_text())

    run(give_up())
    assert gone(int(marker.read_text()))
    assert events == [OrphansCounted("thought", "puppet", 1), OrphansCounted("thought", "puppet", 0)]


def test_one_that_is_killed_while_it_is_idle_fails_the_next_query_only(node: ProcessNode) -> None:
    os.kill(int(str(run(answered(node, "pid")))), signal.SIGKILL)
    with pytest.raises(NodeLost):
        run(node.handle(Query.of("hello")))
    assert run(answered(node, "hello")) == "HELLO"


def test_a_coroutine_function_works_in_a_process_begun_by_a_forkserver() -> None:
    async def ask() -> None:
        node = ProcessNode(Polite(concurrency=2), start_method="forkserver")
        found = await asyncio.gather(*[answered(node, "sleep 0") for _ in range(4)])
        assert os.getpid() not in found
        await node.close()

    run(ask())


def test_a_node_that_cannot_be_pickled_is_refused_before_anything_begins() -> None:
    puppet = Puppet()
    puppet.name = lambda: 0  # type: ignore[assignment]
    with pytest.raises(ConfigurationFault, match="place it in a thread"):
        ProcessNode(puppet)


def test_a_node_that_does_not_unpack_there_says_why() -> None:
    async def begin() -> None:
        node = ProcessNode(Broken(concurrency=1))
        try:
            with pytest.raises(NodeLost, match="ImportError: no such library there"):
                await node.start()
        finally:
            await node.close(0)

    run(begin())


def test_to_close_ends_all_processes_also_one_that_hangs(tmp_path: Path) -> None:
    marker = tmp_path / "pid"

    async def close() -> None:
        node = ProcessNode(Puppet(name="closed", concurrency=2))
        await node.start()
        asked = asyncio.ensure_future(node.handle(Query.of(f"hang {marker}")))
        await eventually(lambda: marker.exists() and marker.read_text())
        assert await node.close(0.01) == 0
        with pytest.raises(NodeLost):
            await asked
        with pytest.raises(NodeBusy, match="shut down"):
            await node.handle(Query.of("hello"))

    run(close())
    assert not [child for child in multiprocessing.active_children() if child.name == "closed"]


PROGRAM = """
import asyncio, sys, time
from runtime.orchestrator.placement.in_process import ProcessNode
from runtime.orchestrator.query import Query
from tests.placement.fakes import Puppet
async def ask():
    node = ProcessNode(Puppet(concurrency=1), patience=60.0 if sys.argv[1] == "0" else 0.0)
    await node.handle(Query.of("hello"))
    try:
        await asyncio.wait_for(node.handle(Query.of("deaf 30")), 0.05)
    except asyncio.TimeoutError:
        print("gave up", flush=True)
    time.sleep(float(sys.argv[1]))
if __name__ == "__main__":
    asyncio.run(ask())
"""


@pytest.mark.parametrize(("parent_sleeps", "code"), [(60, -signal.SIGKILL), (0, 0)])
def test_no_process_outlives_a_parent_that_was_killed_or_forgot_to_close(
    parent_sleeps: int, code: int, tmp_path: Path
) -> None:
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    command = [sys.executable, str(script), str(parent_sleeps)]
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=here) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "gave up\n"
        if parent_sleeps:
            parent.kill()
        out, errors = parent.communicate(timeout=20)  # the output ends when no process holds it any more
    assert (out, parent.returncode) == ("", code)
    assert parent_sleeps or not errors  # one that is just being begun when its parent is killed may say so
