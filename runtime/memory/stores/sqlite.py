"""Records in a SQLite file, shared by the processes of one machine: the embedded default.

What remember() and fold() have returned from is on the disk (WAL, synchronous=FULL). All threads of a process write
through one thread; readers have connections of their own and never wait for a writer.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3
import threading
import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, Callable, Optional, TypeVar, Union

from runtime.errors import ConfigurationFault, RecordRefused, StoreFault
from runtime.memory.record import EVERYTHING, Counts, Filter, Fold, FoldPlan, Lineage, Record, Scored
from runtime.memory.stores.admission import (
    Kept,
    admitted,
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
from runtime.memory.stores.sqlite_schema import prepare
from runtime.memory.stores.words import asked, scanned
from runtime.memory.vectors import APPROXIMATE_FROM, Row, Vectors, numpy_module

T = TypeVar("T")

_COLUMNS = "id, text, embedding, created, tags, lane, importance, depth, folded_into"
_INSERT = f"INSERT INTO records (number, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)"
_INSERT_WORDS = "INSERT INTO words (rowid, text) VALUES (?, ?)"
_DELETE_WORDS = "INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)"
_JOURNAL = "INSERT INTO journal (change, number, became) VALUES (?, ?, ?)"
_COLD, _LIVE, _REMOVED = "cold", "live", "removed"
# SQLite's default limit of parameters was 999 for long.
_MOST_PARAMETERS = 500
_ROWS_AT_ONCE = 10_000
_IDLE_READERS = 8
_CHECKPOINT_PAGES = 4000
_HINTS = {
    "full": "the disk is full; make room and remember again",
    "readonly": "this process may not write to it or to its folder; change who owns them",
    "unable to open": "the folder must exist and be writable",
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
        self._durable = durable
        self._patience = patience
        self._approximate_from = approximate_from
        self._wanted_dimension = dimension
        self._vectors: Optional[Vectors] = None
        self._read_to = (0, 0)
        self._refreshing = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._pool = threading.Lock()
        self._closed = False
        self._process = os.getpid()
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
        self._writer = Writer(connection, patience, self._fault)
        self.notes = () if self._full_text else ("SQLite has no FTS5: matching() reads every text",)

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
            found = {record.id: record for record in _records(connection, ids)}
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
        where, values = _condition(which)
        with self._reading() as connection:
            if not self._full_text:
                return _scan(connection, question, most, where, values)
            # In quotes, and of letters and digits only: nothing in it can be read as an operator.
            match = " OR ".join(f'"{word}"' for word in question)
            rows = connection.execute(
                f"SELECT id, -bm25(words) AS score FROM words JOIN records ON number = words.rowid "
                f"WHERE words MATCH ? AND {where} ORDER BY score DESC, id LIMIT ?",
                (match, *values, most),
            )
            return [Scored(*row) for row in rows]

    def oldest(self, most: int, which: Filter = EVERYTHING, before: Optional[dt.datetime] = None) -> list[Record]:
        """Records by age, oldest first."""
        where, values = _condition(which, before)
        select = f"SELECT {_COLUMNS} FROM records WHERE {where} ORDER BY created, id LIMIT ?"
        with self._reading() as connection:
            return [_record(row) for row in connection.execute(select, (*values, max(most, 0)))]

    def counts(self) -> Counts:
        """Sizes; one row is read."""
        with self._reading() as connection:
            tally = read_tally(connection)
        return Counts(tally.live, tally.cold, tally.folds)

    def fold(self, plan: FoldPlan, summary: Record, at: dt.datetime) -> Optional[Fold]:
        """In one transaction: fold the sources into the summary where all of them are live; None where one is not."""
        fold = Fold(plan.key, summary.id, tuple(source.id for source in plan.sources), moment(microseconds(at)))

        def work(transaction: Transaction) -> Optional[Fold]:
            connection = transaction.connection
            standing = _fold(connection, "key", plan.key)
            if standing is not None:
                return standing
            refuse_plan(plan, summary)
            (kept,) = admitted([summary], transaction.tally.dimension)
            sources = _rows(connection, "number, depth, folded_into", fold.sources)
            if len(sources) < len(fold.sources) or any(into is not None for _, _, into in sources):
                return None
            refuse_depth(summary, (depth for _, depth, _ in sources))
            if _rows(connection, "number", [summary.id]):
                refuse_taken(summary.id)
            self._insert(transaction, [kept])
            self._stand(transaction, fold)
            return fold

        return self._write(work)

    def unfold(self, summary: str) -> Optional[Fold]:
        """In one transaction: undo the fold of this summary, None if there is none."""

        def work(transaction: Transaction) -> Optional[Fold]:
            fold = _fold(transaction.connection, "summary", summary)
            if fold is None:
                return None
            ((number, text, above),) = _rows(transaction.connection, "number, text, folded_into", [summary])
            standing_above(summary, above)
            self._undo(transaction, fold, number, text)
            return fold

        return self._write(work)

    def folds(self) -> list[Fold]:
        """Every fold that stands, oldest first."""
        with self._reading() as connection, _snapshot(connection):
            sources: dict[str, list[str]] = {}
            for summary, source in connection.execute("SELECT summary, source FROM sources ORDER BY summary, place"):
                sources.setdefault(summary, []).append(source)
            rows = connection.execute("SELECT key, summary, at FROM folds ORDER BY at, key").fetchall()
        return [Fold(key, summary, tuple(sources[summary]), moment(at)) for key, summary, at in rows]

    def lineage(self, record: str) -> Lineage:
        """Both ways from a record."""
        with self._reading() as connection, _snapshot(connection):
            above = _rows(connection, "folded_into", [record])
            return Lineage(_sources(connection, record), above[0][0] if above else None)

    def close(self) -> None:
        """Finish what waits to be written and let go of the file."""
        if self._process != os.getpid():
            return
        self._writer.close()
        with self._pool:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        if self._vectors is not None:
            self._vectors.close()

    def _remember(self, transaction: Transaction, kept: Sequence[Kept]) -> None:
        tally = transaction.tally
        if tally.dimension and len(kept[0].record.embedding) != tally.dimension:
            raise RecordRefused(
                f"record {kept[0].record.id}: the embedding has {len(kept[0].record.embedding)} dimensions, "
                f"the store {tally.dimension}; use one embedder"
            )
        there = {record.id: record for record in _records(transaction.connection, [one.record.id for one in kept])}
        for one in kept:
            if one.record.id in there:
                refuse_other(there[one.record.id], one.record)
        self._insert(transaction, [one for one in kept if one.record.id not in there])

    def _insert(self, transaction: Transaction, kept: Sequence[Kept]) -> None:
        connection, tally = transaction
        if not kept:
            return
        first = tally.last_record + 1
        connection.executemany(_INSERT, (_values(number, one) for number, one in enumerate(kept, first)))
        if self._full_text:
            connection.executemany(_INSERT_WORDS, ((number, one.record.text) for number, one in enumerate(kept, first)))
        tally.dimension = len(kept[0].record.embedding)
        tally.last_record += len(kept)
        tally.live += len(kept)

    def _stand(self, transaction: Transaction, fold: Fold) -> None:
        connection, tally = transaction
        connection.execute("INSERT INTO folds VALUES (?, ?, ?)", (fold.key, fold.summary, microseconds(fold.at)))
        rows = ((source, fold.summary, place) for place, source in enumerate(fold.sources))
        connection.executemany("INSERT INTO sources VALUES (?, ?, ?)", rows)
        self._become(transaction, fold, _COLD)
        tally.live -= len(fold.sources)
        tally.cold += len(fold.sources)
        tally.folds += 1

    def _undo(self, transaction: Transaction, fold: Fold, number: int, text: str) -> None:
        connection, tally = transaction
        self._become(transaction, fold, _LIVE)
        connection.execute("DELETE FROM sources WHERE summary = ?", (fold.summary,))
        connection.execute("DELETE FROM folds WHERE key = ?", (fold.key,))
        if self._full_text:
            connection.execute(_DELETE_WORDS, (number, text))
        connection.execute("DELETE FROM records WHERE number = ?", (number,))
        tally.last_change += 1
        connection.execute(_JOURNAL, (tally.last_change, number, _REMOVED))
        tally.live += len(fold.sources) - 1
        tally.cold -= len(fold.sources)
        tally.folds -= 1

    def _become(self, transaction: Transaction, fold: Fold, became: str) -> None:
        connection, tally = transaction
        into = fold.summary if became == _COLD else None
        update = "UPDATE records SET folded_into = ? WHERE id = ?"
        connection.executemany(update, ((into, source) for source in fold.sources))
        numbers = [number for (number,) in _rows(connection, "number", fold.sources)]
        rows = ((change, number, became) for change, number in enumerate(numbers, tally.last_change + 1))
        connection.executemany(_JOURNAL, rows)
        tally.last_change += len(numbers)

    def _refreshed(self) -> Optional[Vectors]:
        """The vectors with all that is committed: records by their number, then what became of them by the journal."""
        with self._reading() as connection, self._refreshing, _snapshot(connection):
            tally = read_tally(connection)
            read_to = (tally.last_record, tally.last_change)
            if read_to == self._read_to:
                return self._vectors
            vectors = self._vectors or Vectors(tally.dimension, self._approximate_from)
            # Where reading ends in the middle, the next search reads all of it again.
            since, self._vectors, self._read_to = self._read_to, None, (0, 0)
            with vectors.together():
                _add_rows(connection, vectors, since[0])
                _follow(connection, vectors, since[1])
            self._vectors, self._read_to = vectors, read_to
            return vectors

    def _write(self, work: Callable[[Transaction], T]) -> T:
        self._refuse_other_process()
        return self._writer.write(work)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        self._refuse_other_process()
        with self._pool:
            if self._closed:
                raise self._fault(RuntimeError("it is closed"))
            connection = self._idle.pop() if self._idle else None
        with self._faults():
            if connection is None:
                connection = self._connect()
                connection.execute("PRAGMA query_only = ON")
            try:
                yield connection
            finally:
                with self._pool:
                    keep = not self._closed and len(self._idle) < _IDLE_READERS
                    if keep:
                        self._idle.append(connection)
                if not keep:
                    connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=self._patience, isolation_level=None, check_same_thread=False)
        try:
            mode = _shared_log(connection, self._patience)
        except BaseException:
            connection.close()
            raise
        if mode != "wal":
            connection.close()
            raise StoreFault(f"{self.path}: its file system cannot share a log (WAL); put it on a local disk")
        return connection

    def _refuse_other_process(self) -> None:
        if self._process != os.getpid():
            raise StoreFault(f"{self.path}: was opened before this process was forked; open it in this process")

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


@contextmanager
def _snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """Several reads of one state of the file."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _values(number: int, kept: Kept) -> tuple[Any, ...]:
    record = kept.record
    tags = _written(record.tags)
    return (
        number,
        record.id,
        record.text,
        kept.embedding,
        kept.created,
        tags,
        record.lane,
        record.importance,
        record.depth,
    )


