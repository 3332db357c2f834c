"""More queries than can be served: with admission most that are let in are in time, without it none is."""

from __future__ import annotations

import asyncio

import pytest

from runtime.orchestrator.admission import FULL, Admission, Shed
from runtime.telemetry.events import QueryShed
from tests.orchestrator.fakes import Heard
from tests.orchestrator.virtual_time import VirtualLoop, run_virtually

BUDGET, SERVICE, WORKERS = 0.25, 0.02, 10  # 500 queries a second can be served


async def offered(loop: VirtualLoop, a_second: float, seconds: float, admission: Admission) -> tuple[int, int, int]:
    """In time, late, turned away; of the second half, when the limit has been learned."""
    workers = asyncio.Semaphore(WORKERS)
    in_time: list[bool] = []
    turned_away: list[float] = []

    async def ask() -> None:
        entered = loop.time()
        try:
            with admission.enter():
                async with workers:
                    await asyncio.sleep(SERVICE)
        except Shed:
            if entered > seconds / 2:
                turned_away.append(entered)
            return
        if entered > seconds / 2:
            in_time.append(loop.time() - entered <= BUDGET)

    asked = []
    while loop.time() < seconds:
        asked.append(loop.create_task(ask()))
        await asyncio.sleep(1 / a_second)
    await asyncio.gather(*asked)
    return sum(in_time), len(in_time) - sum(in_time), len(turned_away)


def admission(loop: VirtualLoop) -> Admission:
    return Admission(0.8 * BUDGET, clock=loop.time)


def test_at_twice_the_capacity_nearly_all_that_are_let_in_are_in_time_and_the_workers_stay_busy() -> None:
    in_time, late, away = run_virtually(lambda loop: offered(loop, 1000, 10, admission(loop)))

    assert late <= 0.01 * (in_time + late)
    assert in_time >= 0.95 * 500 * 5
    assert away > 0


def test_without_a_limit_that_learns_nearly_none_is_in_time() -> None:
    in_time, late, _ = run_virtually(lambda loop: offered(loop, 1000, 10, Admission(1e9, limit=1e9, clock=loop.time)))

    assert in_time <= 0.01 * (in_time + late)


def test_at_half_the_capacity_nobody_is_turned_away() -> None:
    assert run_virtually(lambda loop: offered(loop, 250, 10, admission(loop)))[1:] == (0, 0)


def test_who_is_turned_away_is_heard_of_and_told_when_to_come_back_later_the_more_there_are() -> None:
    heard = Heard()
    gate = Admission(0.2, limit=1, least=1, observe=heard, clock=lambda: 0.0)
    gate.enter()

    with pytest.raises(
        Shed, match=r"1 queries are on their way, and more would be late; try again in 0\.10 s"
    ) as first:
        gate.enter()
    with pytest.raises(Shed) as second:
        gate.enter()

    assert second.value.retry_after > first.value.retry_after
    assert heard.of(QueryShed)[0].retry_after == first.value.retry_after
    # Reasons are counted: how many were on their way is for whoever was turned away alone.
    assert {event.reason for event in heard.of(QueryShed)} == {FULL}
    assert not any(character.isdigit() for character in FULL)


@pytest.mark.parametrize(("seconds", "limit"), [(0.001, 64), (0.01, 20), (0.5, 8), (0.0, 64)])
def test_it_begins_with_as_many_as_fit_into_the_target_one_after_the_other(seconds: float, limit: int) -> None:
    gate = Admission(0.2, limit=64, least=8)

    gate.begin_by(seconds)

    assert int(gate.limit) == limit


def test_a_place_is_given_back_whatever_happens() -> None:
    gate = Admission(0.2)
    with pytest.raises(ZeroDivisionError), gate.enter():
        raise ZeroDivisionError

    assert gate.in_flight == 0


def test_the_limit_does_not_rise_while_nobody_comes_near_it() -> None:
    gate = Admission(0.2, limit=64)
    for _ in range(1000):
        with gate.enter():
            pass

    assert gate.limit == 64


def test_many_that_are_late_together_cut_the_limit_once() -> None:
    now = [0.0]
    gate = Admission(0.2, limit=64, clock=lambda: now[0])
    places = [gate.enter() for _ in range(64)]
    now[0] = 1.0
    for place in places:
        place.__exit__(None, None, None)

    assert gate.limit == pytest.approx(64 * 0.85)


def test_the_limit_stays_above_its_least() -> None:
    now = [0.0]
    gate = Admission(0.2, limit=64, least=8, clock=lambda: now[0])
    for _ in range(100):
        with gate.enter():
            now[0] += 1.0

    assert gate.limit == 8
