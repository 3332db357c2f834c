from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.lanes.candidate.varied_salience import VariedSalience
from runtime.lanes.findings import Passage, Proposal
from runtime.lanes.integration.passage_extract import PassageExtract
from runtime.lanes.production.documents import Documents
from runtime.lanes.production.extract import Extract
from runtime.lanes.production.gaps import Gaps
from runtime.lanes.production.salience import Salience
from runtime.lanes.production.stage_table import StageTable
from runtime.lanes.production.statements import Statements
from runtime.lanes.production.weigh import Weigh
from runtime.lanes.words import asked, carried, sentences, stem, weights
from runtime.orchestrator.query import Query
from runtime.telemetry.events import QueryStarted, StageFinished

TOWER = "The lighthouse at Arkona was built in 1827. It stands on the cape. Its light is seen for miles."
HARBOUR = "The harbour closes when the wind is strong. Ships wait outside."
CAT = "A cat sleeps on the windowsill."


def passage(text: str, score: float = 0.5) -> Passage:
    return Passage(id=text, text=text, source=f"{text.split()[1]}.md:1", score=score)


def after(query: Query, *nodes: Any) -> Query:
    async def run() -> Query:
        current = query
        for node in nodes:
            current = await node.handle(current)
        return current

    return asyncio.run(run())


def recalled(question: str, *texts: str) -> Query:
    return Query.of(question).with_finding("memory", [passage(text) for text in texts])


ALL = (Salience(), Statements(), Extract(), Weigh(), Gaps())


def test_attention_keeps_what_holds_the_question_and_leaves_the_rest() -> None:
    query = after(recalled("When was the lighthouse built?", CAT, HARBOUR, TOWER), Salience())

    assert [one["text"] for one in query.found["attention"]] == [TOWER]  # type: ignore[attr-defined]


def test_what_is_only_similar_is_not_kept() -> None:
    query = after(recalled("Who is the king of Spain?", CAT, HARBOUR), Salience())

    assert query.found["attention"] == []


def test_the_answer_is_a_sentence_that_stands_there_with_its_source() -> None:
    query = after(recalled("When was the lighthouse at Arkona built?", HARBOUR, TOWER), *ALL)

    assert query.answer == "The lighthouse at Arkona was built in 1827."
    assert query.found["action"][0]["sources"] == ["lighthouse.md:1"]  # type: ignore[index]
    assert query.found["decision"]["confidence"] > 0.9  # type: ignore[index]


def test_it_abstains_where_nothing_speaks_of_it_and_says_so() -> None:
    query = after(recalled("Who is the king of Spain?", CAT, HARBOUR), *ALL)

    assert query.answer is None
    assert query.found["decision"]["abstained"]  # type: ignore[index]
    assert query.found["awareness"]["unmet"] == ["king", "spain"]  # type: ignore[index]


def test_it_abstains_where_a_passage_holds_too_little_of_the_question() -> None:
    query = after(recalled("Which paint protects the lighthouse windows against salty spray?", TOWER, HARBOUR), *ALL)

    assert query.answer is None
    assert "of the question" in query.found["decision"]["reason"]  # type: ignore[index]


def test_a_question_is_no_answer_to_a_question() -> None:
    query = after(recalled("When was the lighthouse built?", "When was the lighthouse built?"), *ALL)

    assert query.answer is None


def test_without_attention_thought_works_on_all_that_was_recalled() -> None:
    query = after(recalled("When was the lighthouse built?", CAT, TOWER), Statements(), Extract(), Weigh(), Gaps())

    assert query.answer == "The lighthouse at Arkona was built in 1827."
    account: Any = query.found["awareness"]
    assert account["gaps"] == ["the stage attention found nothing: it is missing"]


def test_awareness_says_that_nothing_is_remembered() -> None:
    query = after(recalled("When was the lighthouse built?"), *ALL)

    assert "nothing is remembered; feed the memory first" in query.found["awareness"]["gaps"]  # type: ignore[index]


