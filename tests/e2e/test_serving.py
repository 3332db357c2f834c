"""The service as it is run: real processes, a real server of messages between them."""

from __future__ import annotations

import signal
from pathlib import Path

import httpx
import jsonschema

from tests.e2e.running import fed, running
from tests.placement.nats_server import NatsServer

TOKEN = "a-token-of-16-or-more"
QUESTION = {"text": "When was the lighthouse at Arkona built?"}


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
            # What is sent is what the OpenAPI document says is sent.
            described = client.get("/openapi.json").json()
            for schema, sent in (("Answer", answer.json()), ("Plugins", plugins), ("Problem", client.get("/x").json())):
                root = {"$ref": f"#/components/schemas/{schema}", "components": described["components"]}
                jsonschema.validate(sent, root)
                declared = described["components"]["schemas"][schema]["properties"]
                assert schema == "Plugins" or set(sent) <= set(declared)
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
