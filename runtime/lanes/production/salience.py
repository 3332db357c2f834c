"""The stage attention: which of the recalled passages matter to the question."""

from __future__ import annotations

from runtime.lanes.findings import Passage, held
from runtime.orchestrator.query import Query


class Salience:
    """Keeps passages that hold enough of what is asked: at least `share` of what the best one holds, `most` at most.

    Where no passage holds a word of the question, nothing is kept: that something is similar is no reason to say it.
    """

    name = "salience"
    stage = "attention"
    lane = "production"
    concurrency = 64

    def __init__(self, share: float = 0.4, most: int = 5) -> None:
        self._share = share
        self._most = most

    async def handle(self, query: Query) -> Query:
        """Finds passages, those that hold most first."""
        recalled = held(query)
        best = max((share for share, _ in recalled), default=0.0)
        kept: list[Passage] = [
            passage
            for share, passage in sorted(recalled, key=lambda one: (-one[0], -one[1]["score"], one[1]["id"]))
            if best > 0 and share >= self._share * best
        ]
        return query.with_finding(self.stage, kept[: self._most])
