"""The shape of a trace is the same for the same path, and a difference reads as a sentence."""

from __future__ import annotations

import json
import random
from typing import Callable, Optional, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.telemetry.catalogue import STAGES
from runtime.telemetry.events import Event, QueryShed, QueryStarted, StageFinished
from runtime.telemetry.opentelemetry import Kept, Spans
from runtime.telemetry.recording import Recording, Shape, SpanRecord, differences, shape, written
from tests.telemetry.told import finished, query


def trace(told: Optional[list[Event]] = None) -> list[SpanRecord]:
    kept = Kept()
    spans = Spans(kept, 1.0)
    for event in told or query():
        spans(event)
    return list(kept.records)


def test_two_runs_of_one_path_have_one_shape_though_ids_and_times_differ() -> None:
    later = [e._replace(seconds=0.002) if isinstance(e, StageFinished) else e for e in query("other")]

    assert shape(trace(later)) == shape(trace())
    assert written(shape(trace(later))) == written(shape(trace()))


@given(st.randoms())
def test_the_order_in_which_spans_arrive_does_not_matter(order: random.Random) -> None:
    spans = trace()
    shuffled = list(spans)
    order.shuffle(shuffled)

    assert shape(shuffled) == shape(spans)


def test_a_shape_holds_stable_values_and_only_the_types_of_others() -> None:
    (root,) = _spans(shape(trace()))

    assert root["attributes"] == {
        "gen_ai.operation.name": "invoke_workflow",
        "matriz.budget_ms": "<float>",
        "matriz.duration_ms": "<float>",
        "matriz.outcome": "answered",
        "matriz.query": "<str>",
    }
    assert cast("Shape", _spans(root)[0]["attributes"])["matriz.node"] == "near"


def test_a_shape_that_was_written_is_read_back_alike() -> None:
    golden = shape(trace())

    assert differences(json.loads(written(golden)), golden) == []


def test_a_parent_that_is_not_among_the_spans_is_elsewhere() -> None:
    above = query(stages=(), traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")

    assert differences(shape(trace(query(stages=()))), shape(trace(above))) == [
        "the trace > matriz.query: its parent is elsewhere, expected none"
    ]


FAILED = finished("thought", "failed", error="KeyError", at_ms=9)
BEFORE = "stage.memory, stage.attention, stage.thought, stage.action, stage.decision, stage.awareness"
NOW = "stage.attention, stage.memory, stage.thought, stage.action, stage.decision, stage.awareness"
STAGE = "the trace > matriz.query > stage.thought"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda: query(stages=("memory", "attention", "action", "decision", "awareness")),
            ["the trace > matriz.query: stage.thought is missing, expected after stage.attention"],
        ),
        (
            lambda: query(stages=("memory", "attention", "thought", "dream", "action", "decision", "awareness")),
            ["the trace > matriz.query: stage.dream was not expected"],
        ),
        (
            lambda: query(stages=("attention", "memory", "thought", "action", "decision", "awareness")),
            [f"the trace > matriz.query: the order is {NOW}; expected {BEFORE}"],
        ),
        (
            lambda: query(endings={"thought": finished("thought", node="far", at_ms=9)}),
            [f"{STAGE}: matriz.node is 'far', expected 'near'"],
        ),
        (
            lambda: query(endings={"thought": finished("thought", attempt=2, at_ms=9)}),
            [f"{STAGE}: matriz.attempt is 2, not expected"],
        ),
        (
            lambda: query(stages=(), traceparent=None, endings={}, outcome="answered", stage="memory"),
            [
                "the trace > matriz.query: matriz.stage is 'memory', not expected",
                "the trace > matriz.query: stage.memory is missing, expected at the beginning",
                *(
                    f"the trace > matriz.query: stage.{stage} is missing, expected after stage.{before}"
                    for before, stage in zip(STAGES, STAGES[1:])
                ),
            ],
        ),
        (
            lambda: query(endings={"thought": FAILED}),
            [
                f"{STAGE}: its status is error, expected unset",
                f"{STAGE}: error.type is 'KeyError', not expected",
                f"{STAGE}: matriz.outcome is 'failed', expected 'done'",
                f"{STAGE}: stage_error was not expected",
            ],
        ),
    ],
    ids=["missing", "added", "order", "value", "attribute", "all missing", "failure"],
)
def test_a_difference_reads_as_a_sentence(change: Callable[[], list[Event]], said: list[str]) -> None:
    assert differences(shape(trace()), shape(trace(change()))) == said


def test_what_an_event_within_a_span_holds_is_compared() -> None:
    golden, other = shape(trace(query(endings={"thought": FAILED}))), shape(trace(query(endings={"thought": FAILED})))
    (mark,) = cast("list[Shape]", _spans(_spans(other)[0])[2]["marks"])
    cast("Shape", mark["attributes"])["stage"] = "memory"

    assert differences(golden, other) == [f"{STAGE} > stage_error: stage is 'memory', expected 'thought'"]


def _spans(of: Shape) -> list[Shape]:
    return cast("list[Shape]", of["spans"])


def test_an_attribute_that_is_gone_is_missed() -> None:
    golden = shape(trace(query(stages=(), stage="memory")))

    assert differences(golden, shape(trace(query(stages=())))) == [
        "the trace > matriz.query: matriz.stage is missing, expected 'memory'"
    ]


def test_a_golden_of_another_schema_is_to_be_written_anew() -> None:
    old = {**shape(trace()), "schema": 0}

    assert differences(old, shape(trace())) == ["the shape is of schema 1, expected 0: write it anew"]


@given(st.permutations(range(6)), st.sets(st.integers(0, 5)))
def test_shapes_differ_where_and_only_where_a_difference_is_said(order: list[int], left_out: set[int]) -> None:
    names = ("memory", "attention", "thought", "action", "decision", "awareness")
    other = shape(trace(query(stages=[names[place] for place in order if place not in left_out])))

    assert (differences(shape(trace()), other) == []) == (other == shape(trace()))


def test_a_recording_keeps_the_last_events_and_says_how_many_it_let_go() -> None:
    recording = Recording(most=2)
    told = [*query(stages=()), QueryShed("queue", 0.1)]
    for event in told:
        recording(event)

    assert recording.events == tuple(told[1:])
    assert recording.let_go == 1
    assert recording.of(QueryStarted) == []
    assert recording.of(QueryShed) == [told[-1]]
