"""What remains is shared out by need: critical stages first, and nothing is read from what was cut short."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from runtime.errors import ConfigurationFault
from runtime.orchestrator.deadline import Shares, Times, from_wire, to_wire
from runtime.orchestrator.stage import STAGES, Stage

CRITICAL = [Stage("first", True), Stage("second", True)]


def measured(stages: list[Stage], *seconds: float) -> Shares:
    shares = Shares(stages, 0.25)
    for place, each in enumerate(seconds):
        for _ in range(16):
            shares.took(place, each)
    return shares


def test_a_critical_stage_gets_what_remains_less_what_the_critical_ones_behind_it_need_when_they_are_quick() -> None:
    shares = measured(CRITICAL, 0.01)
    for seconds in [0.04] * 5 + [0.2] * 11:
        shares.took(1, seconds)

    assert shares.share(0, 0.25) == pytest.approx(0.21)


def test_the_last_stage_gets_all_that_remains() -> None:
    assert measured(CRITICAL, 0.01, 0.04).share(1, 0.2) == 0.2


def test_want_is_shared_in_the_proportion_of_need() -> None:
    assert measured(CRITICAL, 0.03, 0.06).share(0, 0.06) == pytest.approx(0.02)


def test_what_a_stage_that_is_not_critical_needs_is_kept_for_nobody() -> None:
    stages = [Stage("first", True), Stage("nice", False)]

    assert measured(stages, 0.01, 0.2).share(0, 0.25) == 0.25


def test_a_stage_that_is_not_critical_gets_its_95th_percentile_where_time_is_short() -> None:
    shares = measured([Stage("nice", False), Stage("last", True)], 0.01)
    for tail in [0.05] * 15 + [0.3]:  # median .05, 95th percentile .3
        shares.took(1, tail)

    assert shares.share(0, 0.25) == pytest.approx(0.01)


def test_a_stage_that_is_not_critical_gets_nothing_where_the_critical_ones_need_it_all() -> None:
    assert measured([Stage("nice", False), Stage("last", True)], 0.01, 0.05).share(0, 0.04) <= 0


def test_a_stage_that_is_not_critical_may_take_what_nobody_else_would_miss() -> None:
    shares = measured([Stage("nice", False), Stage("last", True)], 0.01, 0.05)

    assert shares.share(0, 0.25) == pytest.approx(0.2)


def test_a_soft_cap_bounds_a_stage_of_either_kind() -> None:
    stages = [Stage("first", True, soft_cap=0.03), Stage("nice", False, soft_cap=0.02)]
    shares = measured(stages, 0.01, 0.01)

    assert (shares.share(0, 0.25), shares.share(1, 0.25)) == (0.03, 0.02)


def test_before_anything_is_measured_each_critical_stage_behind_keeps_half_an_even_part() -> None:
    assert Shares(CRITICAL, 0.2).share(0, 0.2) == pytest.approx(0.15)


def test_a_stage_that_is_always_cut_short_is_given_more_until_it_answers() -> None:
    stages = [Stage("nice", False), Stage("last", True)]
    shares = measured(stages, 0.001)
    for tail in [0.05] * 15 + [0.3]:
        shares.took(1, tail)
    given_first = shares.share(0, 0.25)
    for _ in range(64):
        shares.cut_short(0, shares.share(0, 0.25))

    assert shares.share(0, 0.25) > 8 * given_first


def test_percentiles_are_of_the_latest_hundred_or_so() -> None:
    times = Times()
    for _ in range(1000):
        times.add(1.0)
    for _ in range(144):
        times.add(0.001)

    assert (times.median, times.tail) == (0.001, 0.001)


@given(
    some.lists(some.booleans(), min_size=1, max_size=6),
    some.lists(some.tuples(some.integers(0, 5), some.just(0.0) | some.floats(0, 1)), max_size=200),
    some.floats(-1, 0) | some.floats(1e-6, 1),
)
def test_no_share_is_more_than_what_remains_and_no_critical_one_is_nothing(
    critical: list[bool], took: list[tuple[int, float]], remaining: float
) -> None:
    stages = [Stage(name, kind) for name, kind in zip(STAGES, critical)]
    shares = Shares(stages, 0.25)
    for place, seconds in took:
        shares.took(place % len(stages), seconds)

    for place, stage in enumerate(stages):
        share = shares.share(place, remaining)
        assert share <= max(0, remaining)
        assert not stage.critical or remaining <= 0 or share > 0


@pytest.mark.parametrize("budget", [0, -1.0, math.nan, math.inf, "0.25", True, None])
def test_a_budget_is_a_number_of_seconds_above_0(budget: object) -> None:
    with pytest.raises(ConfigurationFault, match="a number of seconds above 0"):
        Shares(CRITICAL, budget)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.25, "250"), (0.0019, "1"), (0.0, "0"), (-3.0, "0"), (math.inf, "86400000")]
)
def test_on_the_wire_go_whole_milliseconds_that_remain(seconds: float, text: str) -> None:
    assert to_wire(seconds) == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250", 0.25),
        (" 7 ", 0.007),
        ("0", 0.0),
        ("99999", 1.5),
        ("", 1.5),
        ("-1", 1.5),
        ("1e3", 1.5),
        ("²", 1.5),
        ("9" * 5000, 1.5),
    ],
)
def test_a_header_that_cannot_be_read_or_says_too_much_means_the_most(text: str, seconds: float) -> None:
    assert from_wire(text, 1.5) == seconds
