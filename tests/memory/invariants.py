"""What holds of a store whatever was folded in it, and what of that does not hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runtime.memory.record import Record
from runtime.memory.store import Store


def violations(store: Store, before: Mapping[str, Record]) -> list[str]:
    """Every invariant that is broken. `before` are the records that were remembered, none of which may be lost."""
    return [*_lost_or_changed(store, before), *_broken_lineage(store, before)]


def _lost_or_changed(store: Store, before: Mapping[str, Record]) -> Iterator[str]:
    now = {one.id: one for one in store.get(list(before))}
    for name, was in before.items():
        if name not in now:
            yield f"{name} is gone"
        elif now[name]._replace(folded_into=None) != was._replace(folded_into=None):
            yield f"{name} was changed"


def _broken_lineage(store: Store, before: Mapping[str, Record]) -> Iterator[str]:
    folds = store.folds()
    summaries = [fold.summary for fold in folds]
    sources = [source for fold in folds for source in fold.sources]
    known = {one.id: one for one in store.get(list(dict.fromkeys([*before, *summaries, *sources])))}
    counts = store.counts()
    if len(set(sources)) != len(sources):
        yield "a record is the source of two folds"
    if counts.cold != len(set(sources)):
        yield f"{counts.cold} records are cold, and {len(set(sources))} the sources of folds"
    if counts.folds != len(folds):
        yield f"{counts.folds} folds are counted, {len(folds)} stand"
    for fold in folds:
        yield from _broken_fold(store, known, fold.summary, fold.sources)
    folded = set(sources)
    for one in known.values():
        if one.folded_into is not None and one.id not in folded:
            yield f"{one.id} is cold, and no fold's source"


def _broken_fold(store: Store, known: Mapping[str, Record], summary: str, sources: tuple[str, ...]) -> Iterator[str]:
    if summary not in known:
        yield f"the summary {summary} is gone"
        return
    if set(store.lineage(summary).sources) != set(sources):
        yield f"{summary} does not know its sources"
    for source in sources:
        if source not in known:
            yield f"the source {source} is gone"
        elif known[source].folded_into != summary or store.lineage(source).folded_into != summary:
            yield f"{source} does not know its summary"
        elif known[source].depth >= known[summary].depth:
            yield f"{summary} is no deeper than its source {source}"
