"""What a run is given in place of chance."""

from __future__ import annotations

import datetime as dt
import logging
import os
import random
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from gates.flakes import circumstances, leaks
from gates.flakes.circumstances import Circumstances, Entropy, Unknown
from gates.flakes.ways import CONTROL, DIMENSIONS, seeds, ways

MONDAY = dt.date(2026, 11, 23)


@pytest.fixture
def entropy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Entropy]:
    """Installed, and afterwards taken out again."""
    held = random.getstate()
    for place, name in ((os, "urandom"), (random, "_urandom"), (random.Random, "seed")):
        monkeypatch.setattr(place, name, getattr(place, name))
    installed = Entropy()
    installed.install()
    yield installed
    random.setstate(held)


def drawn(entropy: Entropy, seed: int, test: str = "test_a", time_of_it: int = 0) -> tuple[object, ...]:
    entropy.begin(seed, test, time_of_it)
    return random.random(), random.Random().random(), uuid.uuid4(), os.urandom(3), random.SystemRandom().random()


def test_all_randomness_follows_from_the_seed(entropy: Entropy) -> None:
    first = drawn(entropy, 1)

    assert drawn(entropy, 1) == first
    assert all(one != other for one, other in zip(drawn(entropy, 2), first))


def test_what_must_differ_from_one_test_to_the_next_does(entropy: Entropy) -> None:
    first = drawn(entropy, 1)

    assert drawn(entropy, 1, "test_b")[2] != first[2]
    assert drawn(entropy, 1, time_of_it=1)[2] != first[2]


def test_words_say_what_a_run_is_given() -> None:
    given = Circumstances.of(["seed=3", "clock=2027-01-31T12:00:00+00:00", "network=off", "times=2"])

    moment = dt.datetime(2027, 1, 31, 12, tzinfo=dt.timezone.utc)
    assert given == Circumstances(seed=3, clock=moment, network=False, times=2)


@pytest.mark.parametrize("word", ["sede=3", "seed=x", "seed", "load=much", "clock=noon", "network=maybe"])
def test_a_word_that_says_nothing_is_refused(word: str) -> None:
    with pytest.raises(Unknown, match=f"'{word}' says nothing; it must be like seed=37"):
        Circumstances.of([word])


def test_without_a_network_this_machine_can_still_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, getattr(socket.socket, name))
    monkeypatch.setattr(socket, "getaddrinfo", socket.getaddrinfo)
    circumstances.begin(Circumstances(network=False))

    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with probe, pytest.raises(OSError, match="Network is unreachable"):
        probe.connect(("192.0.2.1", 53))
    with pytest.raises(socket.gaierror, match="Temporary failure in name resolution"):
        socket.getaddrinfo("example.org", 80)


def test_the_ways_are_of_known_dimensions_and_each_says_what_it_gives() -> None:
    planned, _ = ways(MONDAY, has_clock=True)

    for way in [*planned, *seeds()]:
        assert way == CONTROL or way.dimension in DIMENSIONS
        Circumstances.of([*way.words, *way.against])
    assert len(seeds()) == 59


def test_without_time_machine_it_is_said_that_the_clock_was_not_varied() -> None:
    planned, lacking = ways(MONDAY, has_clock=False)

    assert lacking["clock"] == "time-machine is not installed beside the tests"
    assert not [way for way in planned if way.dimension == "clock"]


def test_clocks_stand_where_calendars_are_odd() -> None:
    words = {way.name: way.words for way in ways(MONDAY, has_clock=True)[0] if way.dimension == "clock"}

    assert words["the end of a month"] == ("clock=2027-01-31T12:00:00+00:00",)
    assert words["a leap day"] == ("clock=2028-02-29T12:00:00+00:00",)
    assert words["a Sunday"] == ("clock=2026-11-29T12:00:00+00:00",)
    assert words["summer time begins"][1] == "clock=2027-03-28T00:30:00+00:00"


def test_what_a_test_leaves_changed_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    root = str(Path(__file__).parent)
    before = leaks.state(root)
    monkeypatch.setenv("SHOP_REGION", "us")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(logging.getLogger().manager, "disable", 50)
    monkeypatch.setitem(SETTINGS, "mode", "debug")

    changes = leaks.changes(before, leaks.state(root))

    assert "os.environ['SHOP_REGION']: absent -> 'us'" in changes
    assert "logging.disable: 0 -> 50" in changes
    assert any(change.startswith("the working directory: ") for change in changes)
    assert any(change.endswith("'mode': 'prod' -> dict of 1: 'mode': 'debug'") for change in changes)


SETTINGS = {"mode": "prod"}


def test_nothing_is_named_where_nothing_was_left_changed() -> None:
    root = str(Path(__file__).parent)

    assert leaks.changes(leaks.state(root), leaks.state(root)) == []
