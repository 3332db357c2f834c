"""Batches are delivered in order, never wait for the receiver, and account for every thing that was put."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.telemetry.batches import Batches


class Receiver:
    """Takes batches while it is open; answers what it is told to answer."""

    def __init__(self, delivers: bool = True) -> None:
        self.batches: list[list[int]] = []
        self.lost = 0
        self.delivers = delivers
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()

    def __call__(self, batch: Sequence[int]) -> bool:
        self.entered.set()
        self.open.wait()
        if self.delivers:
            self.batches.append(list(batch))
        return self.delivers

    def lose(self, count: int) -> None:
        self.lost += count


@given(st.integers(0, 60), st.integers(1, 8), st.integers(8, 50))
def test_everything_that_is_put_is_delivered_once_and_in_order_or_lost(put: int, size: int, most: int) -> None:
    receiver = Receiver()
    batches: Batches[int] = Batches(receiver, receiver.lose, most, size, every=0.001)
    for number in range(put):
        batches.put(number)
    batches.close(20.0)

    arrived = [number for batch in receiver.batches for number in batch]
    assert arrived == sorted(set(arrived))
    assert len(arrived) + receiver.lost == put
    assert all(len(batch) <= size for batch in receiver.batches)


def test_a_receiver_that_stands_still_is_not_waited_for() -> None:
    receiver = Receiver()
    receiver.open.clear()
    batches: Batches[int] = Batches(receiver, receiver.lose, most=10, size=5, every=0.001)
    batches.put(0)
    receiver.entered.wait()
    for number in range(1, 100):
        batches.put(number)

    assert batches.close(0.05) is False
    assert receiver.lost == 100
    receiver.open.set()


def test_what_is_lost_is_told_while_more_keeps_coming() -> None:
    told = threading.Event()

    def export(batch: Sequence[int]) -> bool:
        batches.put(0)  # whenever it looks, something waits
        return False

    batches: Batches[int] = Batches(export, lambda lost: told.set(), most=10, size=1, every=0.001)
    batches.put(0)

    was_told = told.wait(5.0)
    batches.close(20.0)
    assert was_told


def test_what_was_counted_as_lost_is_not_counted_again_when_it_fails_in_the_end() -> None:
    receiver = Receiver(delivers=False)
    receiver.open.clear()
    batches: Batches[int] = Batches(receiver, receiver.lose, most=10, size=5, every=0.001)
    batches.put(0)
    receiver.entered.wait()
    batches.close(0.05)
    receiver.open.set()
    thread = batches._thread
    assert thread is not None
    thread.join()

    assert receiver.lost == 1


def test_a_receiver_that_raises_costs_its_batch_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    receiver = Receiver()

    def export(batch: Sequence[int]) -> bool:
        if 0 in batch:
            raise OSError("no")
        return receiver(batch)

    batches: Batches[int] = Batches(export, receiver.lose, most=10, size=1, every=0.001)
    with caplog.at_level(logging.CRITICAL, "runtime.telemetry.batches"):
        batches.put(0)
        batches.put(1)
        batches.close(20.0)

    assert (receiver.lost, receiver.batches) == (1, [[1]])


def test_flush_says_whether_everything_is_delivered() -> None:
    receiver = Receiver()
    receiver.open.clear()
    batches: Batches[int] = Batches(receiver, receiver.lose, every=60.0)
    batches.put(0)

    assert batches.flush(0.05) is False
    receiver.open.set()
    assert batches.flush(20.0) is True
    assert receiver.batches == [[0]]
    assert batches.close(20.0) is True


def test_a_full_batch_does_not_wait_for_its_time() -> None:
    receiver = Receiver()
    batches: Batches[int] = Batches(receiver, receiver.lose, size=3, every=3_600.0)
    for number in range(3):
        batches.put(number)

    assert receiver.entered.wait(20.0)
    assert batches.close(20.0) is True
    assert receiver.batches == [[0, 1, 2]]


def test_nothing_is_held_after_the_end() -> None:
    receiver = Receiver()
    receiver.open.clear()
    batches: Batches[int] = Batches(receiver, receiver.lose, most=10, size=2, every=0.001)
    for number in range(10):
        batches.put(number)
    receiver.entered.wait()
    batches.close(0.05)
    receiver.open.set()
    thread = batches._thread
    assert thread is not None
    thread.join()

    assert len(receiver.batches) == 1
    assert receiver.lost == 10


def test_closing_twice_or_what_never_began_is_harmless() -> None:
    receiver = Receiver()
    batches: Batches[int] = Batches(receiver, receiver.lose)

    assert [batches.close(1.0), batches.close(1.0)] == [True, True]
    assert receiver.lost == 0


@pytest.mark.parametrize(("most", "size", "every"), [(1, 2, 1.0), (1, 0, 1.0), (1, 1, 0.0)])
def test_bounds_that_make_no_sense_are_refused(most: int, size: int, every: float) -> None:
    with pytest.raises(ValueError, match="give 0 < size <= most"):
        Batches(Receiver(), lambda count: None, most, size, every)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_delivers_its_own_and_not_what_its_parent_had() -> None:
    receiver = Receiver()
    batches: Batches[int] = Batches(receiver, receiver.lose, every=60.0)
    batches.put(1)
    child = os.fork()
    if child == 0:  # pragma: no cover (another process)
        batches.put(2)
        alone = batches.close(20.0) and receiver.batches == [[2]]
        sys.stdout.flush()
        os._exit(0 if alone else 1)
    _, status = os.waitpid(child, 0)

    assert os.WEXITSTATUS(status) == 0
    assert batches.close(20.0) is True
    assert receiver.batches == [[1]]
