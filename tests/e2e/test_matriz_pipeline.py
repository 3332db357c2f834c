"""The golden path: the real nodes of production, from a question to its answer, and the shape of the trace."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from runtime.answer import Document, document_of
from runtime.orchestrator.stage import STAGES
from runtime.settings import Settings
from runtime.telemetry.opentelemetry import Kept, Spans
from runtime.telemetry.recording import SpanRecord, differences, shape, written
from tests.e2e.corpus import PATIENT, fed

GOLDEN = Path(__file__).parent / "golden" / "trace.json"
QUESTION = "When was the lighthouse at Arkona built?"


def asked(question: str, settings: Settings = PATIENT) -> tuple[Document, tuple[SpanRecord, ...]]:
    async def run() -> tuple[Document, tuple[SpanRecord, ...]]:
        kept = Kept()
        spans = Spans(kept, share=1.0)
        async with fed(settings, [spans]) as app:
            outcome = await app.ask(question)
        spans.close()
        return document_of(outcome), kept.records

    return asyncio.run(run())


def test_a_question_is_answered_by_all_six_stages_with_its_source() -> None:
    document, _ = asked(QUESTION)

    assert document["outcome"] == "answered"
    assert document["answer"] == "The lighthouse at Arkona was built in 1827."
    assert document["sources"] == ["lighthouse.md:3"]
    assert isinstance(document["confidence"], float)
    assert document["confidence"] > 0.9
    stages = document["stages"]
    assert isinstance(stages, list)
    assert [(row["stage"], row["ending"]) for row in stages] == [(stage, "done") for stage in STAGES]


@pytest.mark.parametrize(
    ("question", "answer", "source"),
    [
        ("When does the harbour close?", "The harbour closes when the wind is stronger than nine", "harbour.md:3"),
        ("Where does the keeper live?", "The keeper lives in the house beside the tower", "lighthouse.md:7"),
        ("When does the bakery open on Sundays?", "On Sundays it opens at eight", "bakery.txt:1"),
    ],
)
def test_each_question_is_answered_from_the_document_that_speaks_of_it(question: str, answer: str, source: str) -> None:
    document, _ = asked(question)

    assert answer in str(document["answer"])
    sources = document["sources"]
    assert isinstance(sources, list)
    assert sources[0] == source


def test_what_no_document_speaks_of_is_not_answered() -> None:
    document, _ = asked("Who is the king of Spain?")

    assert document["outcome"] == "answered"
    assert document["answer"] is None
    assert document["confidence"] == 0


def test_the_trace_has_the_golden_shape() -> None:
    """LUKHAS_WRITE_GOLDEN=1 writes it anew; the difference is then to be read in the diff."""
    _, spans = asked(QUESTION)
    actual = shape(spans)
    if os.environ.get("LUKHAS_WRITE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(written(actual), encoding="utf-8")

    assert differences(json.loads(GOLDEN.read_text(encoding="utf-8")), actual) == []


def test_the_golden_shape_is_a_query_with_a_child_for_each_stage_in_order() -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))

    [query] = golden["spans"]
    assert [child["name"] for child in query["spans"]] == [f"stage.{stage}" for stage in STAGES]
    assert {child["attributes"]["matriz.stage"] for child in query["spans"]} == set(STAGES)


def test_a_trace_that_lacks_a_stage_is_told_from_the_golden_one() -> None:
    _, spans = asked(QUESTION)

    without = [span for span in spans if span.name != "stage.thought"]

    assert any("stage.thought" in line for line in differences(json.loads(GOLDEN.read_text()), shape(without)))


def test_the_same_question_has_the_same_answer() -> None:
    one, other = asked(QUESTION)[0], asked(QUESTION)[0]

    for field in ("answer", "confidence", "sources", "awareness"):
        assert one[field] == other[field]


@pytest.mark.parametrize("lane", ["integration", "candidate"])
def test_every_wider_lane_answers_from_the_same_source(lane: str) -> None:
    document, _ = asked(QUESTION, PATIENT._replace(lane=lane))

    assert "built in 1827" in str(document["answer"])
    assert document["sources"] == ["lighthouse.md:3"]


def test_the_answer_survives_a_restart(tmp_path: Path) -> None:
    settings = PATIENT._replace(store=f"sqlite:///{tmp_path}/memory.db")

    first, _ = asked(QUESTION, settings)
    again, _ = asked(QUESTION, settings)

    assert first["answer"] == again["answer"] == "The lighthouse at Arkona was built in 1827."
