"""Spans reach a real receiver whole and with the right parents, and what does not reach it is counted."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Iterator, Sequence

import pytest
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, get_value
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import Decision, StaticSampler

from runtime.errors import ConfigurationFault
from runtime.telemetry.catalogue import STAGES
from runtime.telemetry.events import Event, SpansDropped
from runtime.telemetry.opentelemetry import Kept, Queued, Spans
from runtime.telemetry.otlp import exporter_to
from runtime.telemetry.prometheus import Metrics
from runtime.telemetry.recording import Recording, shape
from tests.telemetry.sink import Sink, listening, listening_by_grpc
from tests.telemetry.told import finished, query


@pytest.fixture
def sink() -> Iterator[Sink]:
    with listening() as sink:
        yield sink


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The exporter's own log lines of a receiver that refuses are not what is asked here."""
    logger = logging.getLogger("opentelemetry")
    before, logger.disabled = logger.disabled, True
    yield
    logger.disabled = before


def tell(spans: Spans, queries: int) -> None:
    for number in range(queries):
        for event in query(str(number)):
            spans(event)


def dropped(recording: Recording) -> int:
    return sum(event.spans for event in recording.of(SpansDropped))


def test_every_span_arrives_with_the_right_parent(sink: Sink) -> None:
    recording = Recording()
    processor = Queued(exporter_to(sink.address), recording)
    spans = Spans(processor, 1.0, service="matriz-test")
    tell(spans, 200)
    spans.close()

    roots = {span.id: span for span in sink.spans if span.parent is None}
    below = [span for span in sink.spans if span.parent is not None]
    assert (len(roots), len(below)) == (200, 1_200)
    assert all(roots[str(span.parent)].trace == span.trace for span in below)
    for root in roots.values():
        assert [span.name for span in below if span.parent == root.id] == [f"stage.{stage}" for stage in STAGES]
    assert (sink.scopes, sink.services, sink.paths) == ({"lukhas.matriz"}, {"matriz-test"}, {"/v1/traces"})
    assert dropped(recording) == 0


def test_what_arrives_has_the_shape_of_what_was_made(sink: Sink) -> None:
    failed = finished("action", "failed", error="KeyError", detail="'x'")
    told = query(endings={"action": failed}, outcome="failed", stage="action")
    kept = Kept()
    for processor in (Queued(exporter_to(sink.address)), kept):
        spans = Spans(processor, 1.0)
        for event in told:
            spans(event)
        spans.close()

    assert shape(sink.spans) == shape(kept.records)


@pytest.mark.parametrize("path", ["", "/", "/v1/traces", "/v1/traces/"])
def test_the_address_may_hold_the_path_or_not(sink: Sink, path: str) -> None:
    spans = Spans(Queued(exporter_to(sink.address + path)), 1.0)
    tell(spans, 1)
    spans.close()

    assert sink.paths == {"/v1/traces"}


