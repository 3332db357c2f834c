"""What times: counts that are the same each time, and a fixture with pytest-benchmark's face."""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_benchmark.fixture import BenchmarkFixture

from gates.measure import launch as launching
from gates.measure import native
from gates.measure.launch import Launch, LaunchFailed, environment
from gates.measure.worker import Benchmark, Parent, _tests, instructions_of, main, memory_of, work


class Asking(Parent):
    """A parent that asks what it was made with, and keeps what it is told."""

    def __init__(self, *asked: dict[str, Any]) -> None:
        self.told: list[dict[str, Any]] = []
        self._waiting = list(asked)

    def tell(self, what: dict[str, Any]) -> None:
        self.told.append(what)

    def asks(self) -> dict[str, Any]:
        return self._waiting.pop(0)


class Node:
    name = nodeid = "test_it"


@given(st.integers(0, 400))
def test_instructions_are_counted_alike_each_time(amount: int) -> None:
    assert instructions_of(lambda: work(amount)) == instructions_of(lambda: work(amount))


def test_half_a_per_cent_more_work_shows_in_the_count() -> None:
    before, now = (instructions_of(lambda amount=amount: work(amount)) for amount in (2000, 2010))  # type: ignore[misc]

    assert now / before == pytest.approx(1.005, abs=0.001)


def test_a_thread_that_the_call_starts_is_counted_too() -> None:
    def call() -> None:
        thread = threading.Thread(target=work, args=(500,))
        thread.start()
        thread.join()

    assert instructions_of(call) > instructions_of(lambda: work(500))


def test_what_a_call_holds_at_once_is_told_and_not_what_it_gives_back() -> None:
    assert memory_of(lambda: bytes(3_000_000)) == pytest.approx(3_000_000, rel=0.01)
    assert memory_of(lambda: [bytes(1_000_000) and None for _ in range(9)]) == pytest.approx(1_000_000, rel=0.05)


def test_rounds_are_timed_when_the_parent_says_so() -> None:
    parent = Asking({"round": 3}, {"instructions": 2}, {"memory": 1}, {"leave": 1})
    calls: list[int] = []

    def call() -> int:
        calls.append(1)
        return len(calls)

    result = Benchmark(parent, Node())(call)

    at, turn, counted, held = parent.told
    assert at["at"] == "test_it"
    assert turn["seconds"] >= turn["each"][0] > 0
    assert len(counted["instructions"]) == 2
    assert held["memory"] >= 0
    assert result == len(calls)


def test_what_is_prepared_is_prepared_for_each_call_and_given_back() -> None:
    parent = Asking({"round": 4}, {"leave": 1})
    prepared: list[int] = []
    ended: list[int] = []

    def setup() -> Any:
        prepared.append(len(prepared))
        return (len(prepared),), {"more": 1}

    result = Benchmark(parent, Node()).pedantic(
        lambda one, more: one + more, setup=setup, teardown=lambda one, more: ended.append(one)
    )

    assert result == len(prepared) + 1
    assert ended == list(range(1, len(prepared) + 1))


@pytest.mark.parametrize("method", ["__call__", "pedantic"])
def test_the_fixture_takes_what_pytest_benchmarks_takes(method: str) -> None:
    ours, theirs = (
        [(name, each.kind, each.default) for name, each in inspect.signature(getattr(kind, method)).parameters.items()]
        for kind in (Benchmark, BenchmarkFixture)
    )

    assert ours == theirs


@contextlib.contextmanager
def launched(folder: Path, asked: dict[str, Any]) -> Iterator[Launch]:
    launch = Launch(folder, asked, environment(folder, 1))
    try:
        yield launch
    finally:
        launch.close()


def test_a_worker_is_a_process_that_takes_turns(tmp_path: Path) -> None:
    with launched(tmp_path, {"work": 100}) as launch:
        assert launch.hear()["at"] == "work"
        assert len(launch.answer({"round": 2})["each"]) == 1
        assert launch.answer({"leave": 1})["ended"] == 0


def test_a_worker_that_fails_is_told_with_its_last_words(tmp_path: Path) -> None:
    with launched(tmp_path, {"tests": 7, "names": None, "lean": True}) as launch, pytest.raises(LaunchFailed) as failed:
        launch.hear()

    assert "ended with 1 before it was done" in str(failed.value)
    assert "TypeError" in str(failed.value)


def test_a_worker_that_says_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "PATIENCE", 0.0)

    with launched(tmp_path, {"work": 100}) as launch, pytest.raises(LaunchFailed, match="said nothing for 0 seconds"):
        launch.hear()


# What a worker does with tests, in this process


