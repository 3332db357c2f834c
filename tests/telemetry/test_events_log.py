"""What an operator wants to read is one line, whatever its texts hold, and a flood of it is one line a second."""

from __future__ import annotations

import json
import logging
import shlex
from collections.abc import Iterator
from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.telemetry.events import (
    Event,
    MemoryFolded,
    NodeEjected,
    PluginBuilt,
    QueryFinished,
    QueryShed,
    SwitchRead,
)
from runtime.telemetry.events_log import EventsLog
from tests.telemetry.told import ONE_OF_EACH, finished, query

PLUGIN = PluginBuilt("node", "plan", "candidate", "loaded", "constructor", "lab 1.0", 0.0123456789, 0.5)


class Lines(logging.Handler):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.levels: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))
        self.levels.append(record.levelname)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def lines() -> Iterator[Lines]:
    lines = Lines()
    yield lines
    lines.close()


def log_to(lines: Lines, as_json: bool = True, clock: Optional[Clock] = None) -> EventsLog:
    logger = logging.Logger("of this test", logging.INFO)
    logger.addHandler(lines)
    return EventsLog(logger, as_json, clock or Clock())


def written(events: list[Event], as_json: bool = True) -> Lines:
    lines = Lines()
    log = log_to(lines, as_json)
    for event in events:
        log(event)
    return lines


def test_a_plugin_is_logged_with_route_state_distribution_lane_and_times() -> None:
    (line,) = written([PLUGIN]).lines

    assert json.loads(line) == {
        "event": "plugin",
        "kind": "node",
        "name": "plan",
        "lane": "candidate",
        "state": "loaded",
        "route": "constructor",
        "distribution": "lab 1.0",
        "import_seconds": 0.012346,
        "build_seconds": 0.5,
    }


def test_the_same_as_pairs() -> None:
    (line,) = written([PLUGIN], as_json=False).lines

    assert dict(pair.split("=", 1) for pair in shlex.split(line))["distribution"] == "lab 1.0"
    assert line.startswith("event=plugin kind=node name=plan lane=candidate state=loaded route=constructor")


@pytest.mark.parametrize(
    ("event", "level"),
    [
        (PLUGIN, "INFO"),
        (PLUGIN._replace(state="failed"), "ERROR"),
        (PLUGIN._replace(state="shadowed"), "WARNING"),
        (NodeEjected("memory", "near", 1.0, "errors"), "WARNING"),
        (MemoryFolded("sqlite", "folded", 3, 0.1), "INFO"),
        (MemoryFolded("sqlite", "failed", 3, 0.1, "no summary"), "WARNING"),
        (QueryFinished("q", "failed", 0, 0.1, 0.25, "memory"), "ERROR"),
        (QueryFinished("q", "degraded", 0, 0.1, 0.25), "WARNING"),
        (finished(ending="abandoned"), "WARNING"),
        (SwitchRead("recall", True, "static"), "INFO"),
        (SwitchRead("recall", False, "static"), "WARNING"),
        (SwitchRead("recall", False, "split"), "INFO"),
    ],
)
def test_each_has_the_level_of_what_it_asks_of_the_reader(event: Event, level: str) -> None:
    assert written([event]).levels == [level]


def test_a_rollout_is_written_once_and_not_for_every_subject() -> None:
    split = [SwitchRead("recall", number % 2 == 0, "split") for number in range(20)]
    targeted = SwitchRead("recall", True, "targeting_match")

    lines = written([*split, targeted, *split, SwitchRead("recall", False, "static"), split[0]]).lines

    assert [json.loads(line)["reason"] for line in lines] == ["split", "static", "split"]


def test_a_query_that_goes_well_is_not_written() -> None:
    assert written(query()).lines == []


def test_every_kind_of_event_is_either_written_as_one_line_or_not_wanted() -> None:
    lines = [json.loads(line)["event"] for line in written(list(ONE_OF_EACH)).lines]

    assert lines == [
        "query_shed",
        "node_ejected",
        "node_readmitted",
        "orphans",
        "loop_lagged",
        "plugin",
        "fold",
        "switch",
        "spans_dropped",
    ]


@given(st.text())
@pytest.mark.parametrize("as_json", [True, False])
def test_no_text_ends_the_line_or_reaches_the_terminal(as_json: bool, text: str) -> None:
    (line,) = written([PLUGIN._replace(name=text, error=text)], as_json).lines

    assert line.isascii()
    assert line.isprintable()
    if as_json:
        assert json.loads(line)["name"] == text[:1_000]


@given(st.text(), st.text())
def test_no_text_makes_itself_a_pair_of_its_own(one: str, other: str) -> None:
    (line,) = written([PLUGIN._replace(name=one, error=other)], as_json=False).lines

    decoder, rest, names = json.JSONDecoder(), line, []
    while rest:
        name, _, rest = rest.partition("=")
        names.append(name)
        end = decoder.raw_decode(rest)[1] if rest.startswith('"') else len(rest.split(" ", 1)[0])
        rest = rest[end:].lstrip(" ")
    assert names == ["event", *PLUGIN._fields]


def test_a_long_text_is_cut() -> None:
    (line,) = written([PLUGIN._replace(error="x" * 100_000)]).lines

    assert len(line) < 2_000


def test_of_a_switch_only_a_change_is_written() -> None:
    on, off = SwitchRead("recall", True, "on for all"), SwitchRead("recall", False, "the file cannot be read")

    lines = written([on, on, off, off, on]).lines

    assert [json.loads(line)["value"] for line in lines] == [True, False, True]


def test_switches_without_end_are_not_kept_without_end(lines: Lines) -> None:
    log = log_to(lines)
    for number in range(1_000):
        log(SwitchRead(f"flag-{number}", True, "on"))

    assert len(log._switches) <= 256


def test_a_flood_is_one_line_a_second_that_says_how_many_there_were(lines: Lines) -> None:
    clock = Clock()
    log = log_to(lines, clock=clock)
    for _ in range(1_000):
        log(QueryShed("queue", 0.5))
    clock.now = 1.0
    log(QueryShed("queue", 0.5))

    assert [json.loads(line).get("unsaid") for line in lines.lines] == [None, 999]


def test_a_flood_of_one_kind_hides_no_other(lines: Lines) -> None:
    log = log_to(lines, clock=Clock())
    log(QueryShed("queue", 0.5))
    log(NodeEjected("memory", "near", 1.0, "errors"))
    log(NodeEjected("memory", "far", 1.0, "errors"))

    assert len(lines.lines) == 3
