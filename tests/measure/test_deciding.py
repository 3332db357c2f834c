"""Slower, not slower, not proven: what the test says of launches, and how seldom it accuses wrongly."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from math import log1p

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.facts.timing.deciding import ALPHA, LOOKS, Answer, decide, next_look


def launches(by: float, spread: float, seed: int, many: int = 32) -> list[float]:
    source = random.Random(seed)
    return [source.gauss(log1p(by), spread) for _ in range(many)]


def answer(ratios: Sequence[float]) -> tuple[Answer, int]:
    compared = decide({"it": ratios})["it"]
    return compared.answer, compared.launches


def test_what_is_clearly_slower_is_told_at_the_first_look() -> None:
    assert answer(launches(0.10, 0.01, seed=1)) == (Answer.SLOWER, 8)


def test_what_is_the_same_is_told_at_the_first_look_where_it_is_quiet() -> None:
    assert answer(launches(0.0, 0.005, seed=1)) == (Answer.NOT_SLOWER, 8)


def test_what_is_faster_is_not_slower() -> None:
    assert answer(launches(-0.3, 0.01, seed=1)) == (Answer.NOT_SLOWER, 8)


def test_what_is_noisy_takes_more_launches() -> None:
    assert answer(launches(0.05, 0.05, seed=4)) == (Answer.SLOWER, 16)


def test_what_is_too_noisy_is_not_proven() -> None:
    assert answer(launches(0.02, 0.3, seed=1)) == (Answer.NOT_PROVEN, 32)


def test_what_is_tolerated_is_not_said_to_be_slower() -> None:
    drawn = launches(0.04, 0.01, seed=1)

    assert decide({"it": drawn})["it"].answer is Answer.SLOWER
    assert decide({"it": drawn}, tolerated=0.06)["it"].answer is Answer.NOT_SLOWER


@pytest.mark.parametrize("many", [0, 1, 2, 7])
def test_before_the_first_look_nothing_is_proven(many: int) -> None:
    assert answer([0.7] * many) == (Answer.NOT_PROVEN, many)


def test_an_answer_once_given_is_not_taken_back_by_later_launches() -> None:
    assert answer([*launches(0.1, 0.01, seed=1, many=8), *[-0.5] * 24]) == (Answer.SLOWER, 8)


def test_launches_between_two_looks_wait_for_the_next() -> None:
    assert answer([0.02, 0.3, -0.2, 0.5, -0.4, 0.1, 0.0, 0.2, *[0.05] * 4]) == (Answer.NOT_PROVEN, 12)


def test_the_errors_of_all_looks_make_up_the_whole() -> None:
    assert sum(LOOKS.values()) == pytest.approx(ALPHA)
    assert [next_look(many) for many in (0, 8, 9, 31, 32)] == [8, 16, 16, 32, None]


def test_launches_that_say_exactly_the_same_are_believed() -> None:
    assert answer([0.05] * 8) == (Answer.SLOWER, 8)
    assert answer([0.0] * 8) == (Answer.NOT_SLOWER, 8)


def accused(ratios: Mapping[str, Sequence[float]]) -> bool:
    return any(compared.answer is Answer.SLOWER for compared in decide(ratios).values())


@pytest.mark.parametrize("benchmarks", [1, 10])
def test_wrong_accusations_stay_below_what_is_promised_however_many_benchmarks_there_are(benchmarks: int) -> None:
    """At the worst place: every benchmark is just as much slower as is tolerated."""
    source = random.Random(9)
    times = 1000

    wrong = sum(
        accused({str(one): launches(0.01, 0.02, source.randrange(2**32)) for one in range(benchmarks)})
        for _ in range(times)
    )

    assert wrong / times <= 0.018  # 1 %, and what 1,000 draws may be beside it


def test_a_slow_benchmark_is_found_among_many_that_are_not() -> None:
    others = {str(one): launches(0.0, 0.02, seed=one) for one in range(9)}

    decided = decide({**others, "it": launches(0.08, 0.02, seed=99)})

    assert [name for name, compared in decided.items() if compared.answer is Answer.SLOWER] == ["it"]


@given(st.lists(st.floats(-1, 1), max_size=40), st.floats(0.0, 0.5))
def test_more_time_never_makes_it_look_faster(drawn: list[float], more: float) -> None:
    """Where every launch takes longer by one factor, nothing that was slower is so no more."""
    before, after = (decide({"it": ratios})["it"] for ratios in (drawn, [ratio + more for ratio in drawn]))

    if before.answer is Answer.SLOWER:
        assert after.answer is Answer.SLOWER


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=40))
def test_the_estimate_lies_between_its_bounds(drawn: list[float]) -> None:
    compared = decide({"it": drawn})["it"]

    assert compared.least <= compared.by + 1e-12
    assert compared.by <= compared.most + 1e-12
