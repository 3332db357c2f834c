"""Which old records say much the same and may be folded: a plan made from a snapshot, changing nothing."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple, Optional

from runtime.memory.record import DOCUMENT, Filter, FoldPlan, Record
from runtime.memory.store import Store
from runtime.memory.vectors import numpy_module


class FoldPolicy(NamedTuple):
    """What may be folded, and how much at once.

    A record is old enough past `min_age`, a summary that long after its fold; what is at least `important`, what is
    `max_depth` deep, and what has a tag that begins with one of `verbatim` is left alone. A group has the same lane and
    tags, `fewest` to `largest` records created within `span`, each at least `alike` (a cosine) to its oldest. A run
    folds at most `most_ratio` of the live records, looks at `window` of them, and is followed by `cool_down` seconds
    without one. A fold stands only where at least `floor` of its sources' texts find the summary among the first `top`.
    """

    min_age: dt.timedelta = dt.timedelta(days=1)
    max_depth: int = 3
    most_ratio: float = 0.05
    fewest: int = 3
    largest: int = 8
    span: dt.timedelta = dt.timedelta(days=30)
    alike: float = 0.4
    important: float = 0.9
    window: int = 2_000
    cool_down: float = 60.0
    floor: float = 0.9
    top: int = 10
    verbatim: tuple[str, ...] = (DOCUMENT,)

    def lets(self, record: Record) -> bool:
        """Whether it may be folded, if it is old enough."""
        if record.depth >= self.max_depth or record.importance >= self.important:
            return False
        return not any(tag.startswith(self.verbatim) for tag in record.tags)


class Planned(NamedTuple):
    """Groups in the order of their age, each record in one at most, and where the next window begins."""

    plans: list[FoldPlan]
    scanned: int
    next_since: Optional[dt.datetime]


def planned(sources: Sequence[Record]) -> FoldPlan:
    """The plan to fold just these. Errors: ValueError for fewer than two, or one twice."""
    ids = sorted(source.id for source in sources)
    if len(ids) < 2 or len(set(ids)) != len(ids):
        raise ValueError(
            f"a fold of {len(ids)} records, {len(set(ids))} of them different: give at least two, once each"
        )
    return FoldPlan(hashlib.sha256(json.dumps(ids).encode()).hexdigest(), tuple(sources))


def plan(store: Store, policy: FoldPolicy, now: dt.datetime, since: Optional[dt.datetime] = None) -> Planned:
    """What a run may fold at `now`, of the `window` oldest records created from `since` on."""
    budget = int(store.counts().live * policy.most_ratio)
    if budget < policy.fewest:
        return Planned([], 0, None)
    seen = store.oldest(policy.window, Filter(since=since), before=now - policy.min_age)
    candidates = [record for record in seen if policy.lets(record)]
    candidates = _without_young_summaries(store, candidates, now - policy.min_age)
    plans = []
    for group in _groups(candidates, policy):
        group = group[:budget]
        if len(group) >= policy.fewest:
            plans.append(planned(group))
            budget -= len(group)
        if budget < policy.fewest:
            break
    return Planned(plans, len(seen), _next_since(seen, policy.window))


def _without_young_summaries(store: Store, records: Sequence[Record], before: dt.datetime) -> list[Record]:
    """A summary is as old as its newest source; whether it was just made only its fold can say."""
    if not any(record.depth for record in records):
        return list(records)
    made = {fold.summary: fold.at for fold in store.folds()}
    return [record for record in records if not record.depth or made.get(record.id, before) < before]


def _next_since(seen: Sequence[Record], window: int) -> Optional[dt.datetime]:
    """Past the window where it was full, else from the beginning again."""
    if len(seen) < window:
        return None
    first, last = seen[0].created, seen[-1].created
    return last if last > first else last + dt.timedelta(microseconds=1)


def _groups(records: Sequence[Record], policy: FoldPolicy) -> Iterator[list[Record]]:
    """Groups of every scope, by the age of their oldest record."""
    scopes = sorted(records, key=_scope)
    found = [group for _, members in groupby(scopes, key=_scope) for group in _alike(list(members), policy)]
    yield from sorted(found, key=lambda group: (group[0].created, group[0].id))


def _scope(record: Record) -> tuple[str, list[str]]:
    return record.lane, sorted(record.tags)


def _alike(records: list[Record], policy: FoldPolicy) -> Iterator[list[Record]]:
    """The oldest record that is in no group leads the next one and takes the most similar to it; ties by age and id."""
    np = numpy_module()
    records.sort(key=lambda record: (record.created, record.id))
    matrix = np.array([record.embedding for record in records], dtype=np.float32)
    ages = np.array([(record.created - records[0].created).total_seconds() for record in records])
    span = policy.span.total_seconds()
    free = np.full(len(records), True)
    for leader in range(len(records)):
        if not free[leader]:
            continue
        free[leader] = False  # whoever leads nobody follows nobody: a group is never older than its leader
        near = np.round(matrix @ matrix[leader], 6)
        near[~free | (ages - ages[leader] > span)] = -2.0
        near[leader] = 2.0
        best = np.argsort(-near, kind="stable")[: policy.largest]
        members = [int(at) for at in best if float(near[at]) >= policy.alike]
        if len(members) >= policy.fewest:
            free[members] = False
            yield [records[at] for at in sorted(members)]
