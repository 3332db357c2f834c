"""A query is a span, each attempt at a stage one below it; what is not sampled costs no span."""

from __future__ import annotations

import asyncio
from typing import Optional

import pytest
from opentelemetry.context import Context, attach, detach
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.trace import INVALID_SPAN, get_current_span, use_span

from runtime.errors import ConfigurationFault
from runtime.telemetry.catalogue import ATTRIBUTES, SPANS, STAGES
from runtime.telemetry.events import Event, Observer, QueryFinished, StageFinished, StageStarted
from runtime.telemetry.opentelemetry import Kept, Spans, record
from runtime.telemetry.recording import SpanRecord
from tests.telemetry.told import MS, START, finished, query

TRACE = "0af7651916cd43dd8448eb211c80319c"
ABOVE = "b7ad6b7169203331"


def spans_of(told: list[Event], share: float = 1.0, attached: tuple[str, ...] = ()) -> tuple[SpanRecord, ...]:
    kept = Kept()
    tell(Spans(kept, share, attached), told)
    return kept.records


def tell(observe: Observer, told: list[Event]) -> None:
    for event in told:
        observe(event)


def test_the_stages_of_a_query_stand_below_it_in_their_order_and_with_their_times() -> None:
    *stages, root = spans_of(query())

    assert (root.name, root.parent) == ("matriz.query", None)
    assert [span.name for span in stages] == [f"stage.{stage}" for stage in STAGES]
    assert {span.parent for span in stages} == {root.id}
    assert {span.trace for span in stages} == {root.trace}
    assert [(span.start_ns, span.end_ns) for span in stages] == [
        (START + 3 * place * MS, START + 3 * (place + 1) * MS) for place in range(6)
    ]
    assert (root.start_ns, root.end_ns) == (START, START + 19 * MS)


def test_a_span_holds_what_the_catalogue_says_and_nothing_else() -> None:
    known = {attribute.name: attribute.type for attribute in ATTRIBUTES}
    types = {"string": str, "double": float, "int": int, "boolean": bool}
    failed = finished("action", "failed", error="KeyError", detail="'x'", hedged=True, attempt=2)

    for span in spans_of(query(endings={"action": failed}, outcome="failed", stage="action")):
        described = next(
            entry
            for entry in SPANS
            if entry.name.split("<")[0] == span.name[: len("stage.")] or (entry.name == span.name)
        )
        assert set(span.attributes) <= set(described.attributes)
        assert {mark.name for mark in span.marks} <= set(described.events)
        assert all(type(value) is types[known[name]] for name, value in span.attributes.items())


def test_operations_are_named_as_the_conventions_name_them() -> None:
    named = {span.name: span.attributes.get("gen_ai.operation.name") for span in spans_of(query())}

    assert named == {
        "matriz.query": "invoke_workflow",
        "stage.memory": "search_memory",
        "stage.attention": None,
        "stage.thought": "plan",
        "stage.action": "execute_tool",
        "stage.decision": None,
        "stage.awareness": None,
    }


def test_a_failed_stage_says_so_in_an_event_with_stage_and_error() -> None:
    failed = finished("thought", "failed", error="KeyError", detail="no 'plan'")
    told = query(stages=("thought",), endings={"thought": failed}, outcome="failed", stage="thought")

    stage, root = spans_of(told)

    assert (stage.status, root.status) == ("error", "error")
    assert stage.attributes["error.type"] == root.attributes["error.type"] == "KeyError"
    assert [(mark.name, dict(mark.attributes)) for mark in stage.marks] == [
        ("stage_error", {"stage": "thought", "error": "KeyError: no 'plan'"})
    ]
    assert root.attributes["matriz.stage"] == "thought"


def test_the_error_of_a_query_is_that_of_its_critical_stage() -> None:
    endings = {
        "memory": finished("memory", "failed", error="KeyError"),
        "attention": finished("attention", "failed", error="ValueError", critical=False),
    }
    *_, root = spans_of(query(stages=("memory", "attention"), endings=endings, outcome="failed", stage="memory"))

    assert root.attributes["error.type"] == "KeyError"


def test_a_long_error_is_cut() -> None:
    failed = finished(ending="failed", error="KeyError", detail="x" * 100_000)

    stage, _ = spans_of(query(stages=("memory",), endings={"memory": failed}))

    assert len(str(stage.marks[0].attributes["error"])) == 1_000


@pytest.mark.parametrize(("ending", "error"), [("timed_out", "TimedOut"), ("abandoned", "Abandoned")])
def test_a_stage_that_did_not_answer_in_time_is_an_error_of_its_own_type(ending: str, error: str) -> None:
    told = query(stages=("memory",), endings={"memory": finished(ending=ending, critical=False)}, outcome="degraded")

    stage, root = spans_of(told)

    assert (stage.attributes["error.type"], stage.status) == (error, "error")
    assert (root.status, "error.type" in root.attributes) == ("unset", False)


