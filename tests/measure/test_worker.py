"""What times: counts that are the same each time, and a fixture with pytest-benchmark's face."""

from __future__ import annotations

import contextlib
import inspect
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_benchmark.fixture import BenchmarkFixture

from gates.measure import launch as launching
from gates.measure.launch import Launch, LaunchFailed, environment
from gates.measure.worker import Benchmark, Parent, instructions_of, memory_of, work


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
