from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openfeature.flag_evaluation import FlagResolutionDetails
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

from runtime.guardian.file_provider import FileProvider
from runtime.guardian.modules import ModuleGate, flag_of
from runtime.guardian.rollout import BUCKETS, bucket, reaches
from runtime.guardian.switch_file import SwitchFile
from runtime.guardian.switches import Switches
from runtime.telemetry.events import Event, SwitchRead


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0  # every look is a second later: nothing is taken for fresh
        return self.now


class Listener:
    def __init__(self) -> None:
        self.said: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.said.append(event)


class BrokenProvider(InMemoryProvider):
    def __init__(self) -> None:
        super().__init__({})

    def resolve_boolean_details(self, flag_key: str, default_value: bool, evaluation_context: Any = None) -> Any:
        raise ConnectionError("the flag service is gone")


def opened(path: Path, *declared: str) -> tuple[Switches, Listener]:
    listener = Listener()
    return Switches(FileProvider(SwitchFile(path)), listener, declared, Clock()), listener


def written(folder: Path, text: str) -> Path:
    path = folder / "switches.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_switch_says_what_the_file_says(tmp_path: Path) -> None:
    switches, _ = opened(written(tmp_path, "[switches]\nanswer.verbose = true\n'answer.short' = false\n"))

    assert switches.is_on("answer.verbose")
    assert not switches.is_on("answer.short")


def test_a_kill_switch_acts_without_a_restart(tmp_path: Path) -> None:
    path = written(tmp_path, "[switches]\nx = true\n")
    switches, listener = opened(path)

    before = switches.is_on("x")
    path.write_text("[switches]\nx = false\n", encoding="utf-8")
    after = switches.is_on("x")

    assert (before, after) == (True, False)
    assert listener.said == [SwitchRead("x", True, "static"), SwitchRead("x", False, "static")]


def test_a_switch_that_is_nearly_called_as_one_that_is_asked_is_said_and_others_are_not(tmp_path: Path) -> None:
    path = written(tmp_path, "[switches]\nmodule.node.recal = false\nmodule.node.varied-recall = false\nx = true\n")
    switches, listener = opened(path, "module.node.recall", "module.node.gaps")

    assert switches.is_on("module.node.recall")
    said = [event for event in listener.said if isinstance(event, SwitchRead) and not event.value]
    assert said == [SwitchRead("module.node.recal", False, "nothing is called so; did you mean module.node.recall?")]

    path.write_text("[switches]\nmodule.node.gapps = true\n", encoding="utf-8")
    switches.is_on("module.node.recall")
    assert SwitchRead("module.node.gapps", False, "nothing is called so; did you mean module.node.gaps?") in (
        listener.said
    )


