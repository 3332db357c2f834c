"""What telemetry adds to a query of six stages, in CPU time, beside six plain task round trips of the same rounds.

What the pipeline says of a query is told to nobody, to the metrics, and to metrics and spans; spans are queued, and
delivered to an exporter that does nothing, in this process.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Callable, NamedTuple, Optional

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from bench.calibration import in_turns, median_of
from bench.figure import Bar, Figure, alone
from bench.pipeline_cost import RAW, RAW_THEN, cpu, pipeline, six_tasks
from runtime.telemetry.catalogue import STAGES
from runtime.telemetry.events import Observer, ignore, told_to
from runtime.telemetry.opentelemetry import Queued, Spans
from runtime.telemetry.prometheus import Metrics

MICROSECONDS = {"metrics and 5 % of the traces": 120.0, "metrics and every trace": 350.0}


class Nowhere(SpanExporter):
    """Delivers nothing, successfully."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Take them."""
        return SpanExportResult.SUCCESS


class Case(NamedTuple):
    """A way to listen, and the queue of its spans."""

    name: str
    observe: Observer
    processor: Optional[Queued] = None

    def measure(self, queries: int) -> Callable[[], float]:
        """Microseconds of CPU a query, the delivering thread's included."""
        after = (lambda: None) if self.processor is None else self.processor.force_flush
        return partial(cpu, pipeline(self.observe), queries, after=after)


def cases() -> list[Case]:
    """Nobody, metrics, these and 5 % of the traces, these and all (without exemplars, with, with a current span)."""
    found = [Case("nobody listening", ignore), Case("metrics", Metrics())]
    for name, share, attached, exemplars in (
        ("metrics and 5 % of the traces", 0.05, (), True),
        ("metrics without exemplars and every trace", 1.0, (), False),
        ("metrics and every trace", 1.0, (), True),
        ("metrics and every trace, each span the current one of its stage", 1.0, STAGES, True),
    ):
        processor = Queued(Nowhere(), most=1_000_000)
        spans = Spans(processor, share, attached)
        metrics = Metrics(spans.trace_of) if exemplars else Metrics()
        found.append(Case(name, told_to([metrics, spans]), processor))
    return found


def figures(quick: bool) -> Iterator[Figure]:
    """A figure for each way to listen, the pipeline's own cost included."""
    rounds, queries = (3, 200) if quick else (9, 2_000)
    every = cases()
    measured = {case.name: case.measure(queries) for case in every}
    found = in_turns({RAW: partial(cpu, six_tasks, queries), **measured}, rounds)
    for case in every:
        if case.processor is not None:
            case.processor.shutdown()
        samples = found[case.name]
        bar = Bar(MICROSECONDS[case.name] / RAW_THEN, of_ratio=True) if case.name in MICROSECONDS else None
        yield Figure(
            f"six stages with {case.name}",
            samples[0],
            "µs of CPU a query",
            rounds * queries,
            RAW,
            samples[0] / found[RAW][0],
            bar,
            median_of(samples),
            tuple(samples),
        )


if __name__ == "__main__":
    sys.exit(alone(figures, __doc__))
