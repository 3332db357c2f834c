"""Many old records into one summary: planned from a snapshot, measured before it counts, committed by compare-and-set.

Nothing is ever deleted. A fold marks its sources as folded into the summary, in one transaction that changes nothing
where a source is live no more; so any number of threads and processes may fold one store. A summariser that fails, a
summary that its sources' texts would not find, a store that goes away: each leaves everything as it was.
"""

from __future__ import annotations

import datetime as dt
import math
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Callable, NamedTuple, Optional

from runtime.errors import ConfigurationFault, StoreFault
from runtime.memory.grouping import FoldPolicy, plan
from runtime.memory.recall import cosine
from runtime.memory.record import Fold, FoldPlan, Record
from runtime.memory.relevance import Embedder
from runtime.memory.store import Store
from runtime.memory.summary import Summariser
from runtime.telemetry.events import MemoryFolded, Observer, ignore

_REMEMBERED_REFUSALS = 10_000


class FoldRun(NamedTuple):
    """What one run did: the folds that now stand, and how many plans were abandoned or failed."""

    folds: list[Fold]
    abandoned: int = 0
    failed: int = 0


class Ending(NamedTuple):
    """How one fold ended: folded, repeated, abandoned or failed. Only the first changed anything."""

    outcome: str
    fold: Optional[Fold] = None
    reason: Optional[str] = None


class Folder:
    """Folds a store. Not for several threads at once; several folders may share a store."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        summariser: Summariser,
        new_id: Callable[[], str],
        policy: FoldPolicy,
        observe: Observer = ignore,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._summariser = summariser
        self._new_id = new_id
        self._policy = policy
        self._observe = observe
        self._clock = clock
        self._since: Optional[dt.datetime] = None
        # What was measured and found wanting would be found wanting again: same sources, same key.
        self._refused: OrderedDict[str, None] = OrderedDict()

    def run(self, now: dt.datetime, most: Optional[int] = None, stop: Callable[[], bool] = bool) -> FoldRun:
        """Fold what the policy lets fold at `now`, at most `most` groups; `stop` is asked before each.

        What a summariser or the store raises about one group is counted and said, and does not end the run. Errors:
        what the store raises while the run is planned.
        """
        found = plan(self._store, self._policy, now, self._since)
        plans = [one for one in found.plans if one.key not in self._refused]
        folds: list[Fold] = []
        abandoned = failed = 0
        for one in plans:
            if stop() or (most is not None and len(folds) >= most):
                break
            ending = self.fold(one, now)
            if ending.outcome == "folded" and ending.fold is not None:
                folds.append(ending.fold)
            abandoned += ending.outcome == "abandoned"
            failed += ending.outcome == "failed"
        if not plans:  # nothing to do in this window: the next run looks further on
            self._since = found.next_since
        return FoldRun(folds, abandoned, failed)

    def fold(self, plan: FoldPlan, now: dt.datetime) -> Ending:
        """Fold just this plan, or leave everything as it is."""
        began = self._clock()
        try:
            ending = self._folded(plan, now)
        except Exception as error:  # noqa: BLE001  (a summariser may raise anything; what is not folded stays as it was)
            ending = Ending("failed", reason=f"{type(error).__name__}: {error}")
        self._observe(
            MemoryFolded(self._store.name, ending.outcome, len(plan.sources), self._clock() - began, ending.reason)
        )
        return ending

    def _folded(self, plan: FoldPlan, now: dt.datetime) -> Ending:
        text = self._summariser.summarise(plan.sources)
        if not isinstance(text, str) or not text.strip():
            return Ending("failed", reason=f"{type(self._summariser).__name__} gave no text")
        summary = summary_of(plan.sources, text, self._new_id())
        share = retained(self._store, self._embedder, plan.sources, summary, self._policy.top)
        if share < self._policy.floor:
            self._refuse(plan.key)
            return Ending(
                "abandoned", reason=f"{share:.0%} of the sources would find it, {self._policy.floor:.0%} must"
            )
        return self._committed(plan, summary, now)

    def _committed(self, plan: FoldPlan, summary: Record, now: dt.datetime) -> Ending:
        try:
            fold = self._store.fold(plan, summary, now)
        except StoreFault:
            # It may have been done all the same, and only the answer lost. To ask again does it once: if it stands,
            # the store says so. Lost twice, it is said to have failed, though it may stand: the next plan sees which.
            fold = self._store.fold(plan, summary, now)
        if fold is None:
            return Ending("abandoned", reason="a source is live no more")
        return Ending("folded" if fold.summary == summary.id else "repeated", fold)

    def _refuse(self, key: str) -> None:
        self._refused[key] = None
        if len(self._refused) > _REMEMBERED_REFUSALS:
            self._refused.popitem(last=False)


def summary_of(sources: Sequence[Record], text: str, name: str) -> Record:
    """The record that stands for its sources: in their lane, with the tags they share, as old as the newest of them.

    Its embedding is the middle of theirs, not that of its text: it must be found where they were found.
    """
    return Record(
        id=name,
        text=text,
        embedding=_middle([source.embedding for source in sources]),
        created=max(source.created for source in sources),
        tags=frozenset.intersection(*(source.tags for source in sources)),
        lane=sources[0].lane,
        importance=max(source.importance for source in sources),
        depth=1 + max(source.depth for source in sources),
    )


def retained(store: Store, embedder: Embedder, sources: Sequence[Record], summary: Record, top: int) -> float:
    """The share of sources whose own text would find the summary among the first `top`, were they folded now.

    By similarity alone: how well the words of a text would match can only be asked once the store holds it.
    """
    ids = {source.id for source in sources}
    found = 0
    cues = embedder.embed([source.text for source in sources])
    if len(cues) != len(sources):
        raise ConfigurationFault(f"{type(embedder).__name__} gave {len(cues)} embeddings for {len(sources)} texts")
    for cue in cues:
        near = cosine(cue, summary.embedding)
        others = [one for one in store.nearest(cue, top + len(ids)) if one.id not in ids]
        # Nothing is nearer than nan: what cannot be measured has not been found.
        found += math.isfinite(near) and sum(one.score > near for one in others) < top
    return found / len(sources)


def _middle(embeddings: Sequence[Sequence[float]]) -> tuple[float, ...]:
    sums = [math.fsum(axis) for axis in zip(*embeddings)]
    length = math.sqrt(math.fsum(one * one for one in sums))
    return tuple(one / length for one in sums) if length else tuple(embeddings[0])
