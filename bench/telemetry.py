"""What telemetry adds to a query of six stages, in CPU time, beside a calibration loop of plain asyncio round trips.

The events of a query are told to nothing, to the metrics, and to metrics and spans; spans are queued, and delivered to
an exporter that does nothing, in this process. `python bench/telemetry.py [--quick]`
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import time
import uuid
from collections.abc import Sequence
from typing import NamedTuple, Optional

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from runtime.telemetry.catalogue import STAGES
from runtime.telemetry.events import (
    Event,
    Observer,
    QueryFinished,
    QueryStarted,
    StageFinished,
    StageStarted,
    ignore,
    told_to,
)
from runtime.telemetry.opentelemetry import Queued, Spans
from runtime.telemetry.prometheus import Metrics

ROUND_TRIPS = 6  # tasks a query, one for each stage


class Nowhere(SpanExporter):
    """Delivers nothing, successfully."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Take them."""
        return SpanExportResult.SUCCESS


class Figure(NamedTuple):
    """CPU seconds for one query: the least and the median of several rounds."""

    least: float
    median: float


def events_of_a_query() -> list[Event]:
    """What the pipeline says of a query that goes well."""
    query, now = uuid.uuid4().hex, time.time_ns()
    events: list[Event] = [QueryStarted(query, now, 0.25)]
    for stage in STAGES:
        events.append(StageStarted(query, stage, f"{stage}-1", now))
        events.append(StageFinished(query, stage, f"{stage}-1", "done", now + 3_000_000, 0.003, 0.2, critical=True))
    events.append(QueryFinished(query, "answered", now + 20_000_000, 0.02, 0.25))
    return events


async def _round_trips(queries: int) -> None:
    async def nothing() -> None:
        pass

    for _ in range(queries * ROUND_TRIPS):
        await asyncio.create_task(nothing())


def calibration(queries: int) -> float:
    """CPU seconds that plain tasks, one for each stage, take for one query."""
    begin = time.process_time()
    asyncio.run(_round_trips(queries))
    return (time.process_time() - begin) / queries


class Case(NamedTuple):
    """A way to listen, and the queue of its spans."""

    name: str
    observe: Observer
    processor: Optional[Queued] = None


def told(case: Case, queries: Sequence[Sequence[Event]]) -> float:
    """CPU seconds, the delivering thread's included, that telling one query's events takes."""
    observe = case.observe
    begin = time.process_time()
    for events in queries:
        for event in events:
            observe(event)
    if case.processor is not None:
        case.processor.force_flush()
    return (time.process_time() - begin) / len(queries)


def cases() -> list[Case]:
    """Nothing, metrics, metrics and 5 % of the spans, metrics and all of them (without and with a current span)."""
    found = [Case("nothing", ignore), Case("prometheus", Metrics())]
    for name, share, attached in (
        ("prometheus + otel 5 %", 0.05, ()),
        ("prometheus + otel 100 %", 1.0, ()),
        ("prometheus + otel 100 %, attached", 1.0, STAGES),
    ):
        processor = Queued(Nowhere(), most=1_000_000)
        spans = Spans(processor, share, attached)
        found.append(Case(name, told_to([Metrics(spans.trace_of), spans]), processor))
    return found


def measured(rounds: int, queries: int) -> dict[str, Figure]:
    """Every case and the calibration, in turn, so that what else the machine does falls on all of them."""
    every = cases()
    samples: dict[str, list[float]] = {"calibration": []}
    for _ in range(rounds):
        samples["calibration"].append(calibration(queries))
        for case in every:
            batch = [events_of_a_query() for _ in range(queries)]
            samples.setdefault(case.name, []).append(told(case, batch))
    for case in every:
        if case.processor is not None:
            case.processor.shutdown()
    return {name: Figure(min(taken), statistics.median(taken)) for name, taken in samples.items()}


def table(figures: dict[str, Figure], rounds: int, queries: int) -> str:
    """The figures as people read them."""
    unit = figures["calibration"]
    lines = [
        f"n = {rounds} rounds of {queries} queries; load average {os.getloadavg()[0]:.1f}",
        f"{'':36}{'min us':>9}{'median us':>11}{'x calibration':>15}{'added us':>10}",
    ]
    nothing = figures["nothing"]
    for name, figure in figures.items():
        added = "" if name == "calibration" else f"{(figure.least - nothing.least) * 1e6:.1f}"
        ratio = f"{figure.least / unit.least:.2f}"
        lines.append(f"{name:36}{figure.least * 1e6:>9.1f}{figure.median * 1e6:>11.1f}{ratio:>15}{added:>10}")
    return "\n".join(lines)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    arguments = parser.parse_args()
    rounds, queries = (5, 200) if arguments.quick else (25, 1_000)
    measured(1, 200)
    print(table(measured(rounds, queries), rounds, queries))


if __name__ == "__main__":
    main()
