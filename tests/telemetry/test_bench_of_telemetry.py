"""The bench of telemetry measures every way to listen, and sends the spans that it says it does."""

from __future__ import annotations

import pytest

from bench import telemetry
from bench.figure import Figure
from runtime.telemetry.opentelemetry import Queued, Spans


@pytest.fixture(scope="module")
def quick() -> list[Figure]:
    """All figures, measured once."""
    return list(telemetry.figures(quick=True))


def test_every_way_to_listen_is_a_figure_beside_plain_tasks(quick: list[Figure]) -> None:
    every = telemetry.cases()
    names = [case.name for case in every]
    for case in every:
        if case.processor is not None:
            case.processor.shutdown()

    assert [figure.what for figure in quick] == [f"six stages with {name}" for name in names]
    assert all(figure.ratio for figure in quick)


def test_the_two_that_are_promised_have_their_bars(quick: list[Figure]) -> None:
    held = [figure.what for figure in quick if figure.bar is not None]

    assert held == [f"six stages with {name}" for name in telemetry.MICROSECONDS]


def test_with_every_trace_a_query_is_a_span_and_one_for_each_stage() -> None:
    taken = []

    class Counted(telemetry.Nowhere):
        def export(self, spans):  # type: ignore[no-untyped-def]
            taken.extend(spans)
            return super().export(spans)

    processor = Queued(Counted(), most=100)
    case = telemetry.Case("all", Spans(processor, 1.0, ()), processor)

    case.measure(queries=2)()
    processor.shutdown()

    assert len(taken) == (2 + 3) * 7  # three that are not measured