@pytest.mark.parametrize("address", ["", "localhost:4318", "ftp://x", "http://", "http://[", "http://x:99999", "\x00"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationFault, match="give one like"):
        exporter_to(address)


@pytest.mark.parametrize("address", ["localhost:4317", "http://localhost:4317/v1/traces"])
def test_over_grpc_an_address_has_a_scheme_and_no_path(address: str) -> None:
    with pytest.raises(ConfigurationFault, match="give one like http://localhost:4317"):
        exporter_to(address, protocol="grpc")


def test_a_protocol_that_is_none_of_the_two_is_refused_with_both() -> None:
    with pytest.raises(
        ConfigurationFault, match="OTEL_EXPORTER_OTLP_PROTOCOL is 'http/json'; use http/protobuf or grpc"
    ):
        exporter_to("http://localhost:4318", protocol="http/json")


def test_where_the_exporter_over_grpc_is_missing_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    # Set to None it cannot be imported, whether or not it is installed.
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.grpc.trace_exporter", None)

    with pytest.raises(ConfigurationFault, match=r"install lukhas-gates\[grpc\], or send them over http/protobuf"):
        exporter_to("http://localhost:4317", protocol="grpc")


def test_over_grpc_every_span_arrives_too() -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.grpc", reason="lukhas-gates[grpc] is not installed")
    recording = Recording()
    with listening_by_grpc() as sink:
        spans = Spans(Queued(exporter_to(sink.address, protocol="grpc"), recording), 1.0)
        tell(spans, 100)
        spans.close()

    assert len(sink.spans) == 700
    assert {span.parent for span in sink.spans if span.parent} == {span.id for span in sink.spans if not span.parent}
    assert dropped(recording) == 0


def test_what_the_queue_cannot_hold_is_counted_and_the_rest_arrives(sink: Sink) -> None:
    recording = Recording()
    sink.let_through.clear()
    processor = Queued(exporter_to(sink.address), recording, most=70, every=0.01)
    spans = Spans(processor, 1.0)
    tell(spans, 100)
    sink.let_through.set()
    spans.close()

    assert dropped(recording) > 0
    assert len(sink.spans) + dropped(recording) == 700


def test_a_receiver_that_refuses_costs_the_spans_and_they_are_counted(sink: Sink) -> None:
    recording = Recording()
    sink.answer = 400
    spans = Spans(Queued(exporter_to(sink.address), recording), 1.0)
    tell(spans, 3)
    spans.close()

    assert (sink.requests, dropped(recording)) == (1, 21)


def test_a_receiver_that_is_not_there_costs_the_spans_and_they_are_counted() -> None:
    recording = Recording()
    with listening() as gone:
        pass
    spans = Spans(Queued(exporter_to(gone.address, timeout=0.2), recording), 1.0)
    tell(spans, 3)
    spans.close()

    assert dropped(recording) == 21


def test_a_receiver_that_never_answers_does_not_hold_up_the_shutdown(sink: Sink) -> None:
    recording = Recording()
    sink.let_through.clear()
    spans = Spans(Queued(exporter_to(sink.address, timeout=60.0), recording, within=0.2), 1.0)
    tell(spans, 3)
    closing = threading.Thread(target=spans.close, daemon=True)
    closing.start()
    closing.join(20.0)  # of the 60 that the exporter would wait

    assert not closing.is_alive()
    assert dropped(recording) == 21


def test_spans_that_end_after_the_shutdown_are_not_delivered(sink: Sink) -> None:
    spans = Spans(Queued(exporter_to(sink.address)), 1.0)
    spans.close()
    tell(spans, 1)

    assert sink.spans == []


def test_a_span_is_delivered_without_waiting_for_more(sink: Sink) -> None:
    processor = Queued(exporter_to(sink.address), every=0.01)
    spans = Spans(processor, 1.0)
    tell(spans, 1)
    until = time.monotonic() + 20.0
    while len(sink.spans) < 7 and time.monotonic() < until:
        time.sleep(0.005)

    assert len(sink.spans) == 7
    assert processor.force_flush()
    spans.close()


def test_what_is_dropped_is_a_metric(sink: Sink) -> None:
    metrics = Metrics()
    sink.answer = 400
    spans = Spans(Queued(exporter_to(sink.address), metrics), 1.0)
    tell(spans, 1)
    spans.close()

    assert metrics.registry.get_sample_value("matriz_spans_dropped_total") == 7.0


def test_the_exemplar_names_the_trace_that_arrives(sink: Sink) -> None:
    spans = Spans(Queued(exporter_to(sink.address)), 1.0)
    metrics = Metrics(spans.trace_of)
    for event in query():
        for observe in (spans, metrics):  # whichever comes first
            observe(event)
    spans.close()

    assert sink.spans[0].trace in metrics.render("application/openmetrics-text")[1].decode()


class Asking(SpanExporter):
    """Says whether what it does is itself kept from being traced."""

    def __init__(self) -> None:
        self.suppressed: list[object] = []
        self.names: list[str] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.suppressed.append(get_value(_SUPPRESS_INSTRUMENTATION_KEY))
        self.names += [span.name for span in spans]
        return SpanExportResult.SUCCESS


def test_the_delivery_itself_is_not_traced() -> None:
    asking = Asking()
    spans = Spans(Queued(asking), 1.0)
    tell(spans, 1)
    spans.close()

    assert asking.suppressed == [True]


def test_a_span_that_was_recorded_and_not_sampled_is_not_sent() -> None:
    asking = Asking()
    provider = TracerProvider(sampler=StaticSampler(Decision.RECORD_ONLY), shutdown_on_exit=False)
    provider.add_span_processor(Queued(asking))
    provider.get_tracer("any").start_span("any").end()
    provider.shutdown()

    assert asking.names == []


def test_what_is_not_sampled_is_not_sent(sink: Sink) -> None:
    told: list[Event] = query()
    spans = Spans(Queued(exporter_to(sink.address)), 0.0)
    for event in told:
        spans(event)
    spans.close()

    assert sink.requests == 0
