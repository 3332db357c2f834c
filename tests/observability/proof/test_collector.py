"""A real collector: every span arrives with its parent, over gRPC and HTTP; and one that is away costs no query."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from runtime.app import App, opened
from runtime.orchestrator.stage import STAGES
from runtime.settings import Settings
from runtime.telemetry.events import SpansDropped
from runtime.telemetry.recording import Recording, SpanRecord
from tests.lanes.announced import installed
from tests.observability.proof.servers import free_port, is_listening, rotel, started, until
from tests.telemetry.sink import Sink, listening

QUERIES = 1_000
SPANS = 1 + len(STAGES)
both_protocols = pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
QUESTION = "When was the lighthouse at Arkona built?"


async def asked(app: App, queries: int) -> list[str]:
    return [(await app.ask(QUESTION)).name for _ in range(queries)]


async def opened_to(endpoint: str, protocol: str, heard: Recording) -> App:
    settings = Settings(store="memory:", otlp=endpoint, otlp_protocol=protocol, sampling=1.0, budget=20.0)
    app = await opened(settings, [heard], installed(), ("node",))
    app.memory.remember(["The lighthouse at Arkona was built in 1827."])
    return app


async def told(endpoint: str, protocol: str, queries: int) -> tuple[list[str], int]:
    """How each query ended, and how many spans were dropped."""
    heard = Recording()
    app = await opened_to(endpoint, protocol, heard)
    try:
        outcomes = await asked(app, queries)
    finally:
        await app.close()
    return outcomes, dropped(heard)


def _spans_of(app: App) -> Any:
    assert app.spans is not None
    return app.spans


def dropped(heard: Recording) -> int:
    return sum(event.spans for event in heard.of(SpansDropped))


def assert_whole(spans: list[SpanRecord], queries: int) -> None:
    roots = {span.id: span for span in spans if span.name == "matriz.query"}
    assert (len(spans), len(roots)) == (queries * SPANS, queries)
    below: dict[Any, Counter[str]] = {root: Counter() for root in roots}
    for span in spans:
        if span.id not in roots:
            assert span.parent is not None
            assert span.trace == roots[span.parent].trace
            below[span.parent][span.name] += 1
    assert all(names == Counter(f"stage.{stage}" for stage in STAGES) for names in below.values())


def needed_for(protocol: str) -> None:
    if protocol == "grpc":
        pytest.importorskip("opentelemetry.exporter.otlp.proto.grpc", reason="lukhas-gates[grpc] is not installed")


@both_protocols
def test_every_span_of_a_thousand_queries_arrives_with_its_parent(protocol: str, tmp_path: Path) -> None:
    needed_for(protocol)
    grpc, http = free_port(), free_port()
    with listening() as sink, started(rotel(sink.address, grpc, http), tmp_path / "rotel.log"):
        until(lambda: is_listening(grpc) and is_listening(http), 10)
        endpoint = f"http://127.0.0.1:{grpc if protocol == 'grpc' else http}"

        outcomes, lost = asyncio.run(told(endpoint, protocol, QUERIES))

        assert (outcomes, lost) == (["answered"] * QUERIES, 0)
        until(lambda: len(sink.spans) >= QUERIES * SPANS, 20)
    assert_whole(sink.spans, QUERIES)


@both_protocols
def test_at_a_collector_that_is_down_no_query_is_lost_and_every_span_is_counted(protocol: str) -> None:
    needed_for(protocol)
    outcomes, lost = asyncio.run(told(f"http://127.0.0.1:{free_port()}", protocol, 200))

    assert (outcomes, lost) == (["answered"] * 200, 200 * SPANS)


@both_protocols
def test_at_a_collector_that_hangs_no_query_is_lost_and_every_span_is_counted(protocol: str, tmp_path: Path) -> None:
    needed_for(protocol)
    grpc, http = free_port(), free_port()
    with listening() as sink, started(rotel(sink.address, grpc, http), tmp_path / "rotel.log") as process:
        until(lambda: is_listening(grpc) and is_listening(http), 10)
        process.send_signal(signal.SIGSTOP)

        endpoint = f"http://127.0.0.1:{grpc if protocol == 'grpc' else http}"
        outcomes, lost = asyncio.run(told(endpoint, protocol, 400))

    assert (outcomes, lost) == (["answered"] * 400, 400 * SPANS)


@both_protocols
def test_at_a_collector_that_is_slow_nothing_is_lost_while_the_queue_holds_it(protocol: str, tmp_path: Path) -> None:
    needed_for(protocol)
    grpc, http = free_port(), free_port()
    with listening() as sink, started(rotel(sink.address, grpc, http), tmp_path / "rotel.log") as process:
        until(lambda: is_listening(grpc) and is_listening(http), 10)
        process.send_signal(signal.SIGSTOP)
        awake = threading.Timer(2.0, process.send_signal, [signal.SIGCONT])
        awake.start()

        endpoint = f"http://127.0.0.1:{grpc if protocol == 'grpc' else http}"
        outcomes, lost = asyncio.run(told(endpoint, protocol, 200))

        awake.join()
        assert (outcomes, lost) == (["answered"] * 200, 0)
        until(lambda: len(sink.spans) >= 200 * SPANS, 20)
    assert_whole(sink.spans, 200)


def test_at_a_collector_that_restarts_no_query_is_lost_and_later_spans_arrive_again(tmp_path: Path) -> None:
    grpc, http = free_port(), free_port()
    heard = Recording()

    async def over_a_restart(sink: Sink) -> list[str]:
        app = await opened_to(f"http://127.0.0.1:{http}", "http/protobuf", heard)
        outcomes = []
        try:
            with started(rotel(sink.address, grpc, http), tmp_path / "first.log") as process:
                until(lambda: is_listening(http), 10)
                outcomes += await asked(app, 100)
                assert _spans_of(app)._provider.force_flush(10_000)
                process.terminate()
                process.wait(10)
            outcomes += await asked(app, 100)
            _spans_of(app)._provider.force_flush(20_000)
            with started(rotel(sink.address, grpc, http), tmp_path / "second.log"):
                until(lambda: is_listening(http), 10)
                outcomes += await asked(app, 100)
                await app.close()
                until(lambda: len(sink.spans) + dropped(heard) >= 300 * SPANS, 20)
        except BaseException:
            await app.close()
            raise
        return outcomes

    with listening() as sink:
        outcomes = asyncio.run(over_a_restart(sink))

    assert outcomes == ["answered"] * 300
    assert len(sink.spans) + dropped(heard) == 300 * SPANS
    assert 0 < dropped(heard) <= 100 * SPANS
