"""Records in a SQLite file, shared by the processes of one machine: the embedded default.

What remember() and fold() have returned from is on the disk (WAL, synchronous=FULL). All threads of a process write
through one thread; readers have connections of their own and never wait for a writer.
"""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Optional, TypeVar, Union

from runtime.errors import ConfigurationFault, RecordRefused, StoreFault
from runtime.memory.record import EVERYTHING, Counts, Filter, Fold, FoldPlan, Lineage, Record, Scored
from runtime.memory.stores.admission import (
    Kept,
    admitted,
    can_be,
    microseconds,
    moment,
    refuse_depth,
    refuse_other,
    refuse_plan,
    refuse_taken,
    standing_above,
    unit,
)
from runtime.memory.stores.fitting import bounds_of
from runtime.memory.stores.group_commit import Transaction, Writer, read_tally
from runtime.memory.stores.pool import Pool
from runtime.memory.stores.sqlite_rows import (
    COLUMNS,
    MATCHING,
    add_new,
    condition,
    either,
    fold_of,
    follow,
    held_by,
    record_of,
    records_of,
    rows_of,
    scan,
    snapshot,
    sources_of,
)
from runtime.memory.stores.sqlite_schema import prepare
from runtime.memory.stores.sqlite_writes import insert, restore, stand, undo, withdraw
from runtime.memory.stores.words import MOST_SCORED, asked, telling
from runtime.memory.vectors import APPROXIMATE_FROM, Vectors, numpy_module

T = TypeVar("T")

_CHECKPOINT_PAGES = 4000
_HINTS = {
    "full": "the disk is full; make room and remember again",
    "readonly": "this process may not write to it or to its folder; change who owns them",
    "unable to open": "its folder must exist and be writable, and it must be a file",
    "locked": "another process has held its write lock for too long",
    "not a database": "name another file, or restore this one from a copy",
    "malformed": "it is damaged; restore it from a copy, or salvage it with `sqlite3 FILE .recover`",
    "disk I/O": "the disk refused to read or write; what was acknowledged before is kept",
}


