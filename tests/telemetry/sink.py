"""A collector for tests: OTLP on loopback, over HTTP or gRPC, into SpanRecords."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from runtime.telemetry.recording import SpanMark, SpanRecord

STATUS = ("unset", "ok", "error")


class Sink:
    """What arrived, in the order of arrival. `answer` is the status it gives; it holds requests back while `held`."""

    def __init__(self) -> None:
        self.spans: list[SpanRecord] = []
        self.scopes: set[str] = set()
        self.services: set[str] = set()
        self.paths: set[str] = set()
        self.requests = 0
        self.answer = 200
        self.let_through = threading.Event()
        self.let_through.set()
        self.address = ""

    def take(self, path: str, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        self.paths.add(path)
        for resource in request.resource_spans:
            named = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
            self.services.add(named.get("service.name", ""))
            for scope in resource.scope_spans:
                self.scopes.add(scope.scope.name)
                self.spans += [self._record(span) for span in scope.spans]

    def _record(self, span) -> SpanRecord:  # type: ignore[no-untyped-def]
        marks = tuple(SpanMark(event.name, plain(event.attributes)) for event in span.events)
        return SpanRecord(
            span.name,
            span.trace_id.hex(),
            span.span_id.hex(),
            span.parent_span_id.hex() or None,
            span.start_time_unix_nano,
            span.end_time_unix_nano,
            plain(span.attributes),
            marks,
            STATUS[span.status.code],
        )


def plain(pairs) -> dict[str, object]:  # type: ignore[no-untyped-def]
    return {pair.key: value(pair.value) for pair in pairs}


def value(held: AnyValue) -> object:
    kind = held.WhichOneof("value")
    return getattr(held, kind) if kind else None


@contextmanager
def listening() -> Iterator[Sink]:
    sink = Sink()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            sink.requests += 1
            sink.let_through.wait()
            if sink.answer == 200:
                sink.take(self.path, body)
            try:
                self.send_response(sink.answer)
                self.send_header("Content-Length", "0")
                self.end_headers()
            except ConnectionError:  # whoever asked has left
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    sink.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield sink
    finally:
        sink.let_through.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def listening_by_grpc() -> Iterator[Sink]:
    """Where grpc is installed."""
    import grpc  # type: ignore[import-not-found, import-untyped, unused-ignore]
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    sink = Sink()

    def export(body: bytes, context: object) -> bytes:
        sink.requests += 1
        sink.take("", body)
        return bytes(ExportTraceServiceResponse().SerializeToString())

    service = "opentelemetry.proto.collector.trace.v1.TraceService"
    # Without deserialisers bytes come and go as they are.
    handlers = {"Export": grpc.unary_unary_rpc_method_handler(export)}
    server = grpc.server(ThreadPoolExecutor(2), handlers=[grpc.method_handlers_generic_handler(service, handlers)])
    sink.address = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield sink
    finally:
        server.stop(1).wait()
