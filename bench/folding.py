"""Cascade prevention, and what folding costs and keeps: 10,000 folds with planted faults against real SQLite files."""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from bench.calibration import ROUND_TRIP, round_trip
from bench.containment import START, Open, attempts, wilson
from bench.figure import Bar, Figure, alone
from bench.recall import passages
from runtime.memory.embedding import HashedNgrams
from runtime.memory.grouping import FoldPolicy
from runtime.memory.memory import Memory
from runtime.memory.record import Fold, Record
from runtime.memory.stores.sqlite import SqliteStore
from runtime.telemetry.events import Event, MemoryFolded


class Kept(NamedTuple):
    """Of so many folded records: the share whose own text finds the summary, among the first ten."""

    sources: int
    share: float


def files(folder: Path) -> Iterator[Open]:
    """Empty places for a store, one after the other; the one before the last is removed."""
    last: list[Path] = []
    number = 0
    while True:
        number += 1
        path = folder / f"{number}.db"
        yield lambda path=path: SqliteStore(path)  # type: ignore[misc]
        last.append(path)
        if len(last) > 1:
            for leftover in folder.glob(f"{last.pop(0).name}*"):
                leftover.unlink()


def containment(folder: Path, count: int, seed: int = 1) -> Iterator[Figure]:
    """Of all faults that are planted; what was not contained is said at once."""
    tried: Counter[str] = Counter()
    folds = escaped = 0
    for one in attempts(files(folder), count, seed, killing=hasattr(os, "fork")):
        tried[one.fault] += 1
        # Those into which nothing was planted show that folding works; they do not count as contained.
        if one.fault != "none":
            folds += one.folds
            escaped += bool(one.escaped)
        if one.escaped:
            print(f"not contained, {one.fault}: {one.escaped[0]}", file=sys.stderr, flush=True)
    attacked = count - tried["none"]
    low, _ = wilson(attacked - escaped, attacked)
    contained = f"{(attacked - escaped) / attacked:.2%} contained, Wilson's 95 % bound {low:.2%}"
    yield Figure(
        f"folds whose effect reached beyond their planned sources, {len(tried) - 1} kinds of fault planted",
        escaped,
        "",
        attacked,
        bar=Bar(0, enough=10_000),
        note=f"{contained}; {folds:,} folds were made",
    )


def kept_in_recall(folder: Path, count: int, floor: float) -> Iterator[Figure]:
    """Fold a corpus that repeats itself, and recall what was folded as anybody would."""
    events: list[Event] = []
    with closing(SqliteStore(folder / f"retention{floor}.db")) as store:
        policy = FoldPolicy(most_ratio=0.3, floor=floor)
        memory = Memory(store, HashedNgrams(), fold_policy=policy, fold_every=0, fold_above=None, observe=events.append)
        store.remember(repeating(count))
        events.clear()
        began = time.process_time()
        run = memory.fold_all()
        spent = time.process_time() - began
        outcomes = Counter(event.outcome for event in events if isinstance(event, MemoryFolded))
        kept = retention(memory, run.folds)
        live = store.counts().live
    said = ", ".join(f"{times} {outcome}" for outcome, times in outcomes.items())
    what = f"folded texts that find their summary among ten, floor {floor:.0%}"
    note = f"of {count:,} records {live:,} are left; folds: {said}"
    yield Figure(what, 100 * kept.share, "%", kept.sources, note=note)
    tries = max(1, sum(outcomes.values()))
    ratio = spent / tries / round_trip()
    yield Figure(
        f"one fold, tried or made, floor {floor:.0%}", 1e3 * spent / tries, "ms of CPU", tries, ROUND_TRIP, ratio
    )


def retention(memory: Memory, folds: Sequence[Fold]) -> Kept:
    """Asked by Memory.recall, similarity and words together, of a store in which the folds stand."""
    found = asked = 0
    for fold in folds:
        for source in memory.store.get(fold.sources):
            asked += 1
            found += any(one.record.id == fold.summary for one in memory.recall(source.text[:2_000], 10))
    return Kept(asked, found / max(1, asked))


def repeating(count: int) -> list[Record]:
    """Passages of this repository's documents, each said again in a few variations, over some weeks."""
    draw = random.Random(5)
    texts = [line for passage in passages(Path(__file__).resolve().parent.parent) for line in passage.split(". ")]
    texts = [text for text in texts if len(text) > 60]
    said: list[str] = []
    while len(said) < count:
        text = draw.choice(texts)
        for _ in range(draw.choice([1, 1, 2, 4, 8])):
            words = text.split()
            for _ in range(len(words) // 6):
                words.pop(draw.randrange(len(words)))
            said.append(" ".join(words))
    embeddings = HashedNgrams().embed(said[:count])
    minute = (START - START.replace(day=2)) / -1440
    return [
        Record(f"{at:06}", text, embedding, START + at * minute)
        for at, (text, embedding) in enumerate(zip(said, embeddings))
    ]


def figures(quick: bool) -> Iterator[Figure]:
    """How many folds stayed in bounds, and what folding keeps and costs."""
    with tempfile.TemporaryDirectory() as folder:
        yield from containment(Path(folder), 500 if quick else 10_672)  # of which 10,005 with something planted
        for floor in (0.0, 0.9):
            yield from kept_in_recall(Path(folder), 500 if quick else 3_000, floor)


if __name__ == "__main__":
    sys.exit(alone(figures, __doc__))
