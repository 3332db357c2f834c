"""The hooks by which relevance is decided: what turns a text into numbers, and what scores a record for a cue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

from runtime.memory.record import Record


class Embedder(Protocol):
    """Texts into embeddings of unit length; the same text gives the same embedding on every machine."""

    dimension: int

    def embed(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        """One embedding for each text."""
        ...


class Relevance(Protocol):
    """The final score of a record: of its similarity, its lexical match, its age and importance."""

    def score(self, record: Record, similarity: float, lexical: float, now: dt.datetime) -> float:
        """Higher is more relevant. `similarity` is a cosine, `lexical` 0 (no match) to 1 (the best match)."""
        ...
