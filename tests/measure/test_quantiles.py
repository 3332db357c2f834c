"""Bounds of a quantile hold as often as they say, whatever the distribution, and beside scipy's."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gates.facts.timing.quantiles import bounds, least_values, ranks


@pytest.mark.parametrize(("quantile", "confidence", "many"), [(0.95, 0.95, 59), (0.95, 0.99, 90), (0.99, 0.95, 299)])
def test_an_upper_bound_needs_so_many_values(quantile: float, confidence: float, many: int) -> None:
    assert least_values(quantile, confidence) == many
    assert ranks(many, quantile, confidence)[1] == many
    assert ranks(many - 1, quantile, confidence)[1] is None


@given(st.integers(1, 400), st.sampled_from([0.5, 0.9, 0.95, 0.99]), st.sampled_from([0.9, 0.95, 0.99]))
def test_the_ranks_are_those_of_the_binomial_distribution(many: int, quantile: float, confidence: float) -> None:
    lower, upper = ranks(many, quantile, confidence)

    below = stats.binom(many, quantile).cdf
    assert lower == max((k for k in range(1, many + 1) if below(k - 1) <= 1 - confidence + 1e-12), default=None)
    assert upper == min((k for k in range(1, many + 1) if below(k - 1) >= confidence - 1e-12), default=None)


def test_the_interval_is_scipys() -> None:
    source = random.Random(3)
    seen = [source.lognormvariate(0, 1) for _ in range(200)]

    found = bounds([seen], 0.95)

    test = stats.quantile_test(seen, q=0, p=0.95, alternative="two-sided")
    interval = test.confidence_interval(confidence_level=0.9)  # one-sided 95 % at either end
    assert (found.lower, found.upper) == (interval.low, interval.high)


def held(draw: object, launches: int, calls: int, true: float, times: int = 300) -> float:
    """How often the upper bound of the 95th percentile was above it."""
    source = random.Random(5)
    assert callable(draw)
    found = [bounds([draw(source, calls) for _ in range(launches)], 0.95).upper for _ in range(times)]
    return sum(upper is None or upper >= true for upper in found) / times


def independent(source: random.Random, calls: int) -> list[float]:
    return [source.random() for _ in range(calls)]


def alike(source: random.Random, calls: int) -> list[float]:
    """Half of what a call takes is decided by where its process came to lie."""
    own = source.gauss(0, 1)
    return [own + source.gauss(0, 1) for _ in range(calls)]


def test_of_independent_calls_the_bound_holds_as_often_as_it_says() -> None:
    assert held(independent, launches=8, calls=40, true=0.95) >= 0.93


def test_of_calls_that_resemble_each_other_it_holds_nearly_as_often() -> None:
    true = 1.6449 * 2**0.5

    assert held(alike, launches=32, calls=40, true=true) >= 0.90


def test_calls_that_say_the_same_count_as_one_a_launch() -> None:
    slow, quick = [2.0] * 40, [1.0] * 40

    assert bounds([slow, quick, quick, quick, quick], 0.5).many == pytest.approx(5)
    assert bounds([slow, quick, quick, quick, quick], 0.95).upper is None


def test_a_single_launch_is_taken_as_it_is() -> None:
    assert bounds([[0.1] * 59], 0.95).upper == 0.1
    assert bounds([[0.1] * 58], 0.95).upper is None
