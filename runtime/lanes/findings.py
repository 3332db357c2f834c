"""What the stages find, as plain data: it travels to nodes in other processes and on other machines as it is."""

from __future__ import annotations

from typing import TypedDict, cast

from runtime.orchestrator.query import Query


class Passage(TypedDict):
    """What was recalled: a text, where it comes from (`docs/a.md:12`), and its relevance; higher is more relevant."""

    id: str
    text: str
    source: str
    score: float


class Statement(TypedDict):
    """A sentence that may answer. `support` is the share of the question's weight that its passage carries (0 to 1)."""

    text: str
    source: str
    passage: str
    support: float
    matched: list[str]


class Proposal(TypedDict):
    """An answer that a node of the stage action proposes, with the passages that it cites."""

    text: str
    sources: list[str]
    support: float
    strategy: str


class Verdict(TypedDict):
    """What was decided. `chosen` is None where it abstains; `confidence` is 0 to 1."""

    chosen: str
    abstained: bool
    confidence: float
    reason: str


class Account(TypedDict):
    """What the answer lacks: words of the question that nothing recalled holds, and what weakens it."""

    confidence: float
    unmet: list[str]
    gaps: list[str]


def passages(query: Query) -> list[Passage]:
    """What the stage attention picked, or all that was recalled where it is missing."""
    found = query.found.get("attention", query.found.get("memory", ()))
    return cast("list[Passage]", found)


def statements(query: Query) -> list[Statement]:
    """The candidates of the stage thought; none where it is missing."""
    return cast("list[Statement]", query.found.get("thought", ()))
