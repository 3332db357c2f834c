"""Who is to blame where a test depends on others: of worlds in which that is known."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Callable, Optional

import pytest

from gates.flakes import naming
from gates.flakes.attribution import UNKNOWN
from gates.flakes.pool import Observed
from gates.flakes.process import Ended
from gates.flakes.search import Asked, Cause, Found, _Search
from gates.flakes.ways import CONTROL, LOADS, Way
from tests.flakes.worlds import Moment, OneWorld, World

TESTS = ["test_a", "test_b", "test_c", "test_d"]
BACKWARDS = Way("order", "reversed", order="reversed")
TWICE = Way("twice", "twice in a process", words=("times=2",))
AGAIN = Way("leftovers", "again in one folder", order="again")
SHARDS = Way("shards", "two at once", order="side by side")
SEED = Way("seed", "seed 1", words=("seed=1",))


def after(*polluters: str) -> World:
    """test_a fails where all of these ran before it."""
    return World(
        lambda test, now: test == "test_a" and set(polluters) <= set(now.before), leaks={"test_c": "app.X: 1 -> 2"}
    )


def without(*setters: str) -> World:
    """test_d fails where one of these did not run before it."""
    return World(lambda test, now: test == "test_d" and not set(setters) <= set(now.before))


def named(found: Optional[naming.Named]) -> naming.Named:
    assert found is not None
    return found


@pytest.mark.parametrize("polluters", [("test_c",), ("test_b", "test_d")])
def test_the_polluters_are_named_and_no_others(polluters: tuple[str, ...]) -> None:
    world = after(*polluters)

    found = named(naming.order(world, world.suspect("test_a", TESTS, [BACKWARDS])))  # type: ignore[arg-type]

    assert sorted(found.tests) == sorted(polluters)
    assert found.contrast.is_proven
    assert found.state == (("app.X: 1 -> 2",) if "test_c" in polluters else ())


@pytest.mark.parametrize("setters", [("test_b",), ("test_a", "test_c")])
def test_the_missing_setters_are_named_and_no_others(setters: tuple[str, ...]) -> None:
    world = without(*setters)

    found = named(naming.order(world, world.suspect("test_d", TESTS, [BACKWARDS])))  # type: ignore[arg-type]

    assert sorted(found.tests) == sorted(setters)
    assert found.because.endswith(", which sets what it needs" if len(setters) == 1 else "which sets what it needs")


def test_nobody_is_named_where_it_fails_by_itself_now_and_then() -> None:
    world = World(lambda test, now: test == "test_a" and now.number % 2 == 0)

    assert naming.order(world, world.suspect("test_a", TESTS, [BACKWARDS])) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("failed", [True, False])
def test_nobody_is_named_where_what_was_seen_is_not_seen_again(failed: bool) -> None:
    world = World(lambda test, now: not failed)
    once = Ended("test_a", "failed" if failed else "passed", "")
    suspect = World(lambda test, now: False).suspect("test_a", TESTS, [])
    seen = [*suspect.seen, Observed(BACKWARDS, once, TESTS[::-1])]

    assert naming.order(world, type(suspect)("test_a", seen)) is None  # type: ignore[arg-type]


def test_a_test_that_spoils_itself_fails_the_second_time() -> None:
    world = World(lambda test, now: now.time == 1, leaks={"test_a": "app.SEEN: [] -> [1]"})

    found = named(naming.twice(world, world.suspect("test_a", TESTS, [TWICE]), TWICE))  # type: ignore[arg-type]

    assert (found.because, found.state) == (
        "fails the second time it runs in one process",
        ("app.SEEN: [] -> [1]",),
    )
    assert found.contrast.is_proven


@pytest.mark.parametrize(("leaver", "tests"), [("test_a", ()), ("test_c", ("test_c",))])
def test_who_leaves_the_file_is_named_or_it_is_the_tests_own_run(leaver: str, tests: tuple[str, ...]) -> None:
    world = World(lambda test, now: test == "test_a" and "report.txt" in now.files, leaves={leaver: "report.txt"})

    found = named(naming.leftovers(world, world.suspect("test_a", TESTS, [AGAIN]), TESTS, AGAIN))  # type: ignore[arg-type]

    assert (found.tests, found.state) == (tests, ("report.txt",))
    assert found.contrast.is_proven


@pytest.mark.parametrize("always", [True, False])
def test_no_leaver_is_named_where_there_is_none(always: bool) -> None:
    world = World(lambda test, now: always)

    assert naming.leftovers(world, world.suspect("test_a", TESTS, [AGAIN]), TESTS, AGAIN) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(("partner", "tests"), [("test_c", ("test_c",)), ("test_elsewhere", None)])
def test_the_test_beside_which_it_fails_is_named(partner: str, tests: Optional[tuple[str, ...]]) -> None:
    world = World(lambda test, now: test == "test_a" and partner in now.beside)

    found = naming.shards(world, world.suspect("test_a", TESTS, [SHARDS]), TESTS, SHARDS)  # type: ignore[arg-type]

    assert (found.tests if found is not None else None) == tests


# The search, of worlds


def searched(world: World, *ways: Way, **settings: Any) -> dict[str, Cause]:
    """What the search says of every test that passed and failed."""
    found = Found()
    asked = Asked(Path(), dt.date(2026, 11, 23), dimensions=tuple(way.dimension for way in ways), **settings)
    search = _Search(asked, OneWorld(world), found, TESTS, float("inf"), lambda what: None)  # type: ignore[arg-type]

    def screen() -> None:
        for way in (CONTROL, *ways):
            for seen in world.observed(way, TESTS):
                found.every.setdefault(seen.test, []).append(seen)

    search._screen = screen  # type: ignore[method-assign]
    search.run()
    return {cause.test: cause for cause in found.causes}


def fails(name: str, when: Callable[[Moment], bool], **more: Any) -> World:
    return World(lambda test, now: test == name and when(now), **more)


def test_what_fails_as_often_without_load_is_not_run_under_load_again() -> None:
    world = fails("test_a", lambda now: now.number % 2 == 0)

    (cause,) = searched(world, CONTROL, LOADS[1], LOADS[1]).values()

    assert cause.dimension == UNKNOWN
    assert world.asked == 4  # the runs of the screen, and none beside them


@pytest.mark.parametrize(
    ("world", "way", "because"),
    [
        (after("test_c"), BACKWARDS, "fails after `test_c`"),
        (fails("test_b", lambda now: now.time == 1), TWICE, "fails the second time it runs in one process"),
        (
            fails("test_a", lambda now: "x" in now.files, leaves={"test_d": "x"}),
            AGAIN,
            "fails where `test_d` left files behind",
        ),
        (
            fails("test_a", lambda now: "test_b" in now.beside),
            SHARDS,
            "fails while `test_b` runs at the same time, in one folder",
        ),
        (fails("test_b", lambda now: "seed=1" in now.words), SEED, "fails with seed 1"),
        (fails("test_b", lambda now: "load=hogs" in now.words), LOADS[1], "fails on a machine with busy processors"),
        (fails("test_b", lambda now: "seed=1" not in now.words), SEED, "fails with seed 0, and not with seed 1"),
    ],
)
def test_what_a_test_depends_on_is_said(world: World, way: Way, because: str) -> None:
    (cause,) = searched(world, way).values()

    assert (cause.dimension, cause.because) == (way.dimension, because)
    assert cause.p < 0.001


def test_what_fails_now_and_then_is_traced_to_nothing_and_its_rate_is_said() -> None:
    numbers = iter([True] + [False] * 1000)
    world = World(lambda test, now: test == "test_b" and next(numbers))

    (cause,) = searched(world, LOADS[0], BACKWARDS).values()

    assert (cause.dimension, cause.because) == (UNKNOWN, "failed in 1 of 3 runs, whatever was varied")


def test_load_is_not_tried_on_a_test_that_never_failed_under_it() -> None:
    world = World(lambda test, now: test == "test_b" and now.number == 3)
    searched(world, LOADS[0], SEED)

    assert world.asked == 3 + 2 * 8  # a first look at each way, and the seed beside the control
