"""Small counts, exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.flakes.delta import fewest
from gates.flakes.exact import fisher, highest_rate, lowest_rate, runs_to_bound

COUNTS = st.integers(1, 30).flatmap(lambda runs: st.tuples(st.integers(0, runs), st.just(runs)))


@pytest.mark.parametrize(
    ("table", "p"),
    [
        ((8, 8, 0, 8), 2 / 12870),
        ((0, 8, 0, 8), 1.0),
        ((3, 4, 1, 4), 34 / 70),  # the lady tasting tea
        ((1, 10, 11, 14), 0.0027594561852200836),  # an example of scipy.stats.fisher_exact
    ],
)
def test_fisher_gives_what_is_known(table: tuple[int, int, int, int], p: float) -> None:
    assert fisher(*table) == pytest.approx(p)


@given(COUNTS, COUNTS)
def test_fisher_is_a_chance_and_does_not_mind_which_comes_first(one: tuple[int, int], other: tuple[int, int]) -> None:
    p = fisher(*one, *other)

    assert 0 < p <= 1
    assert p == pytest.approx(fisher(*other, *one))


def test_fifty_nine_runs_without_a_failure_bound_the_rate_at_five_in_a_hundred() -> None:
    assert runs_to_bound(0.05) == 59
    assert highest_rate(0, 59) < 0.05 < highest_rate(0, 58)


@given(COUNTS)
def test_the_share_that_failed_lies_between_the_bounds(counts: tuple[int, int]) -> None:
    failed, runs = counts

    assert lowest_rate(failed, runs) <= failed / runs <= highest_rate(failed, runs)


@given(st.lists(st.integers(0, 40), unique=True), st.data())
def test_the_fewest_that_show_it_are_found_in_their_order(items: list[int], data: st.DataObject) -> None:
    needed = set(data.draw(st.lists(st.sampled_from(items), unique=True, max_size=4))) if items else set()

    found = fewest(items, lambda some: needed <= set(some))

    assert found == [item for item in items if item in needed]


def test_one_of_many_is_found_in_few_steps() -> None:
    asked = []

    def shows(some: list[int]) -> bool:
        asked.append(len(some))
        return 700 in some

    assert fewest(list(range(1000)), shows) == [700]  # type: ignore[arg-type]
    assert len(asked) < 40
