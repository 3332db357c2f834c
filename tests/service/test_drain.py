from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def serving(seconds: float, drain: float) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, str(ROOT / "tests/service/slow_service.py"), str(seconds), str(drain)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def test_what_is_in_flight_is_finished_while_readiness_and_new_questions_are_refused() -> None:
    with serving(seconds=1.5, drain=20) as (process, address), ThreadPoolExecutor() as pool:
        asked = pool.submit(httpx.post, f"{address}/query", json={"text": "a"}, timeout=30)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)

        ready = httpx.get(f"{address}/readyz")
        live = httpx.get(f"{address}/healthz")
        new = httpx.post(f"{address}/query", json={"text": "b"})

        assert (ready.status_code, ready.json()["reasons"]) == (503, ["it is stopping"])
        assert live.status_code == 200
        assert (new.status_code, new.headers["retry-after"], new.headers["connection"]) == (503, "5", "close")
        assert asked.result().json() == {"answer": "a"}
        assert process.wait(timeout=20) == 0


@pytest.mark.parametrize("signals", [[signal.SIGTERM], [signal.SIGINT, signal.SIGINT]], ids=["bound", "second signal"])
def test_what_never_ends_is_left_at_the_bound_or_at_a_second_signal(signals: list[signal.Signals]) -> None:
    drain = 0.3 if len(signals) == 1 else 600.0
    with serving(seconds=600, drain=drain) as (process, address), ThreadPoolExecutor() as pool:
        asked = pool.submit(httpx.post, f"{address}/query", json={"text": "a"}, timeout=30)
        time.sleep(0.5)
        for number in signals:
            process.send_signal(number)
            time.sleep(0.3)

        assert process.wait(timeout=30) == 0
        assert asked.exception() is not None or asked.result().status_code >= 500
        assert process.stderr is not None
        assert "lifespan" not in process.stderr.read()
