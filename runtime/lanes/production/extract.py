"""The stage action: an answer of sentences that stand in the passages, each with its source."""

from __future__ import annotations

from runtime.lanes.findings import Statement, proposals, statements
from runtime.orchestrator.query import Query


class Extract:
    """Takes the best sentence, and further ones while each adds a word of the question that is not yet answered."""

    name = "extract"
    stage = "action"
    lane = "production"
    concurrency = 64

    def __init__(self, most: int = 3) -> None:
        self._most = most

    async def handle(self, query: Query) -> Query:
        """Finds one proposal, or none where there is no statement."""
        taken = self._taken(statements(query))
        said = [statement["text"] for statement in taken]
        return query.with_finding(self.stage, proposals(self.name, said, taken))

    def _taken(self, candidates: list[Statement]) -> list[Statement]:
        taken: list[Statement] = []
        said: set[str] = set()
        for statement in candidates:
            if len(taken) < self._most and not said.issuperset(statement["matched"]):
                taken.append(statement)
                said.update(statement["matched"])
        return taken
