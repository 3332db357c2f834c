"""The stage decision: which proposal is the answer, or that there is none."""

from __future__ import annotations

from typing import cast

from runtime.lanes.findings import Proposal, Verdict, passages
from runtime.lanes.words import carried, weights
from runtime.orchestrator.query import Query


class Weigh:
    """Chooses the proposal with the most support, and abstains below `least` of it.

    The confidence is the geometric mean of two shares: what the best sentence holds of the question, and what all
    passages together hold. One that misses half of the question never sounds sure.
    """

    name = "weigh"
    stage = "decision"
    lane = "production"
    concurrency = 64

    def __init__(self, least: float = 0.35) -> None:
        self._least = least

    async def handle(self, query: Query) -> Query:
        """Finds a verdict, and sets the answer unless it abstains."""
        proposals = cast("list[Proposal]", query.found.get("action", ()))
        if not proposals:
            return query.with_finding(self.stage, _abstained("nothing that was recalled speaks of it", 0.0))
        best = max(proposals, key=lambda proposal: proposal["support"])
        texts = [passage["text"] for passage in passages(query)]
        covered, _ = carried("\n".join(texts), weights(query.text, texts))
        confidence = round((best["support"] * covered) ** 0.5, 4)
        if best["support"] < self._least:
            reason = f"the best sentence holds {best['support']:.0%} of the question, {self._least:.0%} is the least"
            return query.with_finding(self.stage, _abstained(reason, confidence))
        verdict = Verdict(chosen=best["strategy"], abstained=False, confidence=confidence, reason="the most support")
        return query.with_finding(self.stage, verdict)._replace(answer=best["text"])


def _abstained(reason: str, confidence: float) -> Verdict:
    return Verdict(chosen="", abstained=True, confidence=confidence, reason=reason)
