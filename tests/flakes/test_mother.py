"""The process that has collected: what a child writes down of each test, and how a child that does not end is ended."""

from __future__ import annotations

import io
import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Optional

import pytest

from gates.flakes.circumstances import Entropy
from gates.flakes.mother import Child, Mother, moved

SUITE = """
import os
import signal
import time

import pytest

STATE = {}
DRAWN = []


@pytest.fixture
def broken():
    raise OSError("no database")


def test_passes():
    STATE["set"] = True
    assert os.environ["TMPDIR"].endswith("run")


def test_fails():
    assert 1 == 2, "they differ\\nin two lines"


def test_is_skipped():
    pytest.skip("not today")


def test_has_a_broken_fixture(broken):
    pass


def test_draws():
    DRAWN.append(os.urandom(4))
    assert DRAWN.count(DRAWN[0]) == 1


def test_hangs():
    time.sleep(60)


def test_dies():
    os.kill(os.getpid(), signal.SIGKILL)


def test_leaves_at_once():
    os._exit(3)


def test_leaves_a_process():
    if os.fork() == 0:
        time.sleep(60)
"""
NAMES = [line.partition("(")[0][len("def test_") :] for line in SUITE.splitlines() if line.startswith("def test_")]
PYTEST = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist"]


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the tests, in a process that is put back to what it was."""
    (tmp_path / "run").mkdir()
    (tmp_path / "test_suite.py").write_text(SUITE, "utf-8")
    monkeypatch.chdir(tmp_path)
    for holder, name in ((os, "urandom"), (random.Random, "seed"), (random, "_urandom"), (tempfile, "tempdir")):
        monkeypatch.setattr(holder, name, getattr(holder, name))
    for name in ("TMPDIR", "PYTEST_DEBUG_TEMPROOT", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    state = random.getstate()
    yield tmp_path
    random.setstate(state)
    sys.modules.pop("test_suite", None)


def job(
    suite: Path, *parts: Sequence[str], words: Sequence[str] = (), seconds: float = 30.0, leaks: bool = False
) -> Any:
    positions = [[NAMES.index(name) for name in part] for part in parts]
    out = [str(suite / f"part-{number}.jsonl") for number in range(len(parts))]
    own = {"parts": positions, "words": list(words), "leaks": leaks, "reach": [], "out": out}
    return {**own, "temporary": str(suite / "run"), "seconds": seconds}


def lines(suite: Path, part: int = 0) -> list[dict[str, Any]]:
    """What a child wrote of the tests that ended."""
    text = (suite / f"part-{part}.jsonl").read_text("utf-8")
    return [said for said in map(json.loads, text.splitlines()) if "ended" in said]


class Here:
    """A plugin that runs one job as a child would, in this process."""

    def __init__(self, asked: Any, suite: Path) -> None:
        self.asked, self.suite = asked, suite

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        entropy = Entropy()
        entropy.install()
        Child(session, self.asked, 0, entropy, str(self.suite)).run()
        return True


def run_here(suite: Path, asked: Any) -> list[dict[str, Any]]:
    pytest.main(
        ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist", str(suite)], [Here(asked, suite)]
    )
    return lines(suite)


def asked_of_a_mother(suite: Path, *jobs: Any) -> list[dict[str, Any]]:
    """What a mother answers; her children are forked from this process."""
    answers = io.StringIO()
    mother = Mother(io.StringIO("".join(f"{json.dumps(each)}\n" for each in jobs)), answers, str(suite))
    pytest.main([*PYTEST, str(suite)], [mother])
    return [json.loads(line) for line in answers.getvalue().splitlines()]


def test_how_each_test_ended_is_written_down_with_its_last_word(suite: Path) -> None:
    told = run_here(suite, job(suite, ["passes", "fails", "is_skipped", "has_a_broken_fixture"]))

    assert [each["how"] for each in told] == ["passed", "failed", "skipped", "failed"]
    assert [each["said"] for each in told] == [
        "",
        "AssertionError: they differ",
        "",
        "in its setup: OSError: no database",
    ]


def test_a_test_that_runs_twice_is_written_down_twice_and_draws_other_numbers(suite: Path) -> None:
    told = run_here(suite, job(suite, ["draws"], words=["times=2"]))

    assert [(each["how"], each["time"]) for each in told] == [("passed", 0), ("passed", 1)]


def test_what_a_test_leaves_changed_is_written_down(suite: Path) -> None:
    (told,) = run_here(suite, job(suite, ["passes"], leaks=True))

    assert any("STATE" in leak for leak in told["leaks"])


def test_several_parts_know_that_they_are_several(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_here(suite, job(suite, ["passes"], ["fails"]))

    assert os.environ["PYTEST_XDIST_WORKER"] == "gw0"
    assert os.environ["PYTEST_XDIST_WORKER_COUNT"] == "2"


def test_a_mother_tells_what_she_collected_and_how_each_part_of_a_job_ended(suite: Path) -> None:
    collected, first, second = asked_of_a_mother(
        suite,
        job(suite, ["passes"], ["fails"]),
        job(suite, ["leaves_a_process"], words=["load=stalls"]),
    )

    assert [name.partition("::test_")[2] for name in collected["tests"]] == NAMES
    assert collected["faults"] == []
    assert first == {"ended": ["", ""]}
    assert second == {"ended": [""]}


@pytest.mark.parametrize(
    ("name", "seconds", "why"),
    [
        ("hangs", 0.3, "did not end within 0 s"),
        ("dies", 30.0, "the process died of SIGKILL"),
        ("leaves_at_once", 30.0, "the process ended with 3"),
    ],
)
def test_a_child_that_does_not_end_as_it_should_is_told(suite: Path, name: str, seconds: float, why: str) -> None:
    _, answer = asked_of_a_mother(suite, job(suite, [name], seconds=seconds))

    assert answer == {"ended": [why]}


def test_what_cannot_be_collected_is_told(suite: Path) -> None:
    (suite / "test_broken.py").write_text("import nonsense_that_is_nowhere\n", "utf-8")

    (told,) = asked_of_a_mother(suite) or [{"faults": []}]

    assert told["faults"][0].startswith("test_broken.py: ")


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("/home/shop", "/copy"),
        ("/home/shop/src", "/copy/src"),
        ("/home/shopping", None),
        ("/home/shop/env/site-packages", None),
        (sys.prefix + "/lib", None),
    ],
)
def test_a_place_on_the_search_path_is_that_of_the_copy(place: str, expected: Optional[str]) -> None:
    assert moved(place, "/home/shop", "/copy") == (expected or place)
