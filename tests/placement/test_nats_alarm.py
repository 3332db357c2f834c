"""One timer for all that wait."""

from __future__ import annotations

import asyncio
from math import inf

from runtime.orchestrator.placement.nats_alarm import Alarm
from tests.orchestrator.virtual_time import VirtualLoop, run_virtually


class Waiting:
    """Wants to be looked at, at these times."""

    def __init__(self, *times: float) -> None:
        self.looks: list[float] = []
        self._times = list(times)

    def look(self, now: float) -> float:
        self.looks.append(now)
        self._times = [time for time in self._times if time > now]
        return min(self._times, default=inf)


def rung(waiting: Waiting, *by: float, stopped: bool = False) -> list[float]:
    async def main(loop: VirtualLoop) -> list[float]:
        alarm = Alarm(waiting.look)
        for at in by:
            alarm.by(at)
        if stopped:
            alarm.stop()
        await asyncio.sleep(10)
        return waiting.looks

    return run_virtually(main)


def test_it_rings_once_for_the_first_and_then_when_it_was_told() -> None:
    assert rung(Waiting(1, 2, 5), 2, 1, 5) == [1, 2, 5]


def test_what_comes_later_than_the_next_ring_sets_no_timer() -> None:
    async def main(loop: VirtualLoop) -> int:
        alarm = Alarm(Waiting().look)
        for at in range(1, 1000):
            alarm.by(at)
        return len(loop._scheduled)  # type: ignore[attr-defined]

    assert run_virtually(main) == 1


def test_it_rings_no_more_when_nothing_waits_and_again_when_something_does() -> None:
    async def main(loop: VirtualLoop) -> list[float]:
        waiting = Waiting()
        alarm = Alarm(waiting.look)
        alarm.by(1)
        await asyncio.sleep(10)
        alarm.by(12)
        await asyncio.sleep(10)
        return waiting.looks

    assert run_virtually(main) == [1, 12]


def test_it_may_be_stopped() -> None:
    assert rung(Waiting(1), 1, stopped=True) == []
