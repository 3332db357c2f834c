"""A running service sends its spans to a collector that listens: over HTTP, and over gRPC where that is installed."""

from __future__ import annotations

import signal
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Callable

import httpx
import pytest

from runtime.orchestrator.stage import STAGES
from tests.e2e.running import fed, running
from tests.telemetry.sink import Sink, listening, listening_by_grpc

ABOVE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
QUESTION = {"text": "When was the lighthouse at Arkona built?"}


@pytest.mark.parametrize(("protocol", "collector"), [("http/protobuf", listening), ("grpc", listening_by_grpc)])
def test_the_spans_of_a_running_service_arrive_below_the_span_of_who_asked(
    site: Path, tmp_path: Path, protocol: str, collector: Callable[[], AbstractContextManager[Sink]]
) -> None:
    if protocol == "grpc":
        pytest.importorskip("opentelemetry.exporter.otlp.proto.grpc", reason="lukhas-gates[grpc] is not installed")
    with collector() as sink:
        told = {"LUKHAS_OTLP": sink.address, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol, "LUKHAS_BUDGET": "20"}
        with running(site, tmp_path, "serve", "--port", "0", LUKHAS_STORE=fed(site, tmp_path), **told) as (
            served,
            said,
        ):
            address = said.replace("serving at ", "")
            answers = [
                httpx.post(f"{address}/query", json=QUESTION, headers={"traceparent": ABOVE}, timeout=30)
                for _ in range(3)
            ]
            served.send_signal(signal.SIGTERM)
            assert served.wait(30) == 0

    assert [answer.status_code for answer in answers] == [200] * 3
    queries = [span for span in sink.spans if span.name == "matriz.query"]
    assert {(span.trace, span.parent) for span in queries} == {tuple(ABOVE.split("-")[1:3])}
    for query in queries:
        below = [span.name for span in sink.spans if span.parent == query.id]
        assert below == [f"stage.{stage}" for stage in STAGES]
    assert {span.attributes["matriz.query"] for span in queries} == {answer.json()["id"] for answer in answers}
    assert (sink.scopes, sink.services) == ({"lukhas.matriz"}, {"lukhas"})


def test_a_collector_that_is_gone_costs_spans_which_are_counted_and_no_answer(site: Path, tmp_path: Path) -> None:
    told = {"LUKHAS_SAMPLING": "1", "LUKHAS_OTLP": "http://127.0.0.1:9", "LUKHAS_BUDGET": "20"}
    with running(site, tmp_path, "serve", "--port", "0", LUKHAS_STORE=fed(site, tmp_path), **told) as (served, said):
        answer = httpx.post(f"{said.replace('serving at ', '')}/query", json=QUESTION, timeout=30)
        served.send_signal(signal.SIGTERM)

        assert answer.status_code == 200
        assert served.wait(30) == 0