TESTS = """import pytest

@pytest.fixture
def more():
    return 1

@pytest.mark.benchmark(group="sums")
def test_sum(benchmark, more):
    assert benchmark(sum, [1, more]) == 2

@pytest.mark.parametrize("many", [3])
def test_length(benchmark, many):
    assert benchmark.param == "3"
    assert benchmark(len, [0] * many) == 3

def test_that_measures_nothing():
    assert True

def test_that_fails(benchmark):
    benchmark(lambda: 1 / 0)

def test_that_is_skipped(benchmark):
    pytest.skip("not here")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of a name that no module has; its modules and its place in `sys.path` are forgotten afterwards."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers --import-mode=importlib\n", "utf-8")
    (tmp_path / "test_of_a_worker.py").write_text(TESTS, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "argv", ["worker.py"])
    return tmp_path


def served(parent: Asking, names: Optional[list[str]], lean: bool = True) -> list[dict[str, Any]]:
    _tests(parent, {"tests": ["test_of_a_worker.py"], "names": names, "lean": lean})
    return parent.told


def named(*tests: str) -> list[str]:
    return [f"test_of_a_worker.py::{test}" for test in tests]


def test_only_the_tests_that_use_the_fixture_are_collected_with_their_lines(folder: Path) -> None:
    (ended,) = served(Asking(), [])

    assert ended["ended"] == 5
    assert [(name.partition("::")[2], path, line) for name, path, line in ended["collected"]] == [
        ("test_sum", "test_of_a_worker.py", 7),
        ("test_length[3]", "test_of_a_worker.py", 11),
        ("test_that_fails", "test_of_a_worker.py", 19),
        ("test_that_is_skipped", "test_of_a_worker.py", 22),
    ]


@pytest.mark.parametrize("lean", [True, False])
def test_the_tests_that_were_named_run_in_that_order(folder: Path, lean: bool) -> None:
    parent = Asking({"round": 1}, {"leave": 1}, {"leave": 1})

    told = served(parent, named("test_length[3]", "test_sum", "test_of_another_tree"), lean)

    assert [each["at"] for each in told if "at" in each] == named("test_length[3]", "test_sum")
    assert told[-1]["ended"] == 0
    assert os.path.realpath(str(inspect.getsourcefile(json))) in told[-1]["loaded"]


def test_a_test_that_fails_or_is_skipped_is_told_with_the_reason(folder: Path) -> None:
    failed, skipped, ended = served(Asking(), named("test_that_fails", "test_that_is_skipped"))

    assert (failed["failed"], failed["why"]) == (*named("test_that_fails"), "ZeroDivisionError: division by zero")
    assert (skipped["failed"], skipped["why"]) == (*named("test_that_is_skipped"), "Skipped: not here")
    assert ended["ended"] == 1


def test_work_is_served_over_the_pipes_that_the_command_line_names(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    asking, ask = os.pipe()
    hearing, tell = os.pipe()
    os.write(ask, b'{"work": 10}\n{"round": 2}\n{"native": 3}\n{"leave": 1}\n')
    monkeypatch.setattr(sys, "argv", ["worker.py", str(asking), str(tell)])

    main()

    os.close(ask)
    with os.fdopen(hearing, "r", encoding="ascii") as stream:
        at, turn, counted, ended = (json.loads(stream.readline()) for _ in range(4))
    assert (at["at"], len(turn["each"]), counted, ended["ended"]) == ("work", 1, {"native": 0}, 0)


VALGRIND = """#!{python}
import os, sys
place = next(word.split("=", 1)[1] for word in sys.argv if word.startswith("--callgrind-out-file="))
for part in (1, 2, 3):
    with open(f"{{place}}.{{part}}", "w") as stream:
        stream.write(f"version: 1\\ntotals: {{100 + part}}\\n")
words = [word for word in sys.argv[1:] if not word.startswith("--")]
os.execv(words[0], words)
"""


def test_what_valgrind_wrote_is_read_call_by_call(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that writes what valgrind writes, and counts nothing."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    program = folder / "valgrind"
    program.write_text(VALGRIND.format(python=sys.executable), "utf-8")
    program.chmod(0o755)
    names = {"head": named("test_sum", "test_length[3]"), "base": []}

    found = native.counted(str(program), {"head": folder, "base": folder}, True, names, until=time.monotonic() + 300)

    assert found == {"head": {named("test_sum")[0]: (101, 102, 103)}}


def test_where_the_time_is_over_nothing_is_counted(folder: Path) -> None:
    names = {"head": named("test_sum")}

    assert native.counted("/usr/bin/env", {"head": folder}, True, names, until=0.0) == {"head": {}}