def test_a_skipped_stage_is_a_span_without_length_and_no_error() -> None:
    skipped = finished("action", "skipped", node="", attempt=0, detail="no node serves it")._replace(seconds=0.0)

    stage, _ = spans_of(query(stages=("action",), endings={"action": skipped}))

    assert stage.start_ns == stage.end_ns
    assert (stage.attributes["matriz.outcome"], stage.status, stage.marks) == ("skipped", "unset", ())
    assert stage.attributes["matriz.reason"] == "no node serves it"


def test_a_hedge_is_a_span_beside_the_attempt_that_it_hedges() -> None:
    told = query(stages=("memory",))
    told[2:2] = [finished(node="far", hedged=True, attempt=2)]

    hedge, first, root = spans_of(told)

    assert hedge.parent == first.parent == root.id
    assert (hedge.attributes["matriz.attempt"], hedge.attributes["matriz.hedged"]) == (2, True)
    assert "matriz.hedged" not in first.attributes


def test_a_stage_never_begins_before_its_query() -> None:
    slow = finished("memory")._replace(seconds=9.0)

    stage, root = spans_of(query(stages=("memory",), endings={"memory": slow}))

    assert stage.start_ns == root.start_ns


def test_what_is_told_of_a_stage_after_its_query_is_no_span() -> None:
    assert [span.name for span in spans_of([*query(stages=()), finished()])] == ["matriz.query"]


class Counting(SpanProcessor):
    def __init__(self) -> None:
        self.started = 0

    def on_start(self, span: object, parent_context: Optional[Context] = None) -> None:
        self.started += 1

    def on_end(self, span: ReadableSpan) -> None:
        pass


def test_below_a_query_that_is_not_sampled_no_span_is_made() -> None:
    counting = Counting()
    spans = Spans(counting, share=0.0)

    tell(spans, query()[:-1])

    assert counting.started == 0
    assert spans.trace_of("q") is None
    assert int(str(spans.traceparent("q"))[-2:], 16) & 1 == 0  # what stands below elsewhere is not sampled, either


def test_a_query_that_is_not_sampled_asks_the_tracer_for_nothing_but_its_root() -> None:
    class Refusing:
        def start_span(self, *arguments: object, **options: object) -> None:
            raise AssertionError("a span was asked for")

    spans = Spans(Kept(), 0.0)
    began, *rest = query()
    spans(began)
    spans._tracer = Refusing()
    tell(spans, rest)


def test_the_share_of_queries_that_are_traced_is_what_was_asked_for() -> None:
    kept = Kept()
    spans = Spans(kept, share=0.05)
    for number in range(4_000):
        tell(spans, query(str(number), stages=()))

    assert 100 < len(kept.records) < 320  # 200 expected; beyond 8 standard deviations


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ConfigurationFault, match="number from 0 to 1"):
        Spans(Kept(), share)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_traceparent_decides_what_is_traced_and_below_what(share: float) -> None:
    root = spans_of(query(stages=(), traceparent=f"00-{TRACE}-{ABOVE}-01"), share)

    assert [(span.trace, span.parent) for span in root] == [(TRACE, ABOVE)]
    assert spans_of(query(stages=(), traceparent=f"00-{TRACE}-{ABOVE}-00"), share) == ()


@pytest.mark.parametrize("traceparent", ["", "nonsense", "00-0-0-01", f"00-{'0' * 32}-{ABOVE}-01", "\x00" * 9_000])
def test_a_traceparent_that_makes_no_sense_begins_a_trace_of_its_own(traceparent: str) -> None:
    (root,) = spans_of(query(stages=(), traceparent=traceparent))

    assert root.parent is None


def test_the_trace_of_a_query_is_known_while_it_runs_and_when_it_has_just_ended() -> None:
    kept = Kept()
    spans = Spans(kept, 1.0)
    told = query(stages=())
    spans(told[0])
    running = spans.trace_of("q")
    header = spans.traceparent("q")
    spans(told[1])

    assert running == spans.trace_of("q") == kept.records[0].trace
    assert header == f"00-{kept.records[0].trace}-{kept.records[0].id}-{str(header)[-2:]}"
    assert spans.traceparent("q") is None
    assert spans.trace_of("another") is None


