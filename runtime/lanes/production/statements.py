"""The stage thought: sentences of the passages that may answer the question."""

from __future__ import annotations

from runtime.lanes.findings import Statement, passages
from runtime.lanes.words import asked, carried, sentences, weights
from runtime.orchestrator.query import Query


class Statements:
    """Weighs every sentence by what it holds of the question; of two that hold as much, the shorter stands first.

    A sentence alone often leaves out the subject that its passage names, so a quarter of the weight is the passage's;
    and what the memory finds less relevant than its best counts up to `by_relevance` less.
    """

    name = "statements"
    stage = "thought"
    lane = "production"
    concurrency = 64

    def __init__(self, most: int = 8, by_passage: float = 0.25, by_relevance: float = 0.3) -> None:
        self._most = most
        self._by_relevance = by_relevance
        self._by_passage = by_passage

    async def handle(self, query: Query) -> Query:
        """Finds statements, best first."""
        picked = passages(query)
        worth = weights(query.text, [passage["text"] for passage in picked])
        best = max((passage["score"] for passage in picked), default=0.0)
        found: list[Statement] = []
        for passage in picked:
            near = max(0.0, passage["score"] / best) if best > 0 else 1.0
            relevance = 1 - self._by_relevance * (1 - near)
            whole, _ = carried(passage["text"], worth)
            for sentence in sentences(passage["text"]):
                share, matched = carried(sentence, worth)
                if not matched or _is_question(sentence):
                    continue
                held = (1 - self._by_passage) * share + self._by_passage * whole
                support = round(relevance * held, 4)
                found.append(
                    Statement(
                        text=sentence, source=passage["source"], passage=passage["id"], support=support, matched=matched
                    )
                )
        found.sort(key=lambda one: (-one["support"], _is_heading(one["text"]), len(one["text"]), one["text"]))
        return query.with_finding(self.stage, found[: self._most])


def _is_question(sentence: str) -> bool:
    return sentence.endswith("?")


def _is_heading(sentence: str) -> bool:
    return sentence.startswith("#") or len(asked(sentence)) < 3
