"""The memory of a service: remembers, recalls, and folds what is old in the background."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Callable, Optional, Union

from runtime.errors import ConfigurationFault, QueryRefused, RecordRefused
from runtime.memory.folding import Folder, FoldRun
from runtime.memory.grouping import FoldPolicy
from runtime.memory.ids import new_id as unique_id
from runtime.memory.recall import Cue, Limits, recall
from runtime.memory.record import EVERYTHING, Counts, Filter, Fold, Recalled, Record
from runtime.memory.relevance import Embedder, Relevance
from runtime.memory.scoring import WeightedSum
from runtime.memory.store import Store
from runtime.memory.stores.admission import LONGEST_TEXT
from runtime.memory.summary import Excerpts, Summariser
from runtime.memory.trigger import Background, FoldTrigger
from runtime.telemetry.events import MemoryRecalled, MemoryRemembered, MemorySized, Observer, ignore

_LONGEST_CUE = 20_000
_ONE_TICK = dt.timedelta(microseconds=1)


def utc_now() -> dt.datetime:
    """The time by which records are dated."""
    return dt.datetime.now(dt.timezone.utc)


class Memory:
    """Records in a store, found again by a cue. Safe to use from several threads; every call blocks.

    Folding is due every `fold_every` calls of remember and recall, and while more than `fold_above` records are live
    (0 and None turn either off); it is done in a thread of its own, which begins with the first time and ends with
    `close`. What goes wrong there is counted in `background` and said as events, and reaches no caller.
    """

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        *,
        relevance: Optional[Relevance] = None,
        summariser: Optional[Summariser] = None,
        limits: Optional[Limits] = None,
        fold_policy: Optional[FoldPolicy] = None,
        fold_every: int = 1_000,
        fold_above: Optional[int] = 10_000,
        observe: Observer = ignore,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], dt.datetime] = utc_now,
        new_id: Callable[[], str] = unique_id,
    ) -> None:
        policy = fold_policy or FoldPolicy()
        self.store = store
        self._embedder = embedder
        self._relevance = relevance or WeightedSum()
        self._limits = limits or Limits()
        self._observe = observe
        self._clock = clock
        self._now = now
        self._new_id = new_id
        self._trigger = FoldTrigger(fold_every, fold_above)
        self._folder = Folder(store, embedder, summariser or Excerpts(), new_id, policy, observe, clock)
        self._one_fold_at_a_time = threading.Lock()
        self.background = Background(self._fold_in_background, policy.cool_down, clock)

    def remember(
        self,
        texts: Iterable[Union[str, Record]],
        *,
        tags: Iterable[str] = (),
        lane: str = "production",
        importance: float = 0.5,
    ) -> list[str]:
        """Keep texts, or records as they are; returns their ids, in order, when the store has acknowledged all of them.

        The keywords are for texts. A record whose embedding is empty is given one. Errors: RecordRefused, and none of
        them is kept; StoreFault.
        """
        began = self._clock()
        records = self._embedded(self._records(texts, frozenset(tags), lane, importance))
        if not records:
            return []
        self.store.remember(records)
        self._observe(MemoryRemembered(self.store.name, len(records), self._clock() - began))
        sizes = self.sizes()
        if self._trigger.after(sizes.live):
            self.background.due()
        return [record.id for record in records]

    def recall(
        self,
        cue: str,
        most: Optional[int] = None,
        which: Filter = EVERYTHING,
        now: Optional[dt.datetime] = None,
    ) -> list[Recalled]:
        """What is relevant to a text, best first: everything where it is little, else the `most` (or `kmax`) best.

        Errors: QueryRefused for a cue that cannot be asked; StoreFault.
        """
        began = self._clock()
        _require_cue(cue, most)
        [embedding] = self._embeddings([cue])
        asked = Cue(cue, embedding, now or self._now())
        answer = recall(self.store, self._relevance, asked, most, which, self._limits)
        self._observe(
            MemoryRecalled(
                self.store.name, answer.route, answer.candidates, len(answer.recalled), self._clock() - began
            )
        )
        if self._trigger.after():
            self.background.due()
        return answer.recalled

    def fold(self, now: Optional[dt.datetime] = None) -> Optional[Fold]:
        """Fold the oldest group that may be folded, here and now; None where there is none. Errors: StoreFault."""
        folds = self.fold_all(now, most=1).folds
        return folds[0] if folds else None

    def fold_all(
        self, now: Optional[dt.datetime] = None, most: Optional[int] = None, stop: Callable[[], bool] = bool
    ) -> FoldRun:
        """One run of the folder: everything that the policy lets fold at once. Errors: StoreFault."""
        with self._one_fold_at_a_time:
            run = self._folder.run(now or self._now(), most, stop)
        self.sizes()
        return run

    def unfold(self, summary: str) -> Optional[Fold]:
        """Bring back what was folded into this summary, and take the summary out; None if there is no such fold."""
        undone = self.store.unfold(summary)
        self.sizes()
        return undone

    def sizes(self) -> Counts:
        """How much there is; said to the observer, too."""
        sizes = self.store.counts()
        self._observe(MemorySized(self.store.name, sizes.live, sizes.cold))
        return sizes

    def close(self) -> None:
        """End the folding thread, waiting for the fold that it is at, then close the store."""
        self.background.stop()
        self.store.close()

    def _fold_in_background(self, stop: Callable[[], bool]) -> bool:
        run = self.fold_all(stop=stop)
        return bool(run.folds) and self._trigger.too_many(self.store.counts().live)

    def _records(
        self, texts: Iterable[Union[str, Record]], tags: frozenset[str], lane: str, importance: float
    ) -> list[Record]:
        if isinstance(texts, (str, bytes)):
            raise RecordRefused("remember() was given one text: give a list of texts")
        now = self._now()
        records = []
        for place, text in enumerate(texts):
            if not isinstance(text, Record):
                _require_text(text, place)
                # What is remembered together has an order, too: by age no two are the same.
                created = now + place * _ONE_TICK
                text = Record(self._new_id(), text, (), created, tags, lane, importance)
            else:
                _require_text(text.text, place)
            records.append(text)
        return records

    def _embedded(self, records: Sequence[Record]) -> list[Record]:
        without = [record.text for record in records if not record.embedding]
        embeddings = iter(self._embeddings(without) if without else ())
        return [record if record.embedding else record._replace(embedding=next(embeddings)) for record in records]

    def _embeddings(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        embeddings = self._embedder.embed(texts)
        if len(embeddings) != len(texts):
            name = type(self._embedder).__name__
            raise ConfigurationFault(
                f"{name} gave {len(embeddings)} embeddings for {len(texts)} texts: one each is due"
            )
        return embeddings


def _require_text(text: object, place: int) -> None:
    if not isinstance(text, str):
        raise RecordRefused(f"text {place} is of type {type(text).__name__}: give a str")
    if not text.strip():
        raise RecordRefused(f"text {place} is empty: there is nothing to remember")
    if len(text) > LONGEST_TEXT:
        raise RecordRefused(f"text {place} has {len(text):,} characters: split it, {LONGEST_TEXT:,} are kept at most")
    if not _is_unicode(text):
        raise RecordRefused(f"text {place} holds half a surrogate pair: decode it with errors='replace'")


def _require_cue(cue: object, most: Optional[int]) -> None:
    if not isinstance(cue, str):
        raise QueryRefused(f"a cue of type {type(cue).__name__}: give a str")
    if not cue.strip():
        raise QueryRefused("the cue is empty: say what is looked for")
    if len(cue) > _LONGEST_CUE:
        raise QueryRefused(f"a cue of {len(cue):,} characters: {_LONGEST_CUE:,} are read at most")
    if not _is_unicode(cue):
        raise QueryRefused("the cue holds half a surrogate pair: decode it with errors='replace'")
    if most is not None and (type(most) is not int or most < 0):
        raise QueryRefused(f"recall of at most {most!r} records: give a whole number, 0 or more")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
