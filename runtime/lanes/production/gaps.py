"""The stage awareness: what the answer lacks, and how sure it may sound."""

from __future__ import annotations

from typing import cast

from runtime.lanes.findings import Account, Verdict, passages
from runtime.lanes.words import asked, carried, spoken, words
from runtime.orchestrator.query import Query

EARLIER = ("memory", "attention", "thought", "action", "decision")


class Gaps:
    """Says which words of the question no passage holds, which stages are missing, and on how few sources it stands."""

    name = "gaps"
    stage = "awareness"
    lane = "production"
    concurrency = 64

    async def handle(self, query: Query) -> Query:
        """Finds an account."""
        picked = passages(query)
        text = "\n".join(passage["text"] for passage in picked)
        terms = asked(query.text)
        _, met = carried(text, dict.fromkeys(terms, 1.0))
        unmet = [term for term in terms if term not in met]
        verdict = cast("Verdict", query.found.get("decision", {"confidence": 0.0, "abstained": True, "reason": ""}))
        account = Account(
            confidence=verdict["confidence"],
            unmet=[word for word in spoken(query.text) if set(words(word)) & set(unmet)],
            gaps=[*_missing(query), *_weak(query, verdict, len({passage["source"] for passage in picked}))],
        )
        return query.with_finding(self.stage, account)


def _missing(query: Query) -> list[str]:
    return [f"the stage {stage} found nothing: it is missing" for stage in EARLIER if stage not in query.found]


def _weak(query: Query, verdict: Verdict, sources: int) -> list[str]:
    gaps = []
    if not query.found.get("memory"):
        gaps.append("nothing is remembered; feed the memory first")
    elif verdict["abstained"] and verdict["reason"]:
        gaps.append(verdict["reason"])
    elif sources == 1:
        gaps.append("it stands on one source")
    return gaps