def test_an_edit_that_changes_neither_size_nor_time_is_read_all_the_same(tmp_path: Path) -> None:
    path = written(tmp_path, "[switches]\nx = true #\n")
    switches, _ = opened(path)
    assert switches.is_on("x")
    status = path.stat()

    with path.open("r+", encoding="utf-8") as file:
        file.write("[switches]\nx = false#\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert not switches.is_on("x")


def test_a_file_that_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    path = written(tmp_path, "[switches]\nx = true\n")
    os.utime(path, ns=(1, 1))
    file = SwitchFile(path)
    board = file.board

    assert file.refresh() == file.refresh() == 1
    assert file.board is board


@pytest.mark.parametrize(
    "text",
    [
        "[switches\n",
        "\x00",
        "switches = 3\n",
        "[other]\nx = true\n",
        "[switches]\nx = true\nx = true\n",
        "x = true",
        "[switches]\nx = true\n" + "#" * (1 << 20),
    ],
    ids=["no TOML", "a zero byte", "no table", "another table", "twice", "above the table", "too long"],
)
def test_everything_is_off_when_the_file_makes_no_sense_and_the_reason_says_so(tmp_path: Path, text: str) -> None:
    switches, listener = opened(written(tmp_path, text), "module.node.recall")

    assert not switches.is_on("x")
    assert not switches.is_on("module.node.recall")
    assert all("makes no sense" in said.reason for said in listener.said if isinstance(said, SwitchRead))
    assert len(listener.said) == 2


def test_everything_is_off_when_the_file_is_gone(tmp_path: Path) -> None:
    path = written(tmp_path, "[switches]\nx = true\n")
    switches, _ = opened(path, "module.node.recall")
    assert switches.is_on("x")

    path.unlink()

    assert not switches.is_on("x")
    assert "cannot be read" in switches.decide("module.node.recall").reason


@pytest.mark.parametrize(
    "value",
    [
        *["'yes'", "1", "[true]", "{}", "{percent = 101}", "{percent = true}", "{percent = 'all'}", "{percent = nan}"],
        *["{percent = 5, subjects = 'a'}", "{percent = 5, subject = ['a']}", "{because = 'x'}"],
    ],
)
def test_one_switch_that_makes_no_sense_is_off_and_the_others_stay_as_they_are(tmp_path: Path, value: str) -> None:
    switches, _ = opened(written(tmp_path, f"[switches]\nx = {value}\ny = true\n"), "x")

    assert not switches.is_on("x")
    assert "cannot be read" in switches.decide("x").reason
    assert switches.is_on("y")


def test_what_no_file_names_is_off_unless_its_lane_declares_it(tmp_path: Path) -> None:
    switches, _ = opened(written(tmp_path, "[switches]\n"), "module.node.recall")

    assert switches.is_on("module.node.recall")
    assert not switches.is_on("module.node.other")


def test_without_a_file_the_modules_are_on_and_nothing_else() -> None:
    switches = Switches.from_file(None, declared=["module.node.recall"])

    assert switches.is_on("module.node.recall")
    assert not switches.is_on("answer.verbose")


def test_a_provider_that_raises_turns_everything_off() -> None:
    switches = Switches(BrokenProvider(), declared=["module.node.recall"])

    assert not switches.is_on("module.node.recall")
    assert "the flag service is gone" in switches.decide("module.node.recall").reason


def test_another_provider_takes_the_place_of_the_file() -> None:
    provider = InMemoryProvider({"x": InMemoryFlag("on", {"on": True, "off": False})})
    switches = Switches(provider, declared=["y"])

    assert switches.is_on("x")
    assert switches.is_on("y")
    assert not switches.is_on("z")


def test_an_answer_of_a_wrong_type_is_off() -> None:
    class Confused(InMemoryProvider):
        def resolve_boolean_details(self, flag_key: str, default_value: bool, evaluation_context: Any = None) -> Any:
            return FlagResolutionDetails("true")

    assert not Switches(Confused({})).is_on("x")


def test_a_rollout_reaches_its_share_and_the_subjects_that_it_names(tmp_path: Path) -> None:
    switches, _ = opened(written(tmp_path, "[switches]\nx = {percent = 20, subjects = ['always']}\n"))

    reached = sum(switches.is_on("x", f"subject {number}") for number in range(4000))

    assert 700 < reached < 900
    assert switches.is_on("x", "always")
    assert not switches.is_on("x")


@given(st.text(), st.text(), st.floats(0, 100), st.floats(0, 100))
def test_who_is_reached_stays_reached_when_the_rollout_grows(flag: str, subject: str, one: float, other: float) -> None:
    less, more = sorted([one, other])

    assert reaches(flag, subject, more) or not reaches(flag, subject, less)
    assert reaches(flag, subject, 100)
    assert not reaches(flag, subject, 0)
    assert 0 <= bucket(flag, subject) < BUCKETS


def test_a_subject_is_in_the_same_bucket_in_every_release() -> None:
    assert [bucket("x", "a"), bucket("x", "b"), bucket("module.node.recall", "7f")] == [986, 6692, 7272]


def test_a_rollout_reaches_the_same_subjects_in_every_release() -> None:
    subjects = [chr(code) for code in range(ord("a"), ord("z") + 1)]

    assert "".join(subject for subject in subjects if reaches("x", subject, 30)) == "aejlrtuvyz"


def test_a_module_that_is_switched_off_admits_nobody(tmp_path: Path) -> None:
    path = written(tmp_path, "[switches]\nmodule.node.salience = false\n")
    gate = ModuleGate(opened(path, flag_of("node", "salience"), flag_of("node", "recall"))[0])

    assert not gate.admits("salience", "query 1")
    assert gate.admits("recall", "query 1")
