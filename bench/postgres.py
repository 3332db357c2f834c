"""A store in Postgres of many records: written, searched exactly and by its index; a server of its own.

The server's settings are those that it comes with.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from statistics import median
from typing import Any, Callable

import psycopg

from bench.figure import Figure, alone
from bench.searching import FOUND, clustered, found_of, taken
from runtime.memory.ids import new_id
from runtime.memory.record import Record
from runtime.memory.stores.postgres import PostgresStore
from tests.stores.places import postgres_server
from tests.stores.records import NOON

DIMENSION = 384
RATE = "records a second"
PLAIN = "the same exact search by psycopg alone"
_BATCH = 100
_CUES = 100
_TEXT = "What was said is kept as it was said, with its words and its time. "


def figures(quick: bool) -> Iterator[Figure]:
    """Of 2,000 records, or of 50,000."""
    import numpy

    size = 2_000 if quick else 50_000
    chance = numpy.random.default_rng(0)
    centres = chance.standard_normal((2000, DIMENSION), numpy.float32)

    def more(count: int) -> list[Record]:
        rows = clustered(count, chance, centres).tolist()
        return [Record(new_id(), f"{number} {_TEXT}", tuple(row), NOON) for number, row in enumerate(rows)]

    with postgres_server() as url:
        store = PostgresStore(url, approximate_from=None)
        yield Figure(f"Postgres, written in batches of {_BATCH}", _rate(store, more, size), RATE, size)
        cues = clustered(_CUES, chance, centres).tolist()
        best = [store.nearest(cue, 10) for cue in cues]
        samples, plain = taken(lambda cue: store.nearest(cue, 10), cues), _plain(url, cues)
        ratio, kept = median(samples) / plain, tuple(samples)
        what = f"Postgres, the nearest 10 of {size:,}"
        yield Figure(f"{what}, exact, p50", median(samples), "ms", _CUES, PLAIN, ratio, samples=kept)
        store.close()
        with closing(PostgresStore(url, approximate_from=size // 2)) as indexed:
            yield from _by_index(indexed, what, cues, best, plain)
            yield Figure("Postgres, written with its index", _rate(indexed, more, 2_000), RATE, 2_000)


def _by_index(
    store: PostgresStore, what: str, cues: Sequence[Any], best: Sequence[Any], plain: float
) -> Iterator[Figure]:
    begun = time.monotonic()
    assert store.dimension == DIMENSION
    store.counts()
    store.wait_for_approximate()
    built = time.monotonic() - begun
    measured = store.index.ready
    if measured is None:
        yield Figure(f"{what}, by its index, p50", None, note=f"refused: {store.index.refusal}")
        return
    samples = taken(lambda cue: store.nearest(cue, 10), cues)
    ratio, note = median(samples) / plain, f"{measured.breadth} candidates"
    yield Figure(
        f"{what}, by its index, p50", median(samples), "ms", _CUES, PLAIN, ratio, note=note, samples=tuple(samples)
    )
    found = found_of(best, (store.nearest(cue, 10) for cue in cues))
    yield Figure(f"{what}, by its index, recall@10", found, "", _CUES, bar=FOUND)
    yield Figure(f"{what}, its index built and measured in", built, "s", 1)


def _rate(store: PostgresStore, more: Callable[[int], list[Record]], size: int) -> float:
    seconds = 0.0
    for _ in range(0, size, _BATCH):
        records = more(_BATCH)
        begun = time.monotonic()
        store.remember(records)
        seconds += time.monotonic() - begun
    return size / seconds


def _plain(url: str, cues: Sequence[Any]) -> float:
    """The median of the same search by the server's client, without anything of ours; in milliseconds."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET search_path TO memory, public")
        connection.execute("SET jit TO off")
        select = "SELECT id FROM records WHERE folded_into IS NULL ORDER BY embedding <#> %s::vector LIMIT 10"
        return median(taken(lambda cue: connection.execute(select, (str(cue),)).fetchall(), cues))


if __name__ == "__main__":
    sys.exit(alone(figures, __doc__))
