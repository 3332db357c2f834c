"""Records in this process and nowhere else: for tests, and for what may be forgotten."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from heapq import nsmallest
from typing import NamedTuple, Optional

from runtime.errors import StoreFault
from runtime.memory.record import EVERYTHING, WITHDRAWN, Counts, Filter, Fold, FoldPlan, Lineage, Record, Scored
from runtime.memory.stores.admission import (
    Kept,
    admitted,
    microseconds,
    moment,
    refuse_depth,
    refuse_other,
    refuse_plan,
    refuse_summaries,
    refuse_taken,
    standing_above,
    unit,
)
from runtime.memory.stores.fitting import bounds_of, fits
from runtime.memory.stores.words import Postings, asked
from runtime.memory.vectors import APPROXIMATE_FROM, Row, Vectors, numpy_module


class _Entry(NamedTuple):
    number: int
    record: Record


class InMemoryStore:
    """One lock around dictionaries. What it keeps ends with the process."""

    name = "in-memory"

    def __init__(self, dimension: int = 0, *, approximate_from: Optional[int] = APPROXIMATE_FROM) -> None:
        numpy_module()
        self._lock = threading.RLock()
        self._dimension = dimension
        self._approximate_from = approximate_from
        self._vectors: Optional[Vectors] = None
        self._postings = Postings()
        self._entries: dict[str, _Entry] = {}
        self._by_number: dict[int, str] = {}
        self._folds: dict[str, Fold] = {}
        self._keys: dict[str, str] = {}
        self._cold = 0
        self._last = 0
        self._closed = False

    @property
    def dimension(self) -> int:
        """Of every embedding; 0 until the first record decides."""
        return self._dimension

    @property
    def approximate(self) -> bool:
        """Whether nearest() answers by an approximate index now."""
        return self._vectors is not None and self._vectors.approximate is not None

    def remember(self, records: Sequence[Record]) -> None:
        """Keep all of them or none."""
        with self._open():
            kept = admitted(records, self._dimension)
            for one in kept:
                entry = self._entries.get(one.record.id)
                if entry is not None:
                    refuse_other(entry.record, one.record)
            self._keep([one for one in kept if one.record.id not in self._entries])

    def get(self, ids: Sequence[str]) -> list[Record]:
        """The records of these ids, in this order; unknown ids are left out."""
        with self._open():
            return [self._entries[record].record for record in ids if record in self._entries]

    def nearest(self, embedding: Sequence[float], most: int, which: Filter = EVERYTHING) -> list[Scored]:
        """The most similar by cosine, best first; ties by id."""
        with self._open():
            cue = unit(embedding, self._dimension)
            vectors, bounds = self._vectors, bounds_of(which)
        return [] if vectors is None else vectors.nearest(cue, most, which, bounds)

    def matching(self, text: str, most: int, which: Filter = EVERYTHING) -> list[Scored]:
        """Those whose text holds any of the words, best first."""
        with self._open():
            scores = self._postings.scores(asked(text))
            bounds = bounds_of(which)
            found = ((score, self._by_number[number]) for number, score in scores.items())
            fitting = ((-score, name) for score, name in found if fits(self._entries[name].record, which, bounds))
            return [Scored(name, -score) for score, name in nsmallest(max(most, 0), fitting)]

    def oldest(self, most: int, which: Filter = EVERYTHING, before: Optional[dt.datetime] = None) -> list[Record]:
        """Records by age, oldest first."""
        with self._open():
            bounds = bounds_of(which, before)
            records = (entry.record for entry in self._entries.values())
            fitting = (record for record in records if fits(record, which, bounds))
            return nsmallest(max(most, 0), fitting, key=lambda record: (record.created, record.id))

    def counts(self) -> Counts:
        """Sizes."""
        with self._open():
            return Counts(len(self._entries) - self._cold, self._cold, len(self._folds))

    def fold(self, plan: FoldPlan, summary: Record, at: dt.datetime) -> Optional[Fold]:
        """Fold the sources into the summary where all of them are live; None where one is not."""
        with self._open():
            refuse_plan(plan, summary)
            if plan.key in self._keys:
                return self._folds[self._keys[plan.key]]
            (kept,) = admitted([summary], self._dimension)
            fold = Fold(plan.key, summary.id, tuple(source.id for source in plan.sources), moment(microseconds(at)))
            entries = [self._entries[source] for source in fold.sources if source in self._entries]
            if len(entries) < len(fold.sources) or any(entry.record.folded_into is not None for entry in entries):
                return None
            refuse_depth(summary, (entry.record.depth for entry in entries))
            if summary.id in self._entries:
                refuse_taken(summary.id)
            with self._together():
                self._keep([kept])
                self._mark(fold.sources, summary.id)
            self._folds[summary.id], self._keys[plan.key] = fold, summary.id
            return fold

    def unfold(self, summary: str) -> Optional[Fold]:
        """Undo the fold of this summary."""
        with self._open():
            if summary not in self._folds:
                return None
            number, record = self._entries[summary]
            standing_above(summary, record.folded_into)
            fold = self._folds.pop(summary)
            del self._keys[fold.key], self._entries[summary], self._by_number[number]
            self._postings.remove(number, record.text)
            with self._together() as vectors:
                vectors.remove([number])
                self._mark(fold.sources, None)
            return fold

    def withdraw(self, ids: Sequence[str]) -> list[str]:
        """Take live records out of recall; the ids of those that were."""
        with self._open():
            chosen = self._that_are(None, ids)
            refuse_summaries((one, self._entries[one].record.depth) for one in chosen)
            self._mark(chosen, WITHDRAWN)
            return chosen

    def restore(self, ids: Sequence[str]) -> list[str]:
        """Bring back what was withdrawn; the ids of those that were."""
        with self._open():
            chosen = self._that_are(WITHDRAWN, ids)
            self._mark(chosen, None)
            return chosen

    def folds(self) -> list[Fold]:
        """Every fold that stands, oldest first."""
        with self._open():
            return sorted(self._folds.values(), key=lambda fold: (fold.at, fold.key))

    def lineage(self, record: str) -> Lineage:
        """Both ways from a record."""
        with self._open():
            fold, entry = self._folds.get(record), self._entries.get(record)
            return Lineage(fold.sources if fold else (), entry.record.folded_into if entry else None)

    def close(self) -> None:
        """Refuse what comes after."""
        with self._lock:
            self._closed = True
        if self._vectors is not None:
            self._vectors.close()

    def _open(self) -> AbstractContextManager[object]:
        if self._closed:
            raise StoreFault("the in-memory store is closed; make a new one")
        return self._lock

    @contextmanager
    def _together(self) -> Iterator[Vectors]:
        assert self._vectors is not None, "a fold has sources"
        with self._vectors.together():
            yield self._vectors

    def _keep(self, kept: Sequence[Kept]) -> None:
        if not kept:
            return
        if self._vectors is None:
            self._dimension = len(kept[0].record.embedding)
            self._vectors = Vectors(self._dimension, self._approximate_from)
        rows = []
        for one in kept:
            self._last += 1
            record = one.record
            self._entries[record.id] = _Entry(self._last, record)
            self._by_number[self._last] = record.id
            self._postings.add(self._last, record.text)
            rows.append(Row(self._last, record.id, one.embedding, one.created, record.tags, record.lane, False))
        self._vectors.add(rows)

    def _that_are(self, into: Optional[str], ids: Sequence[str]) -> list[str]:
        there = dict.fromkeys(one for one in ids if one in self._entries)
        return [one for one in there if self._entries[one].record.folded_into == into]

    def _mark(self, sources: Sequence[str], into: Optional[str]) -> None:
        for source in sources:
            number, record = self._entries[source]
            self._entries[source] = _Entry(number, record._replace(folded_into=into))
        self._cold += len(sources) if into is not None else -len(sources)
        if self._vectors is not None:
            self._vectors.mark((self._entries[source].number for source in sources), cold=into is not None)
