"""The stage action: an answer of sentences that stand in the passages, each with its source."""

from __future__ import annotations

from runtime.lanes.findings import Proposal, Statement, statements
from runtime.lanes.words import joined
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
        proposals = [proposal_of(taken, self.name)] if taken else []
        return query.with_finding(self.stage, proposals)

    def _taken(self, candidates: list[Statement]) -> list[Statement]:
        taken: list[Statement] = []
        said: set[str] = set()
        for statement in candidates:
            if len(taken) < self._most and not said.issuperset(statement["matched"]):
                taken.append(statement)
                said.update(statement["matched"])
        return taken


def proposal_of(taken: list[Statement], strategy: str) -> Proposal:
    """These sentences as an answer; the support is that of the best one."""
    return Proposal(
        text=joined(statement["text"] for statement in taken),
        sources=list(dict.fromkeys(statement["source"] for statement in taken)),
        support=max(statement["support"] for statement in taken),
        strategy=strategy,
    )
