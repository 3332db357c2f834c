"""Our t distribution and trimmed mean, beside scipy's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gates.facts.timing.student import t_beyond, t_point, trimmed_t

FREEDOMS = [1, 2, 5, 7, 13, 25, 31, 100, 1000]
values = st.lists(st.floats(-10, 10, allow_subnormal=False), min_size=3, max_size=40)


@pytest.mark.parametrize("freedom", FREEDOMS)
def test_what_lies_beyond_a_point_is_what_scipy_says(freedom: int) -> None:
    for tenths in range(-100, 400, 3):
        assert t_beyond(tenths / 10, freedom) == pytest.approx(stats.t.sf(tenths / 10, freedom), rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("freedom", FREEDOMS)
def test_the_point_beyond_which_so_much_lies_is_what_scipy_says(freedom: int) -> None:
    for beyond in (0.5, 0.25, 0.05, 0.01, 0.001, 0.0001, 0.00001):
        assert t_point(beyond, freedom) == pytest.approx(stats.t.isf(beyond, freedom), rel=1e-8, abs=1e-9)


@given(values)
def test_a_trimmed_mean_and_its_error_are_what_scipy_says(drawn: list[float]) -> None:
    mean, error, freedom = trimmed_t(drawn)

    cut = int(0.1 * len(drawn))
    winsorized = stats.mstats.winsorize(np.array(drawn), limits=(cut / len(drawn), cut / len(drawn)))
    assert mean == pytest.approx(stats.trim_mean(drawn, 0.1), rel=1e-9, abs=1e-9)
    assert freedom == len(drawn) - 2 * cut - 1
    expected = math.sqrt(winsorized.var(ddof=1)) / ((1 - 2 * cut / len(drawn)) * math.sqrt(len(drawn)))
    assert error == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_without_trimming_it_is_the_t_test_of_one_sample() -> None:
    drawn = [0.011, 0.019, -0.004, 0.022, 0.031, 0.008, 0.017]

    mean, error, freedom = trimmed_t(drawn)

    expected = stats.ttest_1samp(drawn, 0.01, alternative="greater").pvalue
    assert t_beyond((mean - 0.01) / error, freedom) == pytest.approx(expected)


def test_one_launch_that_was_disturbed_for_its_whole_length_decides_nothing() -> None:
    quiet = [0.05, 0.051, 0.049, 0.05, 0.052, 0.048, 0.05, 0.051, 0.05, 0.049]

    assert trimmed_t([*quiet, 9.0])[0] == pytest.approx(trimmed_t([*quiet, 0.06])[0])
