"""What a person at a terminal reads of an answer."""

from __future__ import annotations

from typing import Any

from runtime.terminal import shown

STAGES = ("memory", "attention", "thought", "action", "decision", "awareness")


def document(**fields: Any) -> dict[str, Any]:
    stages = [{"stage": stage, "node": "n", "ending": "done", "seconds": 0.001, "budget": 0.1} for stage in STAGES]
    plain: dict[str, Any] = {
        "outcome": "answered",
        "answer": "In 1827.",
        "confidence": 0.5,
        "sources": ["a.md:3"],
        "passages": [],
        "awareness": {"gaps": [], "unmet": []},
        "seconds": 0.0123,
        "stages": stages,
    }
    return {**plain, **fields}


def lines(**fields: Any) -> list[str]:
    return list(shown(document(**fields)))


def passage(text: str, score: float) -> dict[str, Any]:
    return {"id": text, "text": text, "source": f"{score}.md:1", "score": score}


def test_the_answer_comes_first_then_how_it_came_about() -> None:
    assert lines()[:4] == ["In 1827.", "", "6 of 6 stages in 12.3 ms, confidence 50%", "  from a.md:3"]


def test_without_an_answer_nothing_is_said_to_be_sure_and_why_is_said() -> None:
    account = {"gaps": ["nothing that was recalled speaks of it"], "unmet": ["king", "spain"]}

    assert lines(answer=None, sources=[], awareness=account)[:5] == [
        "(no answer)",
        "",
        "6 of 6 stages in 12.3 ms",
        "  nothing that was recalled speaks of it",
        "  nothing speaks of: king, spain",
    ]


def test_a_failure_names_its_stage() -> None:
    failed = [{"stage": "memory", "node": "recall", "ending": "failed", "seconds": 0.001, "budget": 0.1, "error": "E"}]

    told = lines(outcome="failed", answer=None, failed_stage="memory", sources=[], awareness=None, stages=failed)

    assert told[2] == "failed at memory, after 12.3 ms and 0 of 1 stages"
    assert told[-1].split() == ["memory", "recall", "failed", "1.00", "100", "E"]


def test_the_most_relevant_passage_stands_first_with_the_heading_it_stands_below() -> None:
    found = [passage("plain   text\nof two lines", 0.2), passage("# Top > Sub\n\nThe body.", 0.7)]

    assert lines(passages=found)[4:9] == [
        "",
        "  0.700  0.7.md:1  Sub",
        "         The body.",
        "  0.200  0.2.md:1",
        "         plain text of two lines",
    ]


def test_a_passage_that_is_long_is_cut_and_one_that_is_all_heading_is_shown() -> None:
    cut, whole = lines(passages=[passage("word " * 100, 0.2)]), lines(passages=[passage("# All of it", 0.2)])

    assert cut[6].endswith(" …")
    assert len(cut[6].strip()) == 100
    assert whole[6].strip() == "# All of it"
