"""Ids of records collide neither over threads nor over processes, and sort as they were made."""

from __future__ import annotations

import multiprocessing
import os
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from runtime.memory.ids import Ids, new_id


def test_an_id_is_a_uuid_of_version_seven_and_tells_its_time() -> None:
    made = uuid.UUID(Ids(milliseconds=lambda: 1_772_366_400_123)())

    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == 1_772_366_400_123


def test_ids_grow_within_a_millisecond_and_when_the_clock_is_set_back() -> None:
    clock = iter([5, 5, 5, 3, 1, 5, 6, 2])
    ids = Ids(milliseconds=lambda: next(clock))

    made = [ids() for _ in range(8)]

    assert made == sorted(set(made))


def test_when_a_millisecond_has_no_numbers_left_the_next_one_is_taken() -> None:
    ids = Ids(milliseconds=lambda: 7, bits=lambda wanted: (1 << wanted) - 1)

    made = [ids() for _ in range(3)]
    for _ in range(5):
        ids._count = (1 << 74) - 1
        made.append(ids())

    assert made == sorted(set(made))
    assert uuid.UUID(made[-1]).int >> 80 > 7


def test_threads_never_get_the_same_id() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: [new_id() for _ in range(2000)], range(8)))

    assert len({one for some in made for one in some}) == 16_000
    assert all(some == sorted(some) for some in made)


def _send(into: multiprocessing.connection.Connection) -> None:
    into.send([new_id() for _ in range(500)])
    into.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_forked_children_repeat_neither_their_parent_nor_each_other() -> None:
    fork = multiprocessing.get_context("fork")
    made = {new_id()}
    for _ in range(8):
        receiver, sender = fork.Pipe(duplex=False)
        child = fork.Process(target=_send, args=(sender,))
        child.start()
        sender.close()
        made.update(receiver.recv())
        child.join()
        receiver.close()

    made.update(new_id() for _ in range(500))
    assert len(made) == 1 + 9 * 500


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_that_is_forked_while_an_id_is_made_can_make_its_own() -> None:
    with new_id._lock:
        child = os.fork()
        if not child:
            new_id()
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
