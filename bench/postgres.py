"""A store in Postgres of many records: written, searched exactly and by its index. For `bench.stores --postgres N`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg

from bench.lines import Line, clustered, median
from runtime.memory.ids import new_id
from runtime.memory.record import Record
from runtime.memory.stores.postgres import PostgresStore
from tests.stores.places import postgres_server
from tests.stores.records import NOON

DIMENSION = 384
_BATCH = 100
_CUES = 100
_TEXT = "What was said is kept as it was said, with its words and its time. "


def postgres(size: int) -> Iterator[Line]:
    """A server of its own; its settings are those that it comes with."""
    import numpy

    chance = numpy.random.default_rng(0)
    centres = chance.standard_normal((2000, DIMENSION), numpy.float32)

    def more(count: int) -> list[Record]:
        rows = clustered(count, chance, centres).tolist()
        return [Record(new_id(), f"{number} {_TEXT}", tuple(row), NOON) for number, row in enumerate(rows)]

    with postgres_server() as url:
        store = PostgresStore(url, approximate_from=None)
        yield Line(f"Postgres, batches of {_BATCH}", f"{_rate(store, more, size):,.0f} records/s", "", "", f"{size:,}")
        cues = clustered(_CUES, chance, centres).tolist()
        exact = [store.nearest(cue, 10) for cue in cues]
        ours, plain = median(lambda cue: store.nearest(cue, 10), cues), _plain(url, cues)
        beside = f"{ours / plain:.2f} x psycopg alone"
        yield Line(f"nearest 10 of {size:,}, exact", f"{1000 * ours:.2f} ms p50", beside, "", str(_CUES))
        store.close()
        yield from _by_index(PostgresStore(url, approximate_from=size // 2), cues, exact, plain, more)


def _by_index(
    store: PostgresStore, cues: Sequence[Any], exact: Sequence[Any], plain: float, more: Callable[[int], list[Record]]
) -> Iterator[Line]:
    begun = time.monotonic()
    assert store.dimension == DIMENSION
    store.counts()
    store.wait_for_approximate()
    built = time.monotonic() - begun
    measured = store.index.ready
    if measured is None:
        yield Line("  by its index", f"refused: {store.index.refusal}", "", "", "")
        return
    ours = median(lambda cue: store.nearest(cue, 10), cues)
    shares = [
        len({one.id for one in store.nearest(cue, 10)} & {one.id for one in best}) for cue, best in zip(cues, exact)
    ]
    candidates = f"{measured.breadth} candidates"
    yield Line("  by its index", f"{1000 * ours:.2f} ms p50", f"{ours / plain:.2f} x exact, alone", "", str(len(cues)))
    yield Line("  its recall@10", f"{statistics.mean(shares) / 10:.3f}", candidates, ".95", str(10 * len(cues)))
    yield Line("  built and measured in", f"{built:.0f} s", "", "", "1")
    yield Line("  written with it", f"{_rate(store, more, 2_000):,.0f} records/s", "", "", "2,000")
    store.close()


def _rate(store: PostgresStore, more: Callable[[int], list[Record]], size: int) -> float:
    seconds = 0.0
    for _ in range(0, size, _BATCH):
        records = more(_BATCH)
        begun = time.monotonic()
        store.remember(records)
        seconds += time.monotonic() - begun
    return size / seconds


def _plain(url: str, cues: Sequence[Any]) -> float:
    """The same search by the server's client, without anything of ours."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET search_path TO memory, public")
        connection.execute("SET jit TO off")
        select = "SELECT id FROM records WHERE folded_into IS NULL ORDER BY embedding <#> %s::vector LIMIT 10"
        return median(lambda cue: connection.execute(select, (str(cue),)).fetchall(), cues)
