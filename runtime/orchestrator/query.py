"""What travels through the stages: the question, and what each stage has found so far."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, Optional

NOTHING: Mapping[str, object] = MappingProxyType({})


class Query(NamedTuple):
    """A question on its way. `found` maps a stage to what it found; a node gives the query on with its own finding.

    `remaining` is how many seconds the stage that reads it may still take; the pipeline sets it for every stage.
    `traceparent` is the W3C header of the trace that it belongs to.
    """

    text: str
    id: str
    found: Mapping[str, object] = NOTHING
    answer: Optional[str] = None
    remaining: float = float("inf")
    traceparent: Optional[str] = None

    @classmethod
    def of(cls, text: str, traceparent: Optional[str] = None) -> Query:
        """A new query with an id of its own."""
        return cls(text, uuid.uuid4().hex, traceparent=traceparent)

    def with_finding(self, stage: str, found: object) -> Query:
        """The same with what a stage found."""
        return self._replace(found=MappingProxyType({**self.found, stage: found}))
