"""The most similar among very many in Postgres: pgvector's HNSW, built beside the writers and believed when measured.

A graph in which each vector knows some near ones; a search walks from one to the next nearer and keeps the `ef_search`
best that it met (Malkov and Yashunin, 2018). Embeddings are of unit length, so the operator class is that of the inner
product. Only live records are in it: a search with a filter, or for cold ones, is exact.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from array import array
from collections.abc import Sequence
from typing import Callable, NamedTuple, Optional

import psycopg

from runtime.errors import RuntimeFault, StoreFault
from runtime.memory.record import Scored
from runtime.memory.stores.admission import unit
from runtime.memory.stores.postgres_connection import Connection, first_line
from runtime.memory.stores.postgres_rows import fetch
from runtime.memory.stores.postgres_vector import Embedding

APPROXIMATE_FROM = 50_000
"""Live records; up to as many the exact search takes a third of what a recall may."""
LEAST_RECALL = 0.95
"""Of the ten nearest by the exact search, on average over the cues that are tried."""
MOST = 400
"""Records at once; for more the search would have to keep more than pgvector allows."""

_WANTED_RECALL = 0.97
_BREADTHS = (40, 80, 160, 320, 640)
_CUES = 24
_TOP = 10
_MOST_DIMENSIONS = 2_000  # what an index of pgvector takes of `vector`
_LOOK_AGAIN = 1.0  # seconds; another service is building it
_CANCEL_AGAIN = 0.1
_LONGEST_CLOSE = 5.0
_RETRIED_AT = 2.0
_NAME = "nearest_of_live"
_NEAREST = """
SELECT id, far FROM (
    SELECT id, embedding::vector({0}) <#> %s AS far FROM records WHERE folded_into IS NULL
    ORDER BY embedding::vector({0}) <#> %s LIMIT %s
) AS near ORDER BY far, id
"""

log = logging.getLogger("lukhas.memory")


class _Stopped(Exception):
    """The store is being closed."""


class Measured(NamedTuple):
    """By how many candidates an index is searched, and the share of the nearest that it found so."""

    breadth: int
    recall: float


def exactly(connection: Connection, cue: bytes, most: int, where: str, values: Sequence[object]) -> list[Scored]:
    """The nearest by a look at every embedding that the condition lets through."""
    select = f"SELECT id, embedding <#> %s AS far FROM records WHERE {where} ORDER BY far, id LIMIT %s"
    return [Scored(name, -far) for name, far in fetch(connection, select, (Embedding(cue), *values, max(most, 0)))]


def approximately(connection: Connection, cue: bytes, most: int, breadth: int) -> list[Scored]:
    """The nearest of the live ones by the index, inside a transaction; at most MOST."""
    # The index gives them in order: where sorting is dear, no other way of the planner is as cheap.
    settings = "SELECT set_config('hnsw.ef_search', %s, true), set_config('enable_sort', 'off', true)"
    fetch(connection, settings, (str(min(1000, max(breadth, 2 * most))),))
    select, asked = _NEAREST.format(len(cue) // 4), Embedding(cue)
    return [Scored(name, -far) for name, far in fetch(connection, select, (asked, asked, max(most, 0)))]


class Index:
    """The index of one store; `ready` says how to search it, None while it is not to be used, and `refusal` why not.

    It is built without holding up who writes, by one service for all; each measures it for itself, against the exact
    search, and again when there are twice as many records.
    """

    def __init__(self, connect: Callable[[], Connection], least: Optional[int]) -> None:
        self._connect = connect
        self._next = least
        self._lock = threading.Lock()
        self._thread: Optional[threading.Thread] = None
        self._connection: Optional[Connection] = None
        self._stopped = threading.Event()
        self.ready: Optional[Measured] = None
        self.refusal: Optional[str] = None

    def consider(self, live: int, dimension: int) -> None:
        """Begin to build or to measure where it is time."""
        if self._next is None or live < self._next or not dimension:
            return
        with self._lock:
            if self._stopped.is_set() or live < self._next or (self._thread and self._thread.is_alive()):
                return
            self._next = int(_RETRIED_AT * live)
            self._thread = threading.Thread(target=self._run, args=(dimension,), name="memory-index", daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Until what is being built is built."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def close(self) -> None:
        """Stop what is being built; the next service that opens the store begins again. Takes 5 s at most.

        A server that hangs cannot be told; the thread keeps no process alive.
        """
        with self._lock:
            self._stopped.set()
        end = time.monotonic() + _LONGEST_CLOSE
        while self._thread is not None and self._thread.is_alive() and time.monotonic() < end:
            self._cancel()  # again and again: the statement may not have begun yet
            self._thread.join(_CANCEL_AGAIN)

    def _cancel(self) -> None:
        with self._lock:
            try:
                if self._connection is not None:
                    self._connection.cancel_safe(timeout=_LONGEST_CLOSE / 5)
            except psycopg.Error:
                return  # it has ended meanwhile, or cannot be reached

    def _run(self, dimension: int) -> None:
        try:
            self.ready, self.refusal = self._built_and_measured(dimension)
        except _Stopped:
            return
        except (RuntimeFault, psycopg.Error) as error:
            self.refusal = first_line(error)
        if self.refusal is not None:
            log.warning("similar records are looked for exactly: %s", self.refusal)

    def _built_and_measured(self, dimension: int) -> tuple[Optional[Measured], Optional[str]]:
        if dimension > _MOST_DIMENSIONS:
            return None, f"an index of pgvector takes {_MOST_DIMENSIONS:,} dimensions, these have {dimension:,}"
        connection = self._connect()
        try:
            with self._lock:
                self._connection = connection
            self._build(connection, dimension)
            measured = measure(connection, self._go_on)
        finally:
            with self._lock:
                self._connection = None
            connection.close()
        if measured.recall < LEAST_RECALL:
            return None, f"the index finds {measured.recall:.3f} of the ten nearest; {LEAST_RECALL} is asked"
        return measured, None

    def _build(self, connection: Connection, dimension: int) -> None:
        # Not by waiting for the lock: who waits holds a snapshot, and the one that builds waits for all snapshots.
        while not _locked(connection):
            self._go_on()
            self._stopped.wait(_LOOK_AGAIN)
        self._go_on()
        try:
            build(connection, dimension)
        except psycopg.errors.QueryCanceled as error:
            self._go_on()
            raise StoreFault(f"the building was cancelled: {first_line(error)}") from error
        finally:
            if not connection.broken:
                connection.execute("SELECT pg_advisory_unlock_all()")

    def _go_on(self) -> None:
        if self._stopped.is_set():
            raise _Stopped


def build(connection: Connection, dimension: int) -> None:
    """Make the index, where there is none that is whole. Writers go on meanwhile."""
    found = fetch(connection, "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", (_NAME,))
    if found == [(True,)]:
        return
    if found:  # somebody was stopped while it was being built
        connection.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_NAME}")
    connection.execute(
        f"CREATE INDEX CONCURRENTLY {_NAME} ON records USING hnsw "
        f"((embedding::vector({dimension})) vector_ip_ops) WHERE folded_into IS NULL".encode()
    )


def measure(connection: Connection, go_on: Callable[[], None] = lambda: None) -> Measured:
    """The fewest candidates by which enough of what the exact search finds is found; `go_on` may raise to end it."""
    exact = []
    for cue in _cues(connection):
        go_on()
        exact.append((cue, {one.id for one in exactly(connection, cue, _TOP, "folded_into IS NULL", ())}))
    measured = Measured(_BREADTHS[0], 0.0)
    for breadth in _BREADTHS:
        go_on()
        with connection.transaction():
            shares = [_share(best, approximately(connection, cue, _TOP, breadth)) for cue, best in exact]
        measured = Measured(breadth, sum(shares) / max(1, len(shares)))
        if measured.recall >= _WANTED_RECALL:
            break
    return measured


def _share(best: set[str], found: Sequence[Scored]) -> float:
    return len(best & {one.id for one in found}) / max(1, len(best))


def _cues(connection: Connection) -> list[bytes]:
    """Embeddings of live records moved a little: near to what is there, and not the same."""
    chance = random.Random(0)
    # By system: pages here and there are read, and not all of them.
    sampled = "SELECT embedding FROM records TABLESAMPLE SYSTEM (%s) WHERE folded_into IS NULL LIMIT 2000"
    rows = fetch(connection, sampled, (5,)) or fetch(connection, sampled, (100,))
    cues = []
    for (embedding,) in chance.sample(rows, min(_CUES, len(rows))):
        values = array("f", embedding)
        reach = chance.uniform(0.1, 1.0) / len(values) ** 0.5
        cues.append(unit([value + chance.gauss(0.0, reach) for value in values]))
    return cues


def _locked(connection: Connection) -> bool:
    select = "SELECT pg_try_advisory_lock(hashtext('memory index'), hashtext(current_schema()))"
    return bool(fetch(connection, select, ())[0][0])
