"""The stage action by another strategy: the best sentence, with the ones that stand beside it."""

from __future__ import annotations

from runtime.lanes.findings import Proposal, passages, statements
from runtime.lanes.words import joined, sentences
from runtime.orchestrator.query import Query


class PassageExtract:
    """Answers with one stretch of one passage: what explains a sentence mostly stands next to it."""

    name = "passage-extract"
    stage = "action"
    lane = "integration"
    concurrency = 64

    def __init__(self, beside: int = 1) -> None:
        self._beside = beside

    async def handle(self, query: Query) -> Query:
        """Finds one proposal, or none where there is no statement."""
        candidates = statements(query)
        if not candidates:
            return query.with_finding(self.stage, [])
        best = candidates[0]
        proposal = Proposal(
            text=self._stretch(query, best["passage"], best["text"]),
            sources=[best["source"]],
            support=best["support"],
            strategy=self.name,
        )
        return query.with_finding(self.stage, [proposal])

    def _stretch(self, query: Query, passage: str, sentence: str) -> str:
        for candidate in passages(query):
            found = sentences(candidate["text"])
            if candidate["id"] == passage and sentence in found:
                place = found.index(sentence)
                return joined(found[max(0, place - self._beside) : place + self._beside + 1])
        return sentence
