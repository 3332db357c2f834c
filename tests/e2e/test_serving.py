"""The service as it is run: real processes, a real server of messages between them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.corpus import DOCUMENTS
from tests.lanes.announced import written_to
from tests.placement.nats_server import NatsServer

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-of-16-or-more"
QUESTION = {"text": "When was the lighthouse at Arkona built?"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written_to(tmp_path_factory.mktemp("site"))


@contextlib.contextmanager
def running(site: Path, folder: Path, *words: str, **told: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A command that runs on, with the line by which it says that it is ready."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LUKHAS_")}
    # Twice announced, where this distribution is installed with its plugins: the first of one name stays.
    environment.update(PYTHONPATH=os.pathsep.join([str(ROOT), str(site)]), LUKHAS_DUPLICATES="shadow", **told)
    command = [sys.executable, "-m", "runtime", "--log-level", "error", *words]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def fed(site: Path, folder: Path) -> str:
    for path, text in DOCUMENTS.items():
        (folder / path).write_text(text, encoding="utf-8")
    store = f"sqlite:///{folder}/memory.db"
    with running(site, folder, "feed", *DOCUMENTS, LUKHAS_STORE=store) as (process, _):
        assert process.wait(60) == 0
    return store


def test_a_service_is_fed_asked_read_and_stopped(site: Path, tmp_path: Path) -> None:
    told = {"LUKHAS_STORE": fed(site, tmp_path), "LUKHAS_TOKEN": TOKEN, "LUKHAS_BUDGET": "20"}
    with running(site, tmp_path, "serve", "--host", "0.0.0.0", "--port", "0", **told) as (process, said):
        address = said.replace("serving at ", "").replace("0.0.0.0", "127.0.0.1")
        with httpx.Client(base_url=address, headers={"authorization": f"Bearer {TOKEN}"}, timeout=30) as client:
            answer = client.post("/query", json=QUESTION)
            plugins = client.get("/system/plugins").json()
            metrics = client.get("/metrics").text

            assert answer.status_code == 200, answer.text
            assert answer.json()["answer"] == "The lighthouse at Arkona was built in 1827."
            assert client.get("/readyz").status_code == 200
            assert "node:recall" in plugins["registered"]
            assert plugins["discovery"]["mode"] == "auto"
            assert 'matriz_stage_total{stage="awareness"} 1.0' in metrics
            assert 'matriz_plugin_info{kind="node",lane="production",name="recall"} 1.0' in metrics
            assert httpx.get(f"{address}/system/plugins").status_code == 401
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_nodes_on_workers_answer_by_configuration_alone_and_their_loss_is_a_typed_failure(
    site: Path, tmp_path: Path
) -> None:
    server = NatsServer(tmp_path).start()
    placement = tmp_path / "placement.toml"
    placement.write_text('[nodes]\nextract = "nats"\nweigh = "nats"\n', encoding="utf-8")
    told = {"LUKHAS_NATS": server.url, "LUKHAS_BUDGET": "20"}
    serving = {**told, "LUKHAS_STORE": fed(site, tmp_path), "LUKHAS_PLACEMENT": str(placement)}
    try:
        with running(site, tmp_path, "worker", "extract", "weigh", LUKHAS_STORE="memory:", **told) as (worker, ready):
            assert ready == "serving extract, weigh at NATS"
            with running(site, tmp_path, "serve", "--port", "0", **serving) as (_, said):
                address = said.replace("serving at ", "")
                answer = httpx.post(f"{address}/query", json=QUESTION, timeout=30)
                worker.send_signal(signal.SIGTERM)
                drained = worker.wait(30)
                lost = httpx.post(f"{address}/query", json=QUESTION, timeout=30)

        assert answer.json()["answer"] == "The lighthouse at Arkona was built in 1827."
        assert drained == 0
        assert (lost.status_code, lost.json()["failed_stage"]) == (503, "action")
        assert lost.json()["stages"][3]["error"] == "NodeUnreachable"
    finally:
        server.stop()


def test_two_services_on_one_port_say_which_it_is(site: Path, tmp_path: Path) -> None:
    told = {"LUKHAS_STORE": "memory:"}
    with running(site, tmp_path, "serve", "--port", "0", **told) as (_, said):
        port = said.rpartition(":")[2]
        with running(site, tmp_path, "serve", "--port", port, **told) as (second, _):
            assert second.wait(30) == 3
