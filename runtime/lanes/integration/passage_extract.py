"""The stage action by another strategy: the best sentence, with the ones that stand beside it."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.lanes.findings import Statement, passages, proposals, statements
from runtime.lanes.words import sentences
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
        best = statements(query)[:1]
        said = [sentence for statement in best for sentence in self._stretch(query, statement)]
        return query.with_finding(self.stage, proposals(self.name, said, best))

    def _stretch(self, query: Query, statement: Statement) -> Sequence[str]:
        for candidate in passages(query):
            found = sentences(candidate["text"])
            if candidate["id"] == statement["passage"] and statement["text"] in found:
                place = found.index(statement["text"])
                return found[max(0, place - self._beside) : place + self._beside + 1]
        return [statement["text"]]
