"""Events into spans, and those to a collector: a span for each query, and one below it for each attempt at a stage."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from typing import Callable, NamedTuple, Optional

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, Context, attach, get_current, set_value
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span, StatusCode, get_current_span, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from runtime.errors import ConfigurationFault
from runtime.telemetry import catalogue
from runtime.telemetry.batches import Batches
from runtime.telemetry.events import (
    Event,
    Observer,
    QueryFinished,
    QueryStarted,
    SpansDropped,
    StageFinished,
    StageStarted,
    ignore,
)
from runtime.telemetry.recording import SpanMark, SpanRecord

_NS = 1_000_000_000
_MOST_OPEN = 65_536
_LONGEST_TEXT = 1_000


class _Begun(NamedTuple):
    """The span of an attempt at a stage, made before its end: `before` is what was current, where it is current now."""

    span: Span
    before: Optional[Context] = None


class _Open:
    """A query under way: its span, the context below which its stages stand, and what is known of these."""

    __slots__ = ("begun", "context", "error", "span", "started_ns")

    def __init__(self, span: Span, started_ns: int) -> None:
        self.span = span
        self.context = set_span_in_context(span, Context())
        self.started_ns = started_ns
        self.error = catalogue.OTHER
        self.begun: dict[tuple[str, str], _Begun] = {}

    def end(self, at_ns: Optional[int] = None) -> None:
        """With every stage whose end nobody told."""
        for begun in self.begun.values():
            begun.span.end(at_ns)
        self.span.end(at_ns)


class Queued(SpanProcessor):
    """Hands spans to an exporter in the background; what it must drop is told as SpansDropped, from any thread.

    `most` spans wait at most. `shutdown` takes `within` seconds at most, whatever the receiver does.
    """

    def __init__(
        self,
        exporter: SpanExporter,
        observe: Observer = ignore,
        most: int = 2_048,
        every: float = 1.0,
        within: float = 5.0,
    ) -> None:
        self._exporter = exporter
        self._within = within
        self._batches: Batches[ReadableSpan] = Batches(
            self._export, lambda spans: observe(SpansDropped(spans)), most, min(512, most), every
        )

    def on_end(self, span: ReadableSpan) -> None:
        """Take a span that ended."""
        context = span.get_span_context()
        if context is not None and context.trace_flags.sampled:
            self._batches.put(span)

    def shutdown(self) -> None:
        """Deliver what waits, or count it as dropped."""
        self._batches.close(self._within)
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Whether everything was delivered in time."""
        return self._batches.flush(timeout_millis / 1_000)

    def _export(self, spans: Sequence[ReadableSpan]) -> bool:
        attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))  # or the delivery would be traced, and that one's, too
        return self._exporter.export(spans) is SpanExportResult.SUCCESS


class Kept(SpanProcessor):
    """Keeps the last `most` spans that ended, for tests and for the trace of one query on a terminal."""

    def __init__(self, most: int = 10_000) -> None:
        self._records: deque[SpanRecord] = deque(maxlen=most)

    @property
    def records(self) -> tuple[SpanRecord, ...]:
        """In the order in which they ended."""
        return tuple(self._records)

    def on_end(self, span: ReadableSpan) -> None:
        """Take a span that ended."""
        self._records.append(record(span))


def record(span: ReadableSpan) -> SpanRecord:
    """The span as plain data."""
    context = span.get_span_context()
    assert context is not None, "a span that ended has a context"
    return SpanRecord(
        span.name,
        f"{context.trace_id:032x}",
        f"{context.span_id:016x}",
        None if span.parent is None else f"{span.parent.span_id:016x}",
        span.start_time or 0,
        span.end_time or 0,
        dict(span.attributes or {}),
        tuple(SpanMark(event.name, dict(event.attributes or {})) for event in span.events),
        span.status.status_code.name.lower(),
    )


