"""What the stages find, as plain data: it travels to nodes in other processes and on other machines as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypedDict, cast

from runtime.lanes.words import carried, joined, weights
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


def held(query: Query) -> list[tuple[float, Passage]]:
    """Each passage with the share of the question's worth that it holds (0 to 1), in their order."""
    found = passages(query)
    worth = weights(query.text, [passage["text"] for passage in found])
    return [(carried(passage["text"], worth)[0], passage) for passage in found]


def proposals(strategy: str, sentences: Iterable[str], of: Sequence[Statement]) -> list[Proposal]:
    """These sentences as an answer, with the sources and the support of the statements that they are taken from.

    Where there are no statements, nothing is proposed.
    """
    if not of:
        return []
    sources = list(dict.fromkeys(statement["source"] for statement in of))
    support = max(statement["support"] for statement in of)
    return [Proposal(text=joined(sentences), sources=sources, support=support, strategy=strategy)]
