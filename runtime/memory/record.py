"""One remembered thing, and what a recall may ask for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple, Optional

WITHDRAWN = ""
"""What a record was folded into that was withdrawn: nothing, which no record is called."""
DOCUMENT = "document:"
"""The tag that all passages of a document share: `document:docs/a.md`."""


class Record(NamedTuple):
    """A text with its embedding (one finite float a dimension; unit length is made of it when it is kept).

    `id` is unique over processes and machines. `importance` is 0 to 1. `lane` is the lane of the plugin that remembered
    it. `depth` is 0 for what was said, and one more than its deepest source for a summary; `folded_into` is the summary
    that stands for it, WITHDRAWN where nothing does, None while it is live.
    """

    id: str
    text: str
    embedding: tuple[float, ...]
    created: dt.datetime
    tags: frozenset[str] = frozenset()
    lane: str = "production"
    importance: float = 0.5
    depth: int = 0
    folded_into: Optional[str] = None


class Filter(NamedTuple):
    """Which records count: all of `tags`, the lane, and created in [since, until). The default is every live one."""

    tags: frozenset[str] = frozenset()
    lane: Optional[str] = None
    since: Optional[dt.datetime] = None
    until: Optional[dt.datetime] = None
    with_cold: bool = False


EVERYTHING = Filter()


class Scored(NamedTuple):
    """A record's id with its relevance; higher is more relevant."""

    id: str
    score: float


class Recalled(NamedTuple):
    """A record that was recalled, with its relevance; higher is more relevant."""

    record: Record
    score: float


class Counts(NamedTuple):
    """Live records, cold ones (folded away or withdrawn), and folds that stand."""

    live: int
    cold: int
    folds: int


class FoldPlan(NamedTuple):
    """Live records to be folded, by a snapshot. `key` is SHA-256 over their sorted ids: same sources, same fold."""

    key: str
    sources: tuple[Record, ...]


class Fold(NamedTuple):
    """A fold that stands: the summary's id, and the ids of its sources."""

    key: str
    summary: str
    sources: tuple[str, ...]
    at: dt.datetime


class Lineage(NamedTuple):
    """Where a record comes from (the sources of the fold that made it), and what it was folded into."""

    sources: Sequence[str]
    folded_into: Optional[str]
