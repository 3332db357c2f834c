"""How fast the stores are, and what a kill -9 costs them.

    python -m bench.stores [--quick] [--kills N]
    python -m bench.stores --postgres 50000

Each figure stands beside the plainest equal work of the same run: rows written by sqlite3 alone, and one product of a
numpy matrix and a vector of the same size.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import multiprocessing
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Callable, Optional

from bench.lines import Line, clustered, median, show
from runtime.errors import StoreFault
from runtime.memory.ids import new_id
from runtime.memory.record import EVERYTHING, Record
from runtime.memory.stores.sqlite import SqliteStore
from runtime.memory.vectors import Bounds, Row, Vectors

DIMENSION = 384
_TEXT = "What was said is kept as it was said, with its words and its time. " * 20
_BATCH = 100
_CLUSTERS = 2000
_NOW = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything, and no million")
    parser.add_argument("--kills", type=int, default=None, help="how many SIGKILLs (default 500, quick 20)")
    parser.add_argument(
        "--postgres", type=int, default=None, metavar="RECORDS", help="a store in Postgres of so many, and nothing else"
    )
    parser.add_argument("--only", choices=["writes", "kills", "recall"], default=None)
    chosen = parser.parse_args(arguments)
    parts: dict[str, Callable[[], Iterator[Line]]] = {
        "writes": lambda: writes(2_000 if chosen.quick else 20_000),
        "kills": lambda: kills(chosen.kills or (20 if chosen.quick else 500), 5_000 if chosen.quick else 250_000),
        "recall": lambda: recall((10_000,) if chosen.quick else (10_000, 100_000, 1_000_000)),
    }
    if chosen.postgres:
        from bench.postgres import postgres

        parts = {"postgres": lambda: postgres(chosen.postgres)}
    show(Line("what", "measured", "beside plain work", "bar", "n"))
    for name, part in parts.items():
        if chosen.only in (None, name):
            for line in part():
                show(line)
    print("load", *(f"{load:.1f}" for load in os.getloadavg()), "on", os.cpu_count(), "cores")
    return 0


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


def writes(records: int) -> Iterator[Line]:
    """Four processes write batches to one file: durable ones, and with an index of the words."""
    processes = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        path, gate, results = Path(folder) / "memory.db", processes.Barrier(4), processes.Queue()
        SqliteStore(path).close()
        writers = [processes.Process(target=_write, args=(path, records, gate, results)) for _ in range(4)]
        for writer in writers:
            writer.start()
        ended = [results.get() for _ in writers]
        for writer in writers:
            writer.join()
        seconds = max(end for _, end, _ in ended) - min(begun for begun, _, _ in ended)
        store = SqliteStore(path)
        kept = store.counts().live
        store.close()
        plain = _plain_rows(Path(folder) / "plain.db", min(4 * records, 20_000))
    rate, errors = kept / seconds, sum(errors for _, _, errors in ended)
    beside = f"{rate / plain:.2f} x sqlite3 alone, one process"
    yield Line(f"4 writer processes, batches of {_BATCH}", f"{rate:,.0f} records/s", beside, "5,000", f"{kept:,}")
    yield Line("  errors", str(errors), "", "0", str(4 * records // _BATCH))


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


def kills(count: int, least: int) -> Iterator[Line]:
    """In a process of its own, which may fork."""
    command = [sys.executable, "-m", "bench.kills", "--kills", str(count), "--writes", str(least)]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    survived = json.loads(ran.stdout)
    of = f"{survived['acknowledged']:,}"
    folds = f"{survived['folds']} folds stand, {survived['undone']} undone"
    yield Line(f"acknowledged writes lost by {survived['kills']} SIGKILLs", str(survived["lost"]), folds, "0", of)
    yield Line("  invariants violated", str(len(survived["violations"])), "", "0", "")
    for violation in survived["violations"]:
        yield Line(f"  {violation}", "", "", "", "")


def recall(sizes: Sequence[int]) -> Iterator[Line]:
    """The nearest ten by the index of a store, exact and, at the largest size, by faiss."""
    bars = {10_000: "1 ms", 100_000: "10 ms", 1_000_000: "100 ms"}
    import numpy

    chance = numpy.random.default_rng(0)
    centres = chance.standard_normal((_CLUSTERS, DIMENSION), numpy.float32)
    for size in sizes:
        vectors = _filled(size, chance, centres)
        cues = [clustered(1, chance, centres)[0] for _ in range(200 if size < 1_000_000 else 40)]
        matrix = numpy.random.default_rng(1).standard_normal((size, DIMENSION), numpy.float32)
        product = median(lambda cue, matrix=matrix: matrix @ cue, cues)  # type: ignore[misc]
        del matrix
        ours = median(lambda cue, vectors=vectors: _nearest(vectors, cue), cues)  # type: ignore[misc]
        beside = f"{ours / product:.2f} x matrix @ vector"
        yield Line(f"nearest 10 of {size:,}, exact", f"{1000 * ours:.2f} ms p50", beside, bars[size], str(len(cues)))
        if size >= 1_000_000:
            yield from _approximately(vectors, cues, product)
        vectors.close()


def _approximately(vectors: Vectors, cues: Sequence[Any], product: float) -> Iterator[Line]:
    exact = [_nearest(vectors, cue) for cue in cues]
    cpu, wall = time.process_time(), time.monotonic()
    vectors.build_approximate()
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    if vectors.approximate is None:
        yield Line("  by faiss", f"refused: {vectors.refusal}", "", "", "")
        return
    ours = median(lambda cue: _nearest(vectors, cue), cues)
    found = [
        len({one.id for one in _nearest(vectors, cue)} & {one.id for one in best}) for cue, best in zip(cues, exact)
    ]
    yield Line(
        "  by faiss", f"{1000 * ours:.2f} ms p50", f"{ours / product:.3f} x matrix @ vector", "5 ms", str(len(cues))
    )
    yield Line("  its recall@10", f"{statistics.mean(found) / 10:.3f}", "", ".95", str(10 * len(cues)))
    probes = f"{vectors.approximate.probes} lists are read"
    yield Line("  built in", f"{cpu:.0f} CPU s, {wall:.0f} s", probes, "60 CPU s", "1")


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
    sys.exit(main())
