"""What holds for every store at every moment: nothing is lost, and each fold can be followed both ways.

Used by the tests of the stores, by those of folding, and by `bench/stores.py`.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path
from typing import Union

from runtime.memory.record import WITHDRAWN, Filter, Record
from runtime.memory.store import Store

_EVERY_ONE = 1 << 40


def violations(store: Store, leaves: Collection[str] = ()) -> list[str]:
    """Every invariant that does not hold, in words. `leaves` are ids that were acknowledged: they must be there."""
    records = {record.id: record for record in store.oldest(_EVERY_ONE, Filter(with_cold=True))}
    return [
        *_lost(records, leaves),
        *_miscounted(store, records),
        *_not_followed_both_ways(store, records),
        *_unreachable(store, records),
    ]


def _lost(records: dict[str, Record], leaves: Collection[str]) -> Iterator[str]:
    lost = [leaf for leaf in leaves if leaf not in records]
    if lost:
        yield f"{len(lost)} of {len(leaves)} acknowledged records are lost, {lost[0]} among them"


def _miscounted(store: Store, records: dict[str, Record]) -> Iterator[str]:
    cold = sum(record.folded_into is not None for record in records.values())
    found = (len(records) - cold, cold, len(store.folds()))
    if found != tuple(store.counts()):
        yield f"counts() says {tuple(store.counts())}, there are {found}"


def _not_followed_both_ways(store: Store, records: dict[str, Record]) -> Iterator[str]:
    down = [(source, fold.summary) for fold in store.folds() for source in fold.sources]
    up = [(record.id, record.folded_into) for record in records.values() if record.folded_into]
    if sorted(down) != sorted(up):
        yield f"{len(set(down) ^ set(up))} sources are marked and not listed, or listed and not marked"
    twice = [source for source, times in Counter(source for source, _ in down).items() if times > 1]
    if twice:
        yield f"{len(twice)} records are in two folds, {twice[0]} among them"
    for fold in store.folds():
        if fold.summary not in records:
            yield f"fold {fold.key}: its summary {fold.summary} is not there"
        elif records[fold.summary].depth != 1 + max(
            (records[source].depth for source in fold.sources if source in records), default=-1
        ):
            yield f"fold {fold.key}: the depth of its summary is not one more than its deepest source's"


def _unreachable(store: Store, records: dict[str, Record]) -> Iterator[str]:
    sources = {fold.summary: fold.sources for fold in store.folds()}
    waiting = [record.id for record in records.values() if record.folded_into in (None, WITHDRAWN)]
    reached = set(waiting)
    while waiting:
        below = [source for source in sources.get(waiting.pop(), ()) if source not in reached]
        reached.update(below)
        waiting.extend(below)
    missed = records.keys() - reached
    if missed:
        yield f"{len(missed)} records are under none that is live or withdrawn, {min(missed)} among them"


def file_violations(path: Union[str, Path]) -> list[str]:
    """What SQLite itself finds wrong in the file, and whether the index of words holds each text once."""
    with closing(sqlite3.connect(str(path))) as connection:
        found = [f"integrity_check: {row[0]}" for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'words'").fetchone():
            try:
                connection.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
            except sqlite3.DatabaseError as error:
                found.append(f"index of words: {error}")
    return found
