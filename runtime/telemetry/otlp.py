"""What sends spans to a collector by OTLP: over HTTP, or over gRPC where that is installed."""

from __future__ import annotations

from typing import Optional
from urllib.parse import SplitResult, urlsplit, urlunsplit

from opentelemetry.sdk.trace.export import SpanExporter

from runtime.errors import ConfigurationFault

HTTP, GRPC = "http/protobuf", "grpc"
_EXAMPLES = {HTTP: "http://localhost:4318", GRPC: "http://localhost:4317"}
_PATH = "/v1/traces"


def exporter_to(endpoint: str, timeout: float = 5.0, protocol: str = HTTP) -> SpanExporter:
    """What sends spans to a collector. `timeout` bounds one delivery in seconds, with its retries.

    `endpoint` is its address: over HTTP with or without `/v1/traces`; over gRPC without a path, in the clear with
    `http://` and encrypted with `https://`. Errors: ConfigurationFault for what is no such address, and where the
    exporter is not installed. Headers, certificates and compression are read by the exporter from
    OTEL_EXPORTER_OTLP_*, as its documentation says.
    """
    if protocol not in _EXAMPLES:
        raise ConfigurationFault(f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}; use {' or '.join(_EXAMPLES)}")
    parts = _parts(endpoint)
    if parts is None or (protocol == GRPC and parts.path not in ("", "/")):
        raise ConfigurationFault(f"the collector's address is {endpoint!r}; give one like {_EXAMPLES[protocol]}")
    return _over_grpc(parts, timeout) if protocol == GRPC else _over_http(parts, timeout)


def _parts(endpoint: str) -> Optional[SplitResult]:
    try:
        parts = urlsplit(endpoint)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if sound else None


def _over_http(parts: SplitResult, timeout: float) -> SpanExporter:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # it takes 100 ms and more

    path = parts.path.rstrip("/")
    path = path if path.endswith(_PATH) else path + _PATH
    exporter: SpanExporter = OTLPSpanExporter(endpoint=urlunsplit(parts._replace(path=path)), timeout=timeout)
    return exporter


def _over_grpc(parts: SplitResult, timeout: float) -> SpanExporter:
    try:
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    except ImportError as error:
        raise ConfigurationFault(
            f"spans are to be sent over gRPC, and {error.name} is missing: install lukhas-gates[grpc], or send them "
            f"over {HTTP}"
        ) from None
    exporter: SpanExporter = OTLPSpanExporter(
        endpoint=urlunsplit(parts), timeout=timeout, insecure=parts.scheme == "http"
    )
    return exporter
