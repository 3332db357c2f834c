"""A loop that was held up is heard of, by how long; one that was not is not."""

from __future__ import annotations

import asyncio

import pytest

from runtime.orchestrator.lag import watch_lag
from runtime.telemetry.events import LoopLagged
from tests.orchestrator.fakes import Heard
from tests.orchestrator.virtual_time import VirtualLoop, run_virtually


def lags(blocked: float) -> list[float]:
    heard = Heard()

    async def main(loop: VirtualLoop) -> None:
        watching = loop.create_task(watch_lag(heard, clock=loop.time))
        await asyncio.sleep(0.25)
        loop.block(blocked)
        await asyncio.sleep(0.5)
        watching.cancel()

    run_virtually(main)
    return [event.seconds for event in heard.of(LoopLagged)]


def test_a_loop_that_was_blocked_is_heard_of_once() -> None:
    assert lags(0.4) == [pytest.approx(0.35)]


@pytest.mark.parametrize("blocked", [0.0, 0.05])
def test_a_loop_that_was_not_blocked_for_long_is_not_heard_of(blocked: float) -> None:
    assert lags(blocked) == []
