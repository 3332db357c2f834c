"""What is asked from outside, and an outcome as the document that answers it: plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple, Optional

from runtime.orchestrator.outcome import Outcome, Unanswered
from runtime.orchestrator.stage import Abandoned, Ending, Failed, Skipped, TimedOut

Document = dict[str, object]


class Question(NamedTuple):
    """What a client asks. `subject` is for whom (a tenant, a user), by which rollouts decide."""

    text: str
    subject: Optional[str] = None
    traceparent: Optional[str] = None


class Reply(NamedTuple):
    """A status, and the document that goes with it."""

    status: int
    document: Mapping[str, object]


def status_of(outcome: Outcome) -> int:
    """The HTTP status: 504 where a critical stage ran out of time, 503 where it failed or nothing serves it."""
    if not isinstance(outcome, Unanswered):
        return 200
    late = any(isinstance(ending, (TimedOut, Abandoned)) for ending in outcome.endings if ending.stage == outcome.stage)
    return 504 if late else 503


def document_of(outcome: Outcome) -> Document:
    """What was answered, how sure, from where, and what each stage did. Errors are named by their type."""
    found = outcome.query.found
    document: Document = {
        "id": outcome.query.id,
        "outcome": outcome.name,
        "answer": outcome.query.answer,
        "confidence": _field(found.get("decision"), "confidence"),
        "sources": [] if outcome.query.answer is None else _sources(found.get("action")),
        "passages": found.get("attention", found.get("memory", [])),
        "awareness": found.get("awareness"),
        "seconds": round(outcome.seconds, 6),
        "budget": outcome.budget,
        "stages": [stage_of(ending) for ending in outcome.endings],
    }
    if isinstance(outcome, Unanswered):
        document["failed_stage"] = outcome.stage
    return document


def stage_of(ending: Ending) -> Document:
    """One row of the stage table."""
    row: Document = {
        "stage": ending.stage,
        "node": ending.node,
        "ending": ending.name,
        "seconds": round(ending.seconds, 6),
        "budget": round(ending.budget, 6) if math.isfinite(ending.budget) else None,
    }
    if isinstance(ending, Failed):
        row["error"] = type(ending.error).__name__
    if isinstance(ending, Skipped):
        row["reason"] = ending.reason
    return row


def _field(finding: object, name: str) -> object:
    return finding.get(name) if isinstance(finding, Mapping) else None


def _sources(proposals: object) -> list[object]:
    """Of every proposal, each once; proposals of a plugin that is not ours may have another shape."""
    if not isinstance(proposals, (list, tuple)):
        return []
    named = [_field(proposal, "sources") for proposal in proposals]
    return list(dict.fromkeys(source for sources in named if isinstance(sources, (list, tuple)) for source in sources))