class SqliteStore:
    """Opened on `path`. `notes` says what this build of SQLite lacks.

    `patience` is how many seconds to wait for another process that writes. `durable=False` (synchronous=NORMAL) loses
    the last moments when the machine loses power, and nothing when a process is killed.
    """

    name = "sqlite"

    def __init__(
        self,
        path: Union[str, Path],
        dimension: int = 0,
        *,
        durable: bool = True,
        patience: float = 30.0,
        full_text: bool = True,
        approximate_from: Optional[int] = APPROXIMATE_FROM,
    ) -> None:
        numpy_module()
        self.path = str(path)
        if not self.path or ":memory:" in self.path:
            raise ConfigurationFault("a SQLite store is a file, which other processes can open; use InMemoryStore")
        self._place = os.path.abspath(self.path)  # connections are made later, too, and the process may move
        self._durable = durable
        self._patience = patience
        self._approximate_from = approximate_from
        self._wanted_dimension = dimension
        self._vectors: Optional[Vectors] = None
        self._read_to = (0, 0)
        self._refreshing = threading.Lock()
        self._pool = Pool(self._open_reader, self.path)
        with self._faults():
            connection = self._connect()
            try:
                self._full_text = prepare(connection, self.path, patience, full_text)
                connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
                connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                known = read_tally(connection).dimension
            except BaseException:
                connection.close()
                raise
        if dimension and known and dimension != known:
            connection.close()
            raise ConfigurationFault(
                f"{self.path} holds embeddings of {known} dimensions, not {dimension}; use one embedder"
            )
        self._known_dimension = known
        self._opened = self._found()
        self._writer = Writer(connection, patience, self._fault)
        self.notes: tuple[str, ...] = () if self._full_text else ("SQLite has no FTS5: matching() reads every text",)

    @property
    def dimension(self) -> int:
        """Of every embedding; 0 until the first record decides."""
        if not self._known_dimension:
            with self._reading() as connection:
                self._known_dimension = read_tally(connection).dimension
        return self._known_dimension or self._wanted_dimension

    @property
    def approximate(self) -> bool:
        """Whether nearest() answers by an approximate index now."""
        return self._vectors is not None and self._vectors.approximate is not None

    def remember(self, records: Sequence[Record]) -> None:
        """Keep all of them or none; returns when they are on the disk."""
        kept = admitted(records, self._known_dimension or self._wanted_dimension)
        if not kept:
            return
        self._write(lambda transaction: self._remember(transaction, kept))
        self._known_dimension = len(kept[0].record.embedding)

    def get(self, ids: Sequence[str]) -> list[Record]:
        """The records of these ids, in this order; unknown ids are left out."""
        with self._reading() as connection:
            found = {record.id: record for record in records_of(connection, ids)}
        return [found[record] for record in ids if record in found]

    def nearest(self, embedding: Sequence[float], most: int, which: Filter = EVERYTHING) -> list[Scored]:
        """The most similar by cosine, best first; ties by id. Sees what other processes had committed when it began."""
        cue, bounds = unit(embedding, self.dimension), bounds_of(which)
        vectors = self._refreshed()
        return [] if vectors is None else vectors.nearest(cue, most, which, bounds)

    def matching(self, text: str, most: int, which: Filter = EVERYTHING) -> list[Scored]:
        """Those whose text holds any of the words, best first."""
        question = asked(text)
        if not question or most <= 0:
            return []
        where, values = condition(which)
        with self._reading() as connection:
            if not self._full_text:
                return scan(connection, question, most, where, values)
            question = telling(question, lambda word: held_by(connection, word))
            rows = connection.execute(MATCHING.format(where=where), (either(question), *values, MOST_SCORED, most))
            return [Scored(*row) for row in rows]

    def oldest(self, most: int, which: Filter = EVERYTHING, before: Optional[dt.datetime] = None) -> list[Record]:
        """Records by age, oldest first."""
        where, values = condition(which, before)
        select = f"SELECT {COLUMNS} FROM records WHERE {where} ORDER BY created, id LIMIT ?"
        with self._reading() as connection:
            return [record_of(row) for row in connection.execute(select, (*values, max(most, 0)))]

    def counts(self) -> Counts:
        """Sizes; one row is read."""
        self._refuse_if_moved()
        with self._reading() as connection:
            tally = read_tally(connection)
        return Counts(tally.live, tally.cold, tally.folds)

    def fold(self, plan: FoldPlan, summary: Record, at: dt.datetime) -> Optional[Fold]:
        """In one transaction: fold the sources into the summary where all of them are live; None where one is not."""
        refuse_plan(plan, summary)
        fold = Fold(plan.key, summary.id, tuple(source.id for source in plan.sources), moment(microseconds(at)))

        def work(transaction: Transaction) -> Optional[Fold]:
            connection = transaction.connection
            standing = fold_of(connection, "key", plan.key)
            if standing is not None:
                return standing
            (kept,) = admitted([summary], transaction.tally.dimension)
            sources = rows_of(connection, "number, depth, folded_into", fold.sources)
            if len(sources) < len(fold.sources) or any(into is not None for _, _, into in sources):
                return None
            refuse_depth(summary, (depth for _, depth, _ in sources))
            if rows_of(connection, "number", [summary.id]):
                refuse_taken(summary.id)
            insert(transaction, [kept], self._full_text)
            stand(transaction, fold)
            return fold

        return self._write(work)

    def unfold(self, summary: str) -> Optional[Fold]:
        """In one transaction: undo the fold of this summary, None if there is none."""

        def work(transaction: Transaction) -> Optional[Fold]:
            fold = fold_of(transaction.connection, "summary", summary) if can_be([summary]) else None
            if fold is None:
                return None
            ((number, text, above),) = rows_of(transaction.connection, "number, text, folded_into", [summary])
            standing_above(summary, above)
            undo(transaction, fold, number, text, self._full_text)
            return fold

        return self._write(work)

    def withdraw(self, ids: Sequence[str]) -> list[str]:
        """In one transaction: take live records out of recall; the ids of those that were."""
        return self._write(lambda transaction: withdraw(transaction, ids))

    def restore(self, ids: Sequence[str]) -> list[str]:
        """In one transaction: bring back what was withdrawn; the ids of those that were."""
        return self._write(lambda transaction: restore(transaction, ids))

    def folds(self) -> list[Fold]:
        """Every fold that stands, oldest first."""
        with self._reading() as connection, snapshot(connection):
            sources: dict[str, list[str]] = {}
            for summary, source in connection.execute("SELECT summary, source FROM sources ORDER BY summary, place"):
                sources.setdefault(summary, []).append(source)
            rows = connection.execute("SELECT key, summary, at FROM folds ORDER BY at, key").fetchall()
        return [Fold(key, summary, tuple(sources[summary]), moment(at)) for key, summary, at in rows]

    def lineage(self, record: str) -> Lineage:
        """Both ways from a record."""
        if not can_be([record]):
            return Lineage((), None)
        with self._reading() as connection, snapshot(connection):
            above = rows_of(connection, "folded_into", [record])
            return Lineage(sources_of(connection, record), above[0][0] if above else None)

    def close(self) -> None:
        """Finish what waits to be written and let go of the file."""
        if not self._pool.own:
            return
        self._writer.close()
        self._pool.close()
        if self._vectors is not None:
            self._vectors.close()

    def _remember(self, transaction: Transaction, kept: Sequence[Kept]) -> None:
        tally = transaction.tally
        if tally.dimension and len(kept[0].record.embedding) != tally.dimension:
            raise RecordRefused(
                f"record {kept[0].record.id}: the embedding has {len(kept[0].record.embedding)} dimensions, "
                f"the store {tally.dimension}; use one embedder"
            )
        there = {record.id: record for record in records_of(transaction.connection, [one.record.id for one in kept])}
        for one in kept:
            if one.record.id in there:
                refuse_other(there[one.record.id], one.record)
        insert(transaction, [one for one in kept if one.record.id not in there], self._full_text)

    def _refreshed(self) -> Optional[Vectors]:
        """The vectors with all that is committed: records by their number, then what became of them by the journal."""
        with self._reading() as connection, self._refreshing, snapshot(connection):
            tally = read_tally(connection)
            read_to = (tally.last_record, tally.last_change)
            if read_to == self._read_to:
                return self._vectors
            vectors = self._vectors or Vectors(tally.dimension, self._approximate_from)
            # Where reading ends in the middle, the next search reads all of it again.
            since, self._vectors, self._read_to = self._read_to, None, (0, 0)
            with vectors.together():
                add_new(connection, vectors, since[0])
                follow(connection, vectors, since[1])
            self._vectors, self._read_to = vectors, read_to
            return vectors

    def _write(self, work: Callable[[Transaction], T]) -> T:
        self._pool.refuse()
        self._refuse_if_moved()
        return self._writer.write(work)

    def _found(self) -> Optional[tuple[int, int]]:
        try:
            status = os.stat(self._place)
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _refuse_if_moved(self) -> None:
        # SQLite goes on with the file that it has open; what is written there nobody would find again.
        if self._found() != self._opened:
            raise StoreFault(
                f"{self.path}: was moved, replaced or removed while it was open; put it back or open it anew"
            )

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._faults(), self._pool.connection() as connection:
            yield connection

    def _open_reader(self) -> sqlite3.Connection:
        connection = self._connect()
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._place, timeout=self._patience, isolation_level=None, check_same_thread=False)
        try:
            mode = _shared_log(connection, self._patience)
        except BaseException:
            connection.close()
            raise
        if mode != "wal":
            connection.close()
            raise StoreFault(f"{self.path}: its file system cannot share a log (WAL); put it on a local disk")
        return connection

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._fault(error) from error

    def _fault(self, error: BaseException) -> StoreFault:
        said = str(error)
        hint = next((hint for sign, hint in _HINTS.items() if sign in said), None)
        return StoreFault(f"{self.path}: {said}" + (f": {hint}" if hint else ""))


def _shared_log(connection: sqlite3.Connection, patience: float) -> str:
    # Several processes that make the file at once: SQLite does not wait here by itself.
    for left in range(int(patience * 100), -1, -1):
        try:
            return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or not left:
                raise
        time.sleep(0.01)
    raise AssertionError("not reached")