class Spans:
    """An observer that makes spans, and hands them to `processor` when they end.

    `share` (0 to 1) of the queries are recorded, unless the traceparent that a query came with has decided already;
    below a query that is not recorded no span is made. While a stage in `attached` runs, its span is current, so that
    what instruments itself stands below it; elsewhere nothing is current, which is cheaper.
    """

    def __init__(
        self,
        processor: SpanProcessor,
        share: float = 0.05,
        attached: Collection[str] = (),
        service: str = "lukhas",
    ) -> None:
        if not 0 <= share <= 1:
            raise ConfigurationFault(f"the share of queries that are traced is {share}; give a number from 0 to 1")
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(share)),
            resource=Resource.create({SERVICE_NAME: service}),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer(catalogue.TRACER)
        self._attached_stages = frozenset(attached)
        self._carried = TraceContextTextMapPropagator()
        self._open: dict[str, _Open] = {}
        self._last: tuple[str, Optional[str]] = ("", None)
        self._listeners: dict[type, Callable[..., None]] = {
            QueryStarted: self._query_started,
            StageFinished: self._stage_finished,
            QueryFinished: self._query_finished,
        }
        if self._attached_stages:
            self._listeners[StageStarted] = self._stage_started

    def __call__(self, event: Event) -> None:
        """Make of one event what it is to the trace."""
        listener = self._listeners.get(type(event))
        if listener is not None:
            listener(event)

    def trace_of(self, query: str) -> Optional[str]:
        """The id of the trace of a query under way or just finished, in hexadecimal; None where it is not recorded."""
        opened = self._open.get(query)
        if opened is not None:
            return _trace_of(opened.span)
        return self._last[1] if self._last[0] == query else None

    def traceparent(self, query: str) -> Optional[str]:
        """The W3C header by which work elsewhere stands below a query under way."""
        opened = self._open.get(query)
        return None if opened is None else self._header(opened.context)

    def below(self, query: str, stage: str, node: str) -> Optional[str]:
        """The W3C header by which work elsewhere stands below an attempt at a stage, while that is under way.

        The span that a stage has otherwise got at its end is made here. Below a query that is not recorded the header
        says that nothing is to be.
        """
        opened = self._open.get(query)
        if opened is None:
            return None
        if not opened.span.is_recording():
            return self._header(opened.context)
        begun = opened.begun.get((stage, node))
        if begun is None:
            begun = opened.begun[stage, node] = _Begun(self._tracer.start_span(f"stage.{stage}", opened.context))
        return self._header(set_span_in_context(begun.span, Context()))

    def close(self) -> None:
        """Let the processor deliver what waits, within its bound."""
        self._provider.shutdown()

    def _header(self, context: Context) -> Optional[str]:
        carrier: dict[str, str] = {}
        self._carried.inject(carrier, context)
        return carrier.get("traceparent")

    def _query_started(self, event: QueryStarted) -> None:
        above = None
        if event.traceparent is not None:
            above = self._carried.extract({"traceparent": event.traceparent}, Context())
        span = self._tracer.start_span(
            catalogue.QUERY_SPAN.name,
            above,
            attributes={
                "gen_ai.operation.name": catalogue.QUERY_OPERATION,
                "matriz.query": event.query,
                "matriz.budget_ms": event.budget * 1_000,
            },
            start_time=event.at_ns,
        )
        if len(self._open) >= _MOST_OPEN:  # a query whose end nobody told must not be kept for ever
            self._open.pop(next(iter(self._open))).end()
        self._open[event.query] = _Open(span, event.at_ns)

    def _stage_started(self, event: StageStarted) -> None:
        opened = self._open.get(event.query)
        if opened is None or event.stage not in self._attached_stages or not opened.span.is_recording():
            return
        span = self._tracer.start_span(f"stage.{event.stage}", opened.context, start_time=event.at_ns)
        opened.begun[event.stage, event.node] = _Begun(span, get_current())
        attach(set_span_in_context(span))

    def _stage_finished(self, event: StageFinished) -> None:
        opened = self._open.get(event.query)
        if opened is None or not opened.span.is_recording():
            return
        attributes = _attributes_of(event)
        begun = opened.begun.pop((event.stage, event.node), None)
        if begun is None:
            started = max(event.at_ns - int(event.seconds * _NS), opened.started_ns)
            name = f"stage.{event.stage}"
            span = self._tracer.start_span(name, opened.context, attributes=attributes, start_time=started)
        else:
            span = begun.span
            span.set_attributes(attributes)
            # Set, not detached: the end of a stage may be told by another task than its beginning.
            if begun.before is not None and get_current_span() is span:
                attach(begun.before)
        if event.ending not in ("done", "skipped"):
            error = str(attributes["error.type"])
            _say_error(span, event, error)
            if event.critical:
                opened.error = error
        span.end(event.at_ns)

    def _query_finished(self, event: QueryFinished) -> None:
        opened = self._open.pop(event.query, None)
        if opened is None:
            return
        span = opened.span
        self._last = event.query, _trace_of(span)
        if span.is_recording():
            attributes: dict[str, object] = {
                "matriz.outcome": event.outcome,
                "matriz.duration_ms": event.seconds * 1_000,
            }
            if event.stage is not None:
                attributes["matriz.stage"] = event.stage
            if event.outcome == "failed":
                attributes["error.type"] = opened.error
                span.set_status(StatusCode.ERROR, opened.error)
            span.set_attributes(attributes)
        opened.end(event.at_ns)


def _say_error(span: Span, event: StageFinished, error: str) -> None:
    said = f"{error}: {event.detail}"[:_LONGEST_TEXT] if event.detail else error
    span.add_event(catalogue.STAGE_ERROR.name, {"stage": event.stage, "error": said}, event.at_ns)
    span.set_status(StatusCode.ERROR, error)


def _attributes_of(event: StageFinished) -> dict[str, object]:
    attributes: dict[str, object] = {
        "matriz.stage": event.stage,
        "matriz.node": event.node,
        "matriz.outcome": event.ending,
        "matriz.duration_ms": event.seconds * 1_000,
        "matriz.budget_ms": event.budget * 1_000,
    }
    operation = catalogue.STAGE_OPERATIONS.get(event.stage)
    if operation is not None:
        attributes["gen_ai.operation.name"] = operation
    if event.ending == "skipped" and event.detail:
        attributes["matriz.reason"] = event.detail[:_LONGEST_TEXT]
    if event.attempt > 1:
        attributes["matriz.attempt"] = event.attempt
    if event.hedged:
        attributes["matriz.hedged"] = True
    if event.ending not in ("done", "skipped"):
        attributes["error.type"] = event.error or catalogue.ERROR_OF.get(event.ending, catalogue.OTHER)
    return attributes


def _trace_of(span: Span) -> Optional[str]:
    return f"{span.get_span_context().trace_id:032x}" if span.is_recording() else None
