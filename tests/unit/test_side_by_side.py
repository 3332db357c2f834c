"""Work shared out among processes: every number is answered, and one that ends its process takes no other along."""

from __future__ import annotations

import os
import signal

import pytest

from gates.facts.reading import side_by_side

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_each_number_is_answered_once(workers: int) -> None:
    answers = list(side_by_side(lambda number: [number * number, b"x" * number], 40, workers))

    assert sorted(answers) == [(number, [number * number, b"x" * number]) for number in range(40)]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_number_that_ends_its_process_is_answered_with_none_and_the_others_as_ever(workers: int) -> None:
    def work(number: int) -> int:
        if number in (0, 7):
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    answers = dict(side_by_side(work, 20, workers))

    assert answers == {number: None if number in (0, 7) else number for number in range(20)}


def test_nothing_to_do_starts_no_process() -> None:
    assert list(side_by_side(lambda number: number, 0, 2)) == []
