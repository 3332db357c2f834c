"""Records and plans for tests: small, and each told by what matters in it."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import random
from collections.abc import Iterable, Sequence
from typing import Any, Optional

from runtime.memory.ids import new_id
from runtime.memory.record import Filter, FoldPlan, Record

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.timezone.utc)
ALL = Filter(with_cold=True)
_minutes = itertools.count()


def minutes_after_noon(minutes: float) -> dt.datetime:
    return NOON + dt.timedelta(minutes=minutes)


def a_record(text: str = "something was said", embedding: Optional[Sequence[float]] = None, **fields: Any) -> Record:
    """A new id, the direction of its text unless one is given, one minute after the one before."""
    values = direction(text) if embedding is None else tuple(embedding)
    fields.setdefault("created", minutes_after_noon(next(_minutes)))
    return Record(fields.pop("id", None) or new_id(), text, values, **fields)


def direction(text: str, dimension: int = 4) -> tuple[float, ...]:
    chance = random.Random(text)
    return tuple(chance.gauss(0, 1) for _ in range(dimension))


def a_plan(sources: Iterable[Record]) -> FoldPlan:
    chosen = tuple(sources)
    names = "\n".join(sorted(source.id for source in chosen))
    return FoldPlan(hashlib.sha256(names.encode()).hexdigest(), chosen)


def a_summary(sources: Sequence[Record], text: str = "in short", **fields: Any) -> Record:
    fields.setdefault("depth", 1 + max(source.depth for source in sources))
    return a_record(text, **fields)