def _written(tags: frozenset[str]) -> str:
    # A line each, as JSON, in which no line ends: so a tag is found by its line.
    return "".join(f"\n{json.dumps(tag)}\n" for tag in sorted(tags))


def _tags(written: str) -> frozenset[str]:
    return frozenset(json.loads(line) for line in written.split("\n") if line) if written else frozenset()


def _record(row: tuple[Any, ...]) -> Record:
    name, text, embedding, created, tags, lane, importance, depth, into = row
    values = tuple(array("f", embedding))
    return Record(name, text, values, moment(created), _tags(tags), lane, importance, depth, into)


def _rows(connection: sqlite3.Connection, columns: str, ids: Sequence[str]) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for start in range(0, len(ids), _MOST_PARAMETERS):
        some = ids[start : start + _MOST_PARAMETERS]
        marks = ", ".join("?" * len(some))
        rows += connection.execute(f"SELECT {columns} FROM records WHERE id IN ({marks})", tuple(some))
    return rows


def _records(connection: sqlite3.Connection, ids: Sequence[str]) -> list[Record]:
    return [_record(row) for row in _rows(connection, _COLUMNS, ids)]


def _sources(connection: sqlite3.Connection, summary: str) -> tuple[str, ...]:
    rows = connection.execute("SELECT source FROM sources WHERE summary = ? ORDER BY place", (summary,))
    return tuple(source for (source,) in rows)


