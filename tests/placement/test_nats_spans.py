"""What a worker behind NATS does stands below the span of the stage that asked it, in the same trace."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from runtime.app import opened
from runtime.orchestrator.outcome import Answered, Outcome
from runtime.orchestrator.pipeline import Pipeline
from runtime.orchestrator.placement import place
from runtime.orchestrator.placement.spans import SpanOf, no_span
from runtime.orchestrator.query import Query
from runtime.orchestrator.selection import RoundRobin
from runtime.orchestrator.stage import Stage
from runtime.telemetry.events import ignore
from runtime.telemetry.opentelemetry import Kept, Spans
from runtime.telemetry.recording import SpanRecord
from tests.e2e.corpus import PATIENT
from tests.lanes.announced import installed
from tests.placement.fakes import Polite
from tests.placement.nats_server import NatsServer
from tests.placement.test_nats import served
from tests.placement.test_threads import run
from tests.telemetry.sink import listening

STAGES = ("thought", "action")
ABOVE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Tracing(Polite):
    """Makes a span of its own where it works, below what came with the query, as what instruments itself does."""

    def __init__(self, name: str, stage: str, made: Kept) -> None:
        super().__init__(name=name, stage=stage)
        self.traceparents: list[str | None] = []
        self._provider = TracerProvider(shutdown_on_exit=False)
        self._provider.add_span_processor(made)

    async def handle(self, query: Query) -> Query:  # type: ignore[override]  # as Polite's
        self.traceparents.append(query.traceparent)
        above = TraceContextTextMapPropagator().extract({"traceparent": query.traceparent or ""}, Context())
        with self._provider.get_tracer("worker").start_as_current_span(f"work.{self.stage}", above):
            return await super().handle(query)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    running = NatsServer(tmp_path_factory.mktemp("nats")).start()
    yield running
    running.stop()


def asked(url: str, query: Query, spans: Spans | None, made: Kept) -> tuple[Outcome, list[Tracing]]:
    async def ask() -> tuple[Outcome, list[Tracing]]:
        nodes = [Tracing(f"far-{stage}", stage, made) for stage in STAGES]
        where = {node.name: "nats" for node in nodes}
        span_of: SpanOf = no_span if spans is None else spans.below
        async with served(url, *nodes), place(nodes, {"nodes": where, "nats": {"url": url}}, span_of=span_of) as placed:
            by_stage = {node.stage: [node] for node in placed.nodes}
            stages = [Stage(stage, critical=True) for stage in STAGES]
            line = Pipeline(stages, by_stage, RoundRobin(), 10.0, spans or ignore)
            return await line.run(query), nodes

    return run(ask())


def by_name(spans: tuple[SpanRecord, ...]) -> dict[str, SpanRecord]:
    return {span.name: span for span in spans}


@pytest.mark.parametrize("above", [None, ABOVE])
@pytest.mark.parametrize("attached", [(), STAGES])
def test_the_spans_of_a_worker_are_children_of_the_stage_that_asked_it(
    server: NatsServer, above: str | None, attached: tuple[str, ...]
) -> None:
    here, there = Kept(), Kept()

    outcome, _ = asked(server.url, Query.of("hello", above), Spans(here, 1.0, attached=attached), there)

    assert isinstance(outcome, Answered), outcome
    assert outcome.query.traceparent == above
    spans, works = by_name(here.records), by_name(there.records)
    assert len(here.records) == len(spans) == 3
    for stage in STAGES:
        asking, work = spans[f"stage.{stage}"], works[f"work.{stage}"]
        assert (work.trace, work.parent) == (asking.trace, asking.id)
        assert asking.parent == spans["matriz.query"].id
        assert asking.start_ns <= work.start_ns <= work.end_ns <= asking.end_ns
        assert asking.attributes["matriz.outcome"] == "done"


def test_below_a_query_that_is_not_recorded_a_worker_records_nothing(server: NatsServer) -> None:
    here, there = Kept(), Kept()

    _, nodes = asked(server.url, Query.of("hello"), Spans(here, 0.0), there)

    assert (here.records, there.records) == ((), ())
    assert [int(str(node.traceparents[0])[-2:], 16) & 1 for node in nodes] == [0, 0]


def test_where_nobody_makes_spans_the_worker_gets_what_the_query_came_with(server: NatsServer) -> None:
    there = Kept()

    _, nodes = asked(server.url, Query.of("hello", ABOVE), None, there)

    assert [node.traceparents for node in nodes] == [[ABOVE], [ABOVE]]
    assert {span.parent for span in there.records} == {"00f067aa0ba902b7"}


def test_a_service_that_is_traced_tells_its_workers_the_span_of_their_stage(
    server: NatsServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    placement = tmp_path_factory.mktemp("placement") / "placement.toml"
    placement.write_text('[nodes]\nweigh = "nats"\n', encoding="utf-8")
    there = Kept()
    settings = PATIENT._replace(placement=placement, nats=server.url, sampling=1.0)

    async def ask(collector: str) -> None:
        app = await opened(settings._replace(otlp=collector), found=installed())
        try:
            async with served(server.url, Tracing("weigh", "decision", there)):
                await app.ask("When was the lighthouse at Arkona built?", traceparent=ABOVE)
        finally:
            await app.close()

    with listening() as sink:
        asyncio.run(ask(sink.address))

    (work,) = there.records
    (asking,) = [span for span in sink.spans if span.name == "stage.decision"]
    assert (work.trace, work.parent) == (asking.trace, asking.id)
    assert asking.trace == ABOVE.split("-")[1]
