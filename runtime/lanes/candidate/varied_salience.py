"""The stage attention, an experiment: passages that matter and do not say the same twice.

Maximal marginal relevance: Carbonell and Goldstein, "The Use of MMR, Diversity-Based Reranking", SIGIR 1998; two
passages are as similar as the words that they share (Jaccard).
"""

from __future__ import annotations

from runtime.lanes.findings import Passage, held
from runtime.lanes.words import words
from runtime.orchestrator.query import Query


class VariedSalience:
    """Picks one after the other: what it holds of the question, less what the picked ones already say."""

    name = "varied-salience"
    stage = "attention"
    lane = "candidate"
    concurrency = 64

    def __init__(self, most: int = 5, variety: float = 0.3) -> None:
        self._most = most
        self._variety = variety

    async def handle(self, query: Query) -> Query:
        """Finds passages, in the order in which they were picked."""
        left = [(share, frozenset(words(passage["text"])), passage) for share, passage in held(query) if share > 0]
        picked: list[tuple[frozenset[str], Passage]] = []
        while left and len(picked) < self._most:
            # The first of equals: what was recalled is in order of relevance.
            best = max(left, key=lambda one: (1 - self._variety) * one[0] - self._variety * _said(one[1], picked))
            left.remove(best)
            picked.append((best[1], best[2]))
        return query.with_finding(self.stage, [passage for _, passage in picked])


def _said(text: frozenset[str], picked: list[tuple[frozenset[str], Passage]]) -> float:
    return max((len(text & other) / len(text | other) for other, _ in picked), default=0.0)
