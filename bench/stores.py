"""How fast the embedded store writes, and how fast the nearest are found.

Each figure stands beside the plainest equal work of the same run: rows written by sqlite3 alone, and one product of a
numpy matrix and a vector of the same size.
"""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bench.figure import Bar, Figure, alone
from bench.searching import FOUND, clustered, found_of, taken
from runtime.errors import StoreFault
from runtime.memory.ids import new_id
from runtime.memory.record import EVERYTHING, Record
from runtime.memory.stores.sqlite import SqliteStore
from runtime.memory.vectors import Bounds, Row, Vectors

DIMENSION = 384
MILLISECONDS = {10_000: 1.0, 100_000: 10.0, 1_000_000: 100.0}  # for the nearest ten of so many, exact
BY_FAISS = 5.0  # milliseconds, of a million
BUILT_IN = 60.0  # CPU seconds
A_SECOND = 5_000.0  # records
WRITERS = 4
PRODUCT = "matrix @ vector"
_TEXT = "What was said is kept as it was said, with its words and its time. " * 20
_BATCH = 100
_CLUSTERS = 2000
_NOW = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)


def figures(quick: bool) -> Iterator[Figure]:
    """Writes, and the nearest ten of up to a million."""
    yield from writes(2_000 if quick else 20_000)
    yield from nearest((10_000,) if quick else tuple(MILLISECONDS))


def _records(count: int) -> list[Record]:
    import numpy

    rows = numpy.random.default_rng().standard_normal((count, DIMENSION)).tolist()
    return [Record(new_id(), f"{number} {_TEXT}", tuple(row), _NOW) for number, row in enumerate(rows)]


def _write(path: Path, records: int, gate: Any, results: Any) -> None:
    made = _records(records)
    store = SqliteStore(path)
    gate.wait()
    begun, errors = time.monotonic(), 0
    for start in range(0, records, _BATCH):
        try:
            store.remember(made[start : start + _BATCH])
        except StoreFault:
            errors += 1
    results.put((begun, time.monotonic(), errors))
    store.close()


def writes(records: int) -> Iterator[Figure]:
    """Four processes write batches to one file: durable ones, and with an index of the words."""
    processes = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        path, gate, results = Path(folder) / "memory.db", processes.Barrier(WRITERS), processes.Queue()
        SqliteStore(path).close()
        writers = [processes.Process(target=_write, args=(path, records, gate, results)) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        ended = [results.get() for _ in writers]
        for writer in writers:
            writer.join()
        seconds = max(end for _, end, _ in ended) - min(begun for begun, _, _ in ended)
        store = SqliteStore(path)
        kept = store.counts().live
        store.close()
        plain = _plain_rows(Path(folder) / "plain.db", min(WRITERS * records, 20_000))
    rate, errors, what = kept / seconds, sum(errors for _, _, errors in ended), f"{WRITERS} processes writing one file"
    yield Figure(
        f"{what}, batches of {_BATCH}",
        rate,
        "records a second",
        kept,
        "sqlite3 alone in one process",
        rate / plain,
        Bar(A_SECOND, at_least=True),
    )
    yield Figure(f"{what}: errors", errors, "", WRITERS * records // _BATCH, bar=Bar(0))


def _plain_rows(path: Path, rows: int) -> float:
    """Rows a second of the same bytes, without an index, in transactions of the same size."""
    connection = sqlite3.connect(str(path), isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE rows (id TEXT, text TEXT, embedding BLOB)")
    embedding, begun = os.urandom(4 * DIMENSION), time.monotonic()
    for _ in range(0, rows, _BATCH):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO rows VALUES (?, ?, ?)", [(new_id(), _TEXT, embedding)] * _BATCH)
        connection.execute("COMMIT")
    seconds = time.monotonic() - begun
    connection.close()
    return rows / seconds


def nearest(sizes: Sequence[int]) -> Iterator[Figure]:
    """The nearest ten by the index of a store, exact and, of a million, by faiss."""
    import numpy

    chance = numpy.random.default_rng(0)
    centres = chance.standard_normal((_CLUSTERS, DIMENSION), numpy.float32)
    for size in sizes:
        vectors = _filled(size, chance, centres)
        cues = [clustered(1, chance, centres)[0] for _ in range(200 if size < 1_000_000 else 40)]
        matrix = numpy.random.default_rng(1).standard_normal((size, DIMENSION), numpy.float32)
        product = median(taken(matrix.__matmul__, cues))
        del matrix
        samples = taken(lambda cue, vectors=vectors: _nearest(vectors, cue), cues)  # type: ignore[misc]
        yield Figure(
            f"the nearest 10 of {size:,}, exact, {DIMENSION} dimensions, p50",
            median(samples),
            "ms",
            len(cues),
            PRODUCT,
            median(samples) / product,
            Bar(MILLISECONDS[size]),
            samples=tuple(samples),
        )
        if size >= 1_000_000:
            yield from _by_faiss(vectors, cues, product)
        vectors.close()


def _by_faiss(vectors: Vectors, cues: Sequence[Any], product: float) -> Iterator[Figure]:
    best = [_nearest(vectors, cue) for cue in cues]
    cpu, wall = time.process_time(), time.monotonic()
    vectors.build_approximate()
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    what = f"the nearest 10 of {len(vectors):,} by faiss"
    if vectors.approximate is None:
        yield Figure(f"{what}, p50", None, note=f"refused: {vectors.refusal}")
        return
    samples = taken(lambda cue: _nearest(vectors, cue), cues)
    ratio, note = median(samples) / product, f"{vectors.approximate.probes} lists are read"
    yield Figure(f"{what}, p50", median(samples), "ms", len(cues), PRODUCT, ratio, Bar(BY_FAISS), note, tuple(samples))
    yield Figure(
        f"{what}, recall@10", found_of(best, (_nearest(vectors, cue) for cue in cues)), "", len(cues), bar=FOUND
    )
    yield Figure(f"{what}, built in", cpu, "CPU s", 1, bar=Bar(BUILT_IN), note=f"{wall:.0f} s")


def _filled(size: int, chance: Any, centres: Any) -> Vectors:
    vectors = Vectors(DIMENSION, None)
    for start in range(0, size, 20_000):
        some = clustered(min(20_000, size - start), chance, centres)
        rows = [
            Row(start + n, f"{start + n:09}", row.tobytes(), 0, frozenset(), "production", False)
            for n, row in enumerate(some)
        ]
        vectors.add(rows)
    return vectors


def _nearest(vectors: Vectors, cue: Any) -> Any:
    return vectors.nearest(cue.tobytes(), 10, EVERYTHING, Bounds(None, None))


if __name__ == "__main__":
    sys.exit(alone(figures, __doc__))