def _fold(connection: sqlite3.Connection, column: str, value: str) -> Optional[Fold]:
    row = connection.execute(f"SELECT key, summary, at FROM folds WHERE {column} = ?", (value,)).fetchone()
    if row is None:
        return None
    key, summary, at = row
    return Fold(key, summary, _sources(connection, summary), moment(at))


def _add_rows(connection: sqlite3.Connection, vectors: Vectors, since: int) -> None:
    select = "SELECT number, id, embedding, created, tags, lane, folded_into FROM records WHERE number > ?"
    rows = connection.execute(f"{select} ORDER BY number", (since,))
    while True:
        some = rows.fetchmany(_ROWS_AT_ONCE)
        if not some:
            return
        vectors.add([_row(*row) for row in some])


def _row(number: int, name: str, embedding: bytes, created: int, tags: str, lane: str, into: Optional[str]) -> Row:
    return Row(number, name, embedding, created, _tags(tags), lane, into is not None)


def _follow(connection: sqlite3.Connection, vectors: Vectors, since: int) -> None:
    # In the order in which they came: what was folded may be live again.
    changes = connection.execute("SELECT number, became FROM journal WHERE change > ? ORDER BY change", (since,))
    for became, some in groupby(changes, key=lambda change: str(change[1])):
        numbers = [number for number, _ in some]
        if became == _REMOVED:
            vectors.remove(numbers)
        else:
            vectors.mark(numbers, cold=became == _COLD)


def _condition(which: Filter, before: Optional[dt.datetime] = None) -> tuple[str, tuple[Any, ...]]:
    bounds = bounds_of(which, before)
    terms: list[tuple[str, Any]] = [("instr(tags, ?)", f"\n{json.dumps(tag)}\n") for tag in sorted(which.tags)]
    if which.lane is not None:
        terms.append(("lane = ?", which.lane))
    if bounds.since is not None:
        terms.append(("created >= ?", bounds.since))
    if bounds.until is not None:
        terms.append(("created < ?", bounds.until))
    live = "1" if which.with_cold else "folded_into IS NULL"
    return " AND ".join([live, *(term for term, _ in terms)]), tuple(value for _, value in terms)


def _scan(
    connection: sqlite3.Connection, question: Sequence[str], most: int, where: str, values: tuple[Any, ...]
) -> list[Scored]:
    scores = scanned(question, connection.execute("SELECT number, text FROM records"))
    fitting = connection.execute(f"SELECT number, id FROM records WHERE {where}", values)
    found = [Scored(name, scores[number]) for number, name in fitting if number in scores]
    return sorted(found, key=lambda one: (-one.score, one.id))[:most]
