"""Cascade prevention, and what folding costs and keeps: 10,000 folds with planted faults against real SQLite files."""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from bench.containment import START, Open, attempts, wilson
from bench.recall import passages
from runtime.memory.embedding import HashedNgrams
from runtime.memory.grouping import FoldPolicy
from runtime.memory.memory import Memory
from runtime.memory.record import Fold, Record
from runtime.memory.stores.sqlite import SqliteStore
from runtime.telemetry.events import Event, MemoryFolded

_SEED_ASKS = 0.997


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


def report_containment(folder: Path, count: int, seed: int) -> int:
    """A line for each fault; answers how many attempts were not contained."""
    began = time.perf_counter()
    tried: Counter[str] = Counter()
    folds: Counter[str] = Counter()
    escaped: Counter[str] = Counter()
    for one in attempts(files(folder), count, seed, killing=hasattr(os, "fork")):
        tried[one.fault] += 1
        folds[one.fault] += one.folds
        if one.escaped:
            escaped[one.fault] += 1
            print(f"NOT CONTAINED, {one.fault}: {one.escaped[0]}", flush=True)
    print(f"{'planted':28} {'attempted':>9} {'folds':>7} {'contained':>9}")
    for fault, times in tried.items():
        print(f"{fault:28} {times:9,} {folds[fault]:7,} {times - escaped[fault]:9,}")
    # Those into which nothing was planted show that folding works; they do not count as contained.
    attacked = count - tried["none"]
    contained = attacked - sum(escaped.values()) + escaped["none"]
    low, high = wilson(contained, attacked)
    print(
        f"{'all with something planted':28} {attacked:9,} {sum(folds.values()) - folds['none']:7,} {contained:9,}   "
        f"{contained / attacked:.4%}, "
        f"95 % between {low:.4%} and {high:.4%} (Wilson); the seed asks {_SEED_ASKS:.1%}"
    )
    print(f"seed {seed}, {time.perf_counter() - began:.0f} s, load {os.getloadavg()[0]:.1f}")
    return sum(escaped.values())


def report_retention(folder: Path, count: int) -> None:
    """Fold a corpus that repeats itself, and recall what was folded as anybody would."""
    events: list[Event] = []
    for floor in (0.0, 0.9):
        with closing(SqliteStore(folder / f"retention{floor}.db")) as store:
            policy = FoldPolicy(most_ratio=0.3, floor=floor)
            memory = Memory(
                store, HashedNgrams(), fold_policy=policy, fold_every=0, fold_above=None, observe=events.append
            )
            store.remember(repeating(count))
            events.clear()
            began = time.process_time()
            run = memory.fold_all()
            spent = time.process_time() - began
            outcomes = Counter(event.outcome for event in events if isinstance(event, MemoryFolded))
            kept = retention(memory, run.folds)
            print(
                f"floor {floor:.0%}: {dict(outcomes)} of {count:,} records; live {store.counts().live:,}; "
                f"{kept.share:.1%} of {kept.sources:,} folded texts find their summary among ten; "
                f"{spent / max(1, sum(outcomes.values())) * 1e3:.1f} ms of CPU a fold "
                f"({spent / max(1, sum(outcomes.values())) / _task():,.0f} x task)"
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


def _task(times: int = 20_000) -> float:
    """Seconds of CPU that asyncio needs to start a task and wait for it."""

    async def nothing() -> None:
        pass

    async def trips() -> float:
        for_each = []
        for _ in range(5):
            began = time.process_time()
            for _ in range(times // 5):
                await asyncio.create_task(nothing())
            for_each.append((time.process_time() - began) / (times // 5))
        return statistics.median(for_each)

    return asyncio.run(trips())


def main() -> int:
    """Print both parts; 1 where a fold was not contained."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="500 attempts instead of 10,672")
    parser.add_argument("--attempts", type=int, default=0, help="so many attempts")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    count = options.attempts or (500 if options.quick else 10_672)  # of which 10,005 with something planted
    with tempfile.TemporaryDirectory() as folder:
        escaped = report_containment(Path(folder), count, options.seed)
        report_retention(Path(folder), 500 if options.quick else 3_000)
    return 1 if escaped else 0


if __name__ == "__main__":
    sys.exit(main())