def test_work_elsewhere_stands_below_the_attempt_that_asked_for_it() -> None:
    kept = Kept()
    spans = Spans(kept, 1.0)
    began, _, ended, left = query(stages=("memory",))
    spans(began)
    header = spans.below("q", "memory", "near")
    again = spans.below("q", "memory", "near")
    other = spans.below("q", "memory", "far")
    tell(spans, [ended, left])

    near, far, root = kept.records
    assert header == again == f"00-{root.trace}-{near.id}-{str(header)[-2:]}"
    assert str(other).split("-")[2] == far.id  # whose end nobody told
    assert near.parent == far.parent == root.id
    assert near.attributes["matriz.outcome"] == "done"
    assert spans.below("q", "memory", "near") is None


def test_queries_at_once_do_not_mix() -> None:
    kept = Kept()
    spans = Spans(kept, 1.0)
    for one, other in zip(query("a"), query("b")):
        spans(one)
        spans(other)

    roots = {span.id: span.attributes["matriz.query"] for span in kept.records if span.parent is None}
    assert len({span.trace for span in kept.records}) == 2
    assert sorted(str(roots[span.parent]) for span in kept.records if span.parent) == ["a"] * 6 + ["b"] * 6


def in_a_stage(spans: Spans, stage: str) -> tuple[str, str, str]:
    """The id of what is current before, within and after a stage that a task of its own runs, and that another ends."""

    def current() -> str:
        return f"{get_current_span().get_span_context().span_id:016x}"

    async def work() -> str:
        spans(StageStarted("q", stage, "near", START))
        await asyncio.sleep(0)
        return current()

    async def run() -> tuple[str, str, str]:
        told = query(stages=())
        spans(told[0])
        before = current()
        within = await asyncio.create_task(work())
        spans(finished(stage))
        after = current()
        spans(told[-1])
        return before, within, after

    return asyncio.run(run())


def test_the_span_of_an_attached_stage_is_current_while_it_runs_and_no_longer() -> None:
    kept = Kept()

    before, within, after = in_a_stage(Spans(kept, 1.0, attached=("memory",)), "memory")

    assert within == kept.records[0].id
    assert before == after == "0" * 16


def test_a_stage_that_begins_and_ends_in_one_task_leaves_current_what_was_before() -> None:
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("of the server")
    kept = Kept()
    with tracer.start_as_current_span("of the server") as around:
        tell(Spans(kept, 1.0, attached=STAGES), query())
        assert get_current_span() is around

    stages = [span for span in kept.records if span.name != "matriz.query"]
    assert len(stages) == 6
    assert {span.parent for span in stages} == {kept.records[-1].id}


def test_a_stage_that_is_not_attached_leaves_nothing_current() -> None:
    assert in_a_stage(Spans(Kept(), 1.0, attached=("memory",)), "thought")[1] == "0" * 16


def test_an_attached_stage_of_a_query_that_is_not_sampled_leaves_nothing_current() -> None:
    assert in_a_stage(Spans(Kept(), 0.0, attached=("memory",)), "memory")[1] == "0" * 16


def test_attached_or_not_the_spans_are_alike() -> None:
    def without_ids(spans: tuple[SpanRecord, ...]) -> list[SpanRecord]:
        return [span._replace(trace="", id="", parent=None) for span in spans]

    assert without_ids(spans_of(query(), attached=STAGES)) == without_ids(spans_of(query()))


def test_what_is_current_around_a_query_without_traceparent_stands_above_it() -> None:
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("of the server")
    with tracer.start_as_current_span("of the server") as around:
        (root,) = spans_of(query(stages=()))

    assert root.parent == f"{around.get_span_context().span_id:016x}"


def test_queries_whose_end_is_never_told_are_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.telemetry.opentelemetry._MOST_OPEN", 10)
    kept = Kept()
    spans = Spans(kept, 1.0)
    for number in range(50):
        spans(query(str(number))[0])

    assert len(spans._open) == 10
    assert len(kept.records) == 40


def test_an_attached_stage_whose_end_is_never_told_ends_with_its_query() -> None:
    kept = Kept()
    with use_span(INVALID_SPAN):
        tell(Spans(kept, 1.0, attached=STAGES), [event for event in query() if not isinstance(event, StageFinished)])

    assert [span.name for span in kept.records] == [*(f"stage.{stage}" for stage in STAGES), "matriz.query"]
    assert {span.end_ns for span in kept.records} == {START + 19 * MS}


def test_the_end_of_a_query_that_never_began_is_no_span() -> None:
    assert spans_of([QueryFinished("?", "answered", START, 0.1, 0.25)]) == ()


def test_a_span_of_the_library_becomes_plain_data() -> None:
    token = attach(Context())
    try:
        span = TracerProvider(shutdown_on_exit=False).get_tracer("any").start_span("any", start_time=1)
        span.end(2)
    finally:
        detach(token)
    assert isinstance(span, ReadableSpan)

    assert record(span)[3:] == (None, 1, 2, {}, (), "unset")
