"""What the real pipeline says becomes one trace a query and counts that agree with it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from opentelemetry.trace import get_current_span

from runtime.orchestrator.node import Node
from runtime.orchestrator.outcome import Outcome
from runtime.orchestrator.pipeline import Pipeline
from runtime.orchestrator.query import Query
from runtime.orchestrator.stage import STAGES
from runtime.telemetry.events import told_to
from runtime.telemetry.opentelemetry import Kept, Spans
from runtime.telemetry.prometheus import Metrics
from runtime.telemetry.recording import SpanRecord, differences, shape
from tests.orchestrator.fakes import Answering, Failing, FirstOf, Swallowing, answering, stages


class Looking(Answering):
    """Answers, and keeps which span was current while it did."""

    def __init__(self, stage: str) -> None:
        super().__init__(stage)
        self.current: list[str] = []

    async def handle(self, query: Query) -> Query:
        await asyncio.sleep(0)
        self.current.append(f"{get_current_span().get_span_context().span_id:016x}")
        return await super().handle(query)


def run(spans: Spans, metrics: Metrics, queries: int = 1, **instead: Sequence[Node]) -> list[Outcome]:
    async def all_of_them() -> list[Outcome]:
        observe = told_to([metrics, spans])
        pipeline = Pipeline(stages(attention=0.01), answering(**instead), FirstOf(), 5.0, observe)
        return await asyncio.gather(*(pipeline.run(Query.of("?")) for _ in range(queries)))

    return asyncio.run(all_of_them())


def by_trace(records: Sequence[SpanRecord]) -> list[list[SpanRecord]]:
    found: dict[str, list[SpanRecord]] = {}
    for span in records:
        found.setdefault(span.trace, []).append(span)
    return list(found.values())


def test_queries_at_once_are_traces_of_one_shape_and_the_counts_agree() -> None:
    kept, metrics = Kept(), Metrics()
    run(Spans(kept, 1.0), metrics, 50)

    first, *others = [shape(trace) for trace in by_trace(kept.records)]
    assert len(others) == 49
    assert [differences(first, other) for other in others] == [[]] * 49
    counted = [metrics.registry.get_sample_value("matriz_stage_total", {"stage": stage}) for stage in STAGES]
    assert counted == [50.0] * 6
    assert metrics.registry.get_sample_value("matriz_queries_in_flight") == 0.0


def test_a_stage_that_will_not_stop_is_an_abandoned_span_and_those_after_it_are_as_ever() -> None:
    kept, metrics = Kept(), Metrics()
    run(Spans(kept, 1.0, attached=STAGES), metrics, attention=[Swallowing("attention", 0.1)])

    outcomes = {span.name: span.attributes["matriz.outcome"] for span in kept.records}
    assert outcomes == {
        **{f"stage.{stage}": "done" for stage in STAGES},
        "stage.attention": "abandoned",
        "matriz.query": "degraded",
    }
    labels = {"stage": "attention", "type": "Abandoned"}
    assert metrics.registry.get_sample_value("matriz_stage_fail_total", labels) == 1.0


def test_what_a_stage_raises_is_in_the_trace_with_its_type_and_text() -> None:
    kept, metrics = Kept(), Metrics()
    run(Spans(kept, 1.0), metrics, memory=[Failing("memory", KeyError("store"))])

    memory = next(span for span in kept.records if span.name == "stage.memory")
    root = kept.records[-1]
    assert memory.marks[0].attributes == {"stage": "memory", "error": "KeyError: 'store'"}
    assert (root.attributes["matriz.outcome"], root.attributes["error.type"]) == ("failed", "KeyError")
    assert [span.attributes["matriz.outcome"] for span in kept.records[1:-1]] == ["skipped"] * 5


def test_within_each_stage_its_own_span_is_current_however_many_queries_there_are() -> None:
    kept = Kept()
    nodes = {stage: [Looking(stage)] for stage in STAGES}
    run(Spans(kept, 1.0, attached=STAGES), Metrics(), 20, **nodes)

    for stage in STAGES:
        made = {span.id for span in kept.records if span.name == f"stage.{stage}"}
        assert (len(made), set(nodes[stage][0].current)) == (20, made)