def test_the_other_strategy_answers_with_what_stands_beside_the_sentence() -> None:
    query = recalled("What is the light of the tower?", TOWER)
    query = after(query, Salience(), Statements(), PassageExtract())

    [proposal] = cast("list[Proposal]", query.found["action"])
    assert proposal["text"] == "It stands on the cape. Its light is seen for miles."
    assert proposal["strategy"] == "passage-extract"


def test_variety_takes_the_passage_that_says_something_else_first() -> None:
    texts = ["The lamp of the lighthouse burns all night.", "The lamp of the lighthouse burns every night."]
    texts.append("Beside the lighthouse lives its keeper.")
    found = [passage(text, score) for text, score in zip(texts, (0.9, 0.8, 0.7))]
    query = Query.of("What is the lighthouse?").with_finding("memory", found)

    plain, varied = after(query, Salience()), after(query, VariedSalience())

    assert [one["text"] for one in plain.found["attention"]] == texts  # type: ignore[attr-defined]
    assert [one["text"] for one in varied.found["attention"]] == [texts[0], texts[2], texts[1]]  # type: ignore[attr-defined]


@settings(deadline=None)
@given(st.text(max_size=200), st.lists(st.text(min_size=1, max_size=300), max_size=5))
def test_no_text_upsets_a_node_and_every_answer_stands_in_a_passage(question: str, texts: list[str]) -> None:
    query = after(
        recalled("x", *())
        .with_finding(
            "memory", [Passage(id=str(place), text=text, source="a", score=0.1) for place, text in enumerate(texts)]
        )
        ._replace(text=question),
        *ALL,
    )

    verdict: Any = query.found["decision"]
    assert 0 <= verdict["confidence"] <= 1
    assert (query.answer is None) == verdict["abstained"]
    assert set(query.found) == {"memory", "attention", "thought", "action", "decision", "awareness"}


@given(st.text(max_size=100), st.lists(st.text(max_size=100), max_size=5))
def test_the_words_of_a_question_are_worth_one_in_all(question: str, texts: list[str]) -> None:
    worth = weights(question, texts)

    assert not worth or abs(sum(worth.values()) - 1) < 1e-9
    assert all(0 <= carried(text, worth)[0] <= 1 + 1e-9 for text in texts)


def test_endings_do_not_matter_and_words_that_only_ask_do_not_count() -> None:
    assert stem("gates") == stem("gated") == stem("gating")
    assert asked("What does a gate do, and why?") == [stem("gate")]
    assert asked("What is it?") == ["what", "is", "it"]


def test_sentences_end_where_they_end() -> None:
    assert sentences("One. Two is 3.5 long. Three!\n\n- four\n- five") == (
        "One.",
        "Two is 3.5 long.",
        "Three!",
        "four",
        "five",
    )


def test_a_document_is_split_at_its_headings_with_lines_to_go_to() -> None:
    text = "# Top\n\nFirst.\n\n## Sub\n\nSecond.\n\nThird.\n\n```\n# no heading\n\nstill code\n```\n\n# Next\n\nLast."

    found = list(Documents().passages(text))

    assert [(one.heading, one.line) for one in found] == [("Top", 3), ("Top > Sub", 7), ("Next", 19)]
    assert "# no heading\n\nstill code" in found[1].text


@settings(deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters=".`"), max_size=3000))
def test_a_document_loses_no_word_in_its_passages(text: str) -> None:
    passages = "\n".join(one.text for one in Documents(most=50).passages(text))

    assert {character for character in text if character.isalnum()} <= set(passages)


@pytest.mark.parametrize("text", ["", "\n\n\n", "   "])
def test_an_empty_document_has_no_passage(text: str) -> None:
    assert list(Documents().passages(text)) == []


def test_the_stage_table_counts_endings_and_keeps_times_of_what_is_done() -> None:
    table = StageTable()
    for seconds in (0.1, 0.2, 0.3):
        table(StageFinished("q", "memory", "recall", "done", 0, seconds, 1.0, True))
    table(StageFinished("q", "memory", "recall", "failed", 0, 9.0, 1.0, True))
    table(QueryStarted("q", 0, 1.0))

    [row] = table.rows()

    assert row.endings == {"done": 3, "failed": 1}
    assert (row.median, row.p95) == (0.2, 0.3)
