"""Hand-made stand-ins: a store that is a dictionary, hooks that fail, clocks that are told what time it is."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from collections.abc import Sequence
from heapq import nsmallest
from typing import Any, Callable, Optional

import numpy as np

from runtime.errors import RecordRefused, StoreFault
from runtime.memory.embedding import HashedNgrams, words
from runtime.memory.record import EVERYTHING, WITHDRAWN, Counts, Filter, Fold, FoldPlan, Lineage, Record, Scored
from runtime.telemetry.events import Event

START = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
DAY = dt.timedelta(days=1)
EMBEDDER = HashedNgrams()


def record(
    name: str,
    text: str,
    days: float = 0.0,
    tags: Sequence[str] = (),
    lane: str = "production",
    importance: float = 0.5,
    depth: int = 0,
) -> Record:
    """A record of START plus so many days."""
    created = START + days * DAY
    return Record(name, text, EMBEDDER.embed([text])[0], created, frozenset(tags), lane, importance, depth)


class DictionaryStore:
    """The Store protocol in the fewest words: what it does can be read off it. It counts the calls made of it."""

    name = "fake"

    def __init__(self, records: Sequence[Record] = (), dimension: int = EMBEDDER.dimension) -> None:
        self.dimension = dimension
        self.calls: list[str] = []
        self.asked_for: list[int] = []
        self.records: dict[str, Record] = {}
        self._by_word: dict[str, set[str]] = {}
        self._folds: dict[str, Fold] = {}
        self._lock = threading.RLock()
        self._matrix: Optional[tuple[list[Record], np.ndarray]] = None
        self.closed = False
        self.remember(records)

    def remember(self, records: Sequence[Record]) -> None:
        self.calls.append("remember")
        with self._lock:
            self._matrix = None
            for one in records:
                self._keep(one)

    def _keep(self, one: Record) -> None:
        self.records[one.id] = one
        for word in words(one.text):
            self._by_word.setdefault(word, set()).add(one.id)

    def get(self, ids: Sequence[str]) -> list[Record]:
        with self._lock:
            return [self.records[one] for one in ids if one in self.records]

    def nearest(self, embedding: Sequence[float], most: int, which: Filter = EVERYTHING) -> list[Scored]:
        self.calls.append("nearest")
        self.asked_for.append(most)
        with self._lock:
            if self._matrix is None:
                every = list(self.records.values())
                shape = (len(every), self.dimension)
                self._matrix = every, np.array([one.embedding for one in every], dtype=np.float32).reshape(shape)
            every, matrix = self._matrix
            # Not `@`: BLAS spreads it over threads that wait for each other where the machine is busy.
            scores = np.einsum("ij,j->i", matrix, np.array(embedding, dtype=np.float32))
            near = np.argsort(-scores, kind="stable")
            found: list[Scored] = []
            for at in near:
                if len(found) >= most:
                    break
                if _counts(self.records[every[at].id], which):
                    found.append(Scored(every[at].id, float(scores[at])))
            return sorted(found, key=lambda one: (-one.score, one.id))

    def matching(self, text: str, most: int, which: Filter = EVERYTHING) -> list[Scored]:
        self.calls.append("matching")
        with self._lock:
            shared = Counter(name for word in set(words(text)) for name in self._by_word.get(word, ()))
            fitting = [name for name in shared if name in self.records and _counts(self.records[name], which)]
            found = [Scored(name, float(shared[name])) for name in fitting]
        return nsmallest(most, found, key=lambda one: (-one.score, one.id))

    def oldest(self, most: int, which: Filter = EVERYTHING, before: Optional[dt.datetime] = None) -> list[Record]:
        with self._lock:
            old = [one for one in self._which(which) if before is None or one.created < before]
        return sorted(old, key=lambda one: (one.created, one.id))[:most]

    def counts(self) -> Counts:
        with self._lock:
            cold = sum(one.folded_into is not None for one in self.records.values())
            return Counts(len(self.records) - cold, cold, len(self._folds))

    def fold(self, plan: FoldPlan, summary: Record, at: dt.datetime) -> Optional[Fold]:
        self.calls.append("fold")
        with self._lock:
            if plan.key in self._folds:
                return self._folds[plan.key]
            ids = tuple(source.id for source in plan.sources)
            if not ids or len(set(ids)) < len(ids):
                raise RecordRefused("no sources, or one twice")
            if any(one not in self.records or self.records[one].folded_into is not None for one in ids):
                return None
            if summary.id in self.records or summary.depth != 1 + max(self.records[one].depth for one in ids):
                raise RecordRefused(f"{summary.id}: the id is another's, or the depth is wrong")
            self._matrix = None
            self._keep(summary)
            for one in ids:
                self.records[one] = self.records[one]._replace(folded_into=summary.id)
            self._folds[plan.key] = Fold(plan.key, summary.id, ids, at)
            return self._folds[plan.key]

    def unfold(self, summary: str) -> Optional[Fold]:
        with self._lock:
            fold = next((one for one in self._folds.values() if one.summary == summary), None)
            if fold is None:
                return None
            if self.records[summary].folded_into is not None:
                raise RecordRefused(f"{summary} was itself folded")
            self._matrix = None
            for one in fold.sources:
                self.records[one] = self.records[one]._replace(folded_into=None)
            del self.records[summary], self._folds[fold.key]
            return fold

    def withdraw(self, ids: Sequence[str]) -> list[str]:
        return self._become(ids, None, WITHDRAWN)

    def restore(self, ids: Sequence[str]) -> list[str]:
        return self._become(ids, WITHDRAWN, None)

    def _become(self, ids: Sequence[str], was: Optional[str], now: Optional[str]) -> list[str]:
        with self._lock:
            chosen = [one for one in dict.fromkeys(ids) if one in self.records]
            chosen = [one for one in chosen if self.records[one].folded_into == was]
            for one in chosen:
                self.records[one] = self.records[one]._replace(folded_into=now)
            self._matrix = None
            return chosen

    def folds(self) -> list[Fold]:
        with self._lock:
            return sorted(self._folds.values(), key=lambda one: (one.at, one.key))

    def lineage(self, record: str) -> Lineage:
        with self._lock:
            made = [one.sources for one in self._folds.values() if one.summary == record]
            return Lineage(made[0] if made else (), self.records[record].folded_into)

    def close(self) -> None:
        self.closed = True

    def _which(self, which: Filter) -> list[Record]:
        return [one for one in self.records.values() if _counts(one, which)]


def _counts(one: Record, which: Filter) -> bool:
    return (
        which.tags <= one.tags
        and which.lane in (None, one.lane)
        and (which.since is None or one.created >= which.since)
        and (which.until is None or one.created < which.until)
        and (which.with_cold or one.folded_into is None)
    )


class StoreThatLosesAnswers(DictionaryStore):
    """Folds, and then fails as if the connection had been lost before the answer came."""

    def fold(self, plan: FoldPlan, summary: Record, at: dt.datetime) -> Optional[Fold]:
        fold = super().fold(plan, summary, at)
        if self.calls.count("fold") == 1:
            raise StoreFault("the connection was lost")
        return fold


class StoreThatIsGone(DictionaryStore):
    """Plans and answers, and cannot fold."""

    def fold(self, plan: FoldPlan, summary: Record, at: dt.datetime) -> Optional[Fold]:
        raise StoreFault("the disk is full")


class StoreThatDeletes(DictionaryStore):
    """The fault that folding must not have: what was folded is gone."""

    def fold(self, plan: FoldPlan, summary: Record, at: dt.datetime) -> Optional[Fold]:
        fold = super().fold(plan, summary, at)
        for source in plan.sources:
            del self.records[source.id]
        self._matrix = None
        return fold


class Saying:
    """A summariser that says what it was told to."""

    def __init__(self, text: Any) -> None:
        self._text = text

    def summarise(self, sources: Sequence[Record]) -> str:
        said: str = self._text
        return said


class Failing:
    """A summariser that fails, after doing something."""

    def __init__(self, error: Exception, first: Callable[[], object] = bool) -> None:
        self._error = error
        self._first = first

    def summarise(self, sources: Sequence[Record]) -> str:
        self._first()
        raise self._error


class Meddling:
    """A summariser during whose work something happens to the store."""

    def __init__(self, meddle: Callable[[Sequence[Record]], object]) -> None:
        self._meddle = meddle

    def summarise(self, sources: Sequence[Record]) -> str:
        self._meddle(sources)
        return " ".join(source.text for source in sources)


class Told:
    """A clock that shows what it is told."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds


class Notebook:
    """An observer that keeps what it heard."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def heard(self, kind: type) -> list[Event]:
        """Of this kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]
