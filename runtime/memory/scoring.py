"""The default relevance: similarity and shared words, nudged by age and importance.

A convex combination rather than reciprocal rank fusion: it keeps how much better one record is than the next, and
Bruch, Gai and Ingber ("An Analysis of Fusion Functions for Hybrid Retrieval", TOIS 2023) find it ahead of rank fusion
in and out of domain. bench/recall.py measures both here.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import NamedTuple

from runtime.memory.record import Record


class WeightedSum(NamedTuple):
    """The default Relevance. The weights add up to 1, so that scores of one memory can be compared with another's.

    Age and importance are worth a tenth together: they order what matches about as well, and never lift what does
    not match above what does. `half_life` is the age, in days, at which recency is worth half.
    """

    similarity: float = 0.5
    lexical: float = 0.4
    recency: float = 0.05
    importance: float = 0.05
    half_life: float = 30.0

    def score(self, record: Record, similarity: float, lexical: float, now: dt.datetime) -> float:
        """0 to 1 for similar records; a record of the future is as recent as one of now."""
        days = max(0.0, (now - record.created) / dt.timedelta(days=1))
        recency = math.pow(0.5, days / self.half_life)
        return (
            self.similarity * similarity
            + self.lexical * lexical
            + self.recency * recency
            + self.importance * record.importance
        )
