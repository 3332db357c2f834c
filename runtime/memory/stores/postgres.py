"""Records in Postgres with pgvector, shared by services on several machines.

The server searches: what one service has committed, the next search of every other sees. Nothing is copied to the
services, so no order of commits can be missed.
"""

from __future__ import annotations

import datetime as dt
import sys
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Callable, Optional, TypeVar

import psycopg
from psycopg import sql
from psycopg.adapt import Buffer, Dumper, Loader
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Format
from psycopg.types import TypeInfo

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
from runtime.memory.stores.fitting import asks_the_impossible, bounds_of
from runtime.memory.stores.pool import Pool
from runtime.memory.stores.postgres_schema import TABLES, TALLIES, VERSION
from runtime.memory.stores.words import COMMON, MOST_SCORED, asked, telling, words

T = TypeVar("T")
Connection = psycopg.Connection[tuple[Any, ...]]

_COLUMNS = "id, text, embedding, created, tags, lane, importance, depth, folded_into"
_INSERT = f"INSERT INTO records ({_COLUMNS}, words) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, NULL, %s::tsvector)"
_TALLY = "UPDATE tallies SET live = live + %s, cold = cold + %s, folds = folds + %s WHERE slot = pg_backend_pid() %% %s"
_MATCHING = """
SELECT id, ts_rank(words, %s::tsquery, 1) AS score FROM (
    SELECT id, words FROM records WHERE words @@ %s::tsquery AND {where} ORDER BY id DESC LIMIT %s
) AS newest ORDER BY score DESC, id LIMIT %s
"""
_HELD_BY = "SELECT count(*) FROM (SELECT 1 FROM records WHERE words @@ %s::tsquery LIMIT %s) AS found"
_CONFLICTS = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
_TRIES = 5
# What a tsvector takes: lexemes of less than 2 KiB, 256 places each, none above this.
_LONGEST_WORD, _MOST_PLACES, _LAST_PLACE = 500, 256, 16_383


class PostgresStore:
    """Opened by a connection string; all tables lie in `schema`, which is made.

    `durable=False` (synchronous_commit off) loses the last moments when the server's machine loses power.
    """

    name = "postgres"
    approximate = False

    def __init__(
        self, url: str, dimension: int = 0, *, schema: str = "memory", durable: bool = True, patience: float = 10.0
    ) -> None:
        self._url = url
        self._schema = schema
        self._durable = durable
        self._patience = patience
        self._dimension = dimension
        self._where = _shown(url)
        self._pool: Pool[Connection] = Pool(self._connect, self._where)
        try:
            known = self._run(self._prepare)
            if dimension and known and known != dimension:
                raise ConfigurationFault(f"{self._where} holds embeddings of {known} dimensions, not {dimension}")
        except BaseException:
            self._pool.close()
            raise
        self._dimension = known or dimension

    @property
    def dimension(self) -> int:
        """Of every embedding; 0 until the first record decides."""
        if not self._dimension:
            self._dimension = self._run(_dimension)
        return self._dimension

    def remember(self, records: Sequence[Record]) -> None:
        """Keep all of them or none; returns when the server has committed."""
        kept = admitted(records, self._dimension)
        if not kept:
            return

        def work(connection: Connection) -> None:
            _agree(connection, kept[0])
            added = _insert(connection, kept)
            if added < len(kept):
                offered = {one.record.id: one.record for one in kept}
                for record in _records(connection, list(offered)):
                    refuse_other(record, offered[record.id])
            _count(connection, added, 0, 0)

        self._run(work)
        self._dimension = len(kept[0].record.embedding)

    def get(self, ids: Sequence[str]) -> list[Record]:
        """The records of these ids, in this order; unknown ids are left out."""
        found = {record.id: record for record in self._run(lambda connection: _records(connection, can_be(ids)))}
        return [found[record] for record in ids if record in found]

    def nearest(self, embedding: Sequence[float], most: int, which: Filter = EVERYTHING) -> list[Scored]:
        """The most similar by cosine, best first; ties by id. Exact, by the server."""
        cue = _Embedding(unit(embedding, self.dimension))
        where, values = _condition(which)
        select = f"SELECT id, embedding <#> %s AS far FROM records WHERE {where} ORDER BY far, id LIMIT %s"
        return [Scored(name, -far) for name, far in self._rows(select, (cue, *values, max(most, 0)))]

    def matching(self, text: str, most: int, which: Filter = EVERYTHING) -> list[Scored]:
        """Those whose text holds any of the words, best first."""
        question = [word for word in asked(text) if len(word) <= _LONGEST_WORD]
        if not question or most <= 0:
            return []
        where, values = _condition(which)

        def work(connection: Connection) -> list[Scored]:
            either = _either(telling(question, lambda word: _held_by(connection, word)))
            rows = _fetch(connection, _MATCHING.format(where=where), (either, either, *values, MOST_SCORED, most))
            return [Scored(*row) for row in rows]

        return self._run(work)

    def oldest(self, most: int, which: Filter = EVERYTHING, before: Optional[dt.datetime] = None) -> list[Record]:
        """Records by age, oldest first."""
        where, values = _condition(which, before)
        select = f"SELECT {_COLUMNS} FROM records WHERE {where} ORDER BY created, id LIMIT %s"
        return [_record(row) for row in self._rows(select, (*values, max(most, 0)))]

    def counts(self) -> Counts:
        """Sizes; a few rows are read."""
        select = "SELECT sum(live)::bigint, sum(cold)::bigint, sum(folds)::bigint FROM tallies"
        return Counts(*self._rows(select, ())[0])

    def fold(self, plan: FoldPlan, summary: Record, at: dt.datetime) -> Optional[Fold]:
        """In one transaction: fold the sources into the summary where all of them are live; None where one is not."""
        refuse_plan(plan, summary)
        fold = Fold(plan.key, summary.id, tuple(source.id for source in plan.sources), moment(microseconds(at)))

        def work(connection: Connection) -> Optional[Fold]:
            standing = _fold(connection, "key", plan.key)
            if standing is not None:
                return standing
            (kept,) = admitted([summary], self.dimension)
            # Locked in one order, whoever folds: of two that overlap one waits, and then finds them folded.
            locked = "SELECT depth FROM records WHERE id = ANY(%s) AND folded_into IS NULL ORDER BY id FOR UPDATE"
            depths = [depth for (depth,) in _fetch(connection, locked, (can_be(fold.sources),))]
            if len(depths) < len(fold.sources):
                return _fold(connection, "key", plan.key)
            refuse_depth(summary, depths)
            if not _insert(connection, [kept]):
                refuse_taken(summary.id)
            _stand(connection, fold)
            return fold

        return self._run(work)

    def unfold(self, summary: str) -> Optional[Fold]:
        """In one transaction: undo the fold of this summary, None if there is none."""

        def work(connection: Connection) -> Optional[Fold]:
            fold = _fold(connection, "summary", summary)
            above = _fetch(connection, "SELECT folded_into FROM records WHERE id = %s FOR UPDATE", (summary,))
            # Read again, now that the summary is locked: another process may have undone it.
            if fold is None or not above or _fold(connection, "summary", summary) is None:
                return None
            standing_above(summary, above[0][0])
            _undo(connection, fold)
            return fold

        return self._run(work, again=_CONFLICTS) if can_be([summary]) else None

    def folds(self) -> list[Fold]:
        """Every fold that stands, oldest first."""
        select = (
            "SELECT key, summary, at, (SELECT array_agg(source ORDER BY place) FROM sources "
            "WHERE sources.summary = folds.summary) FROM folds ORDER BY at, key"
        )
        return [Fold(key, made, tuple(sources), moment(at)) for key, made, at, sources in self._rows(select, ())]

    def lineage(self, record: str) -> Lineage:
        """Both ways from a record."""
        select = (
            "SELECT (SELECT array_agg(source ORDER BY place) FROM sources WHERE summary = %s), "
            "(SELECT folded_into FROM records WHERE id = %s)"
        )
        if not can_be([record]):
            return Lineage((), None)
        ((sources, above),) = self._rows(select, (record, record))
        return Lineage(tuple(sources or ()), above)

    def close(self) -> None:
        """Let go of the server."""
        if self._pool.own:
            self._pool.close()

    def _connect(self) -> Connection:
        try:
            connection = psycopg.connect(self._url, autocommit=True, connect_timeout=max(2, int(self._patience)))
        except psycopg.Error as error:
            raise StoreFault(f"{self._where}: cannot connect: {_first_line(error)}") from error
        try:
            self._make_ready(connection)
        except BaseException as error:
            connection.close()
            if isinstance(error, psycopg.Error):
                raise StoreFault(f"{self._where}: {_first_line(error)}") from error
            raise
        return connection

    def _make_ready(self, connection: Connection) -> None:
        if connection.info.parameter_status("server_encoding") != "UTF8":
            raise StoreFault(f"{self._where}: the database is not in UTF-8; make one with ENCODING 'UTF8'")
        extension = "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'vector'"
        there = connection.execute(extension).fetchone()
        if there is None:
            _install_extension(connection, self._where)
            there = connection.execute(extension).fetchone()
        assert there is not None, "it was installed just now"
        # The schema first, so that no table of the same name elsewhere is taken for ours.
        path = [self._schema, there[0], "public"]
        connection.execute(sql.SQL("SET search_path TO {}").format(sql.SQL(", ").join(map(sql.Identifier, path))))
        connection.execute(f"SET synchronous_commit TO {'on' if self._durable else 'off'}")
        connection.execute("SET jit TO off")
        _register(connection)

    def _prepare(self, connection: Connection) -> int:
        # Several services that start at once make the tables one after the other.
        connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (f"memory {self._schema}",))
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(self._schema)))
        if connection.execute("SELECT to_regclass(%s)", (f'"{self._schema}".state',)).fetchone() != (None,):
            (version,) = _fetch(connection, "SELECT version FROM state", ())[0]
            if version != VERSION:
                raise StoreFault(
                    f"{self._where}: the tables in schema {self._schema} are of version {version}, this release reads "
                    f"version {VERSION}; open it with the release that wrote it, or name another schema"
                )
        connection.execute(TABLES)
        return _dimension(connection)

    def _rows(self, select: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._run(lambda connection: _fetch(connection, select, values))

    def _run(
        self, work: Callable[[Connection], T], again: tuple[type[Exception], ...] = (psycopg.OperationalError,)
    ) -> T:
        """One transaction. It is tried again after a conflict, and where a connection turns out to be broken."""
        for left in reversed(range(_TRIES)):
            try:
                with self._pool.connection() as connection, connection.transaction():
                    return work(connection)
            except psycopg.Error as error:
                if not left or not isinstance(error, again):
                    raise StoreFault(f"{self._where}: {_first_line(error)}") from error
                if not isinstance(error, _CONFLICTS):
                    self._pool.forget_idle()
        raise AssertionError("not reached")


class _Embedding:
    """Bytes of 32-bit floats in the machine's order, to be sent as a vector."""

    __slots__ = ("values",)

    def __init__(self, values: bytes) -> None:
        self.values = values


def _turned(values: bytes) -> bytes:
    """Into the order of bytes of the network, or back."""
    numbers = array("f", values)
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers.tobytes()


class _Dumps(Dumper):
    format = Format.BINARY

    def dump(self, obj: _Embedding) -> Buffer:
        return (len(obj.values) // 4).to_bytes(2, "big") + b"\0\0" + _turned(obj.values)


class _Loads(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> bytes:
        return _turned(bytes(data)[4:])


def _register(connection: Connection) -> None:
    info = TypeInfo.fetch(connection, "vector")
    assert info is not None, "the extension is there"
    connection.adapters.register_dumper(_Embedding, type("_VectorDumps", (_Dumps,), {"oid": info.oid}))
    connection.adapters.register_loader(info.oid, _Loads)


def _install_extension(connection: Connection, where: str) -> None:
    try:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    except psycopg.errors.UniqueViolation:
        return  # another service was faster
    except psycopg.Error as error:
        said = _first_line(error)
        raise StoreFault(
            f"{where}: no pgvector ({said}); install it, and have an administrator run CREATE EXTENSION vector"
        ) from error


def _shown(url: str) -> str:
    """Where it is, without the password."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error as error:
        raise ConfigurationFault("not a connection string of Postgres: postgresql://user@host/database") from error
    port = f":{parts['port']}" if "port" in parts else ""
    return f"postgres at {parts.get('host', 'localhost')}{port}/{parts.get('dbname', '')}"


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _fetch(connection: Connection, select: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor(binary=True) as cursor:
        return cursor.execute(select.encode(), values).fetchall()


def _dimension(connection: Connection) -> int:
    return int(_fetch(connection, "SELECT dimension FROM state", ())[0][0])


def _agree(connection: Connection, first: Kept) -> None:
    """The first record of all decides the dimension; RecordRefused where another was decided."""
    own = len(first.record.embedding)
    known = _dimension(connection)
    if not known:
        connection.execute("UPDATE state SET dimension = %s WHERE dimension = 0", (own,))
        known = _dimension(connection)
    if known != own:
        raise RecordRefused(
            f"record {first.record.id}: the embedding has {own} dimensions, the store {known}; use one embedder"
        )


def _insert(connection: Connection, kept: Sequence[Kept]) -> int:
    """How many were not there. In the order of ids, so that two batches with common ones do not wait for each other."""
    rows = [_values(one) for one in sorted(kept, key=lambda one: one.record.id)]
    with connection.cursor() as cursor:
        cursor.executemany(f"{_INSERT} ON CONFLICT (id) DO NOTHING".encode(), rows)
        return cursor.rowcount


def _values(one: Kept) -> tuple[Any, ...]:
    record = one.record
    read = _tsvector(record.text)
    tags, embedding = sorted(record.tags), _Embedding(one.embedding)
    return record.id, record.text, embedding, one.created, tags, record.lane, record.importance, record.depth, read


def _tsvector(text: str) -> str:
    places: dict[str, list[str]] = defaultdict(list)
    for place, word in enumerate(words(text), 1):
        if len(word) <= _LONGEST_WORD and len(places[word]) < _MOST_PLACES:
            places[word].append(str(min(place, _LAST_PLACE)))
    return " ".join(f"'{word}':{','.join(where)}" for word, where in places.items())


def _either(question: Sequence[str]) -> str:
    # Of letters and digits only, and in quotes: nothing in it can be read as an operator.
    return " | ".join(f"'{word}'" for word in question)


def _held_by(connection: Connection, word: str) -> int:
    return int(_fetch(connection, _HELD_BY, (_either([word]), COMMON + 1))[0][0])


def _count(connection: Connection, live: int, cold: int, folds: int) -> None:
    connection.execute(_TALLY, (live, cold, folds, TALLIES))


def _record(row: tuple[Any, ...]) -> Record:
    name, text, embedding, created, tags, lane, importance, depth, into = row
    values = tuple(array("f", embedding))
    return Record(name, text, values, moment(created), frozenset(tags), lane, importance, depth, into)


def _records(connection: Connection, ids: Iterable[str]) -> list[Record]:
    select = f"SELECT {_COLUMNS} FROM records WHERE id = ANY(%s)"
    return [_record(row) for row in _fetch(connection, select, (list(ids),))]


def _fold(connection: Connection, column: str, value: str) -> Optional[Fold]:
    rows = _fetch(connection, f"SELECT key, summary, at FROM folds WHERE {column} = %s", (value,))
    if not rows:
        return None
    key, summary, at = rows[0]
    sources = _fetch(connection, "SELECT source FROM sources WHERE summary = %s ORDER BY place", (summary,))
    return Fold(key, summary, tuple(source for (source,) in sources), moment(at))


def _stand(connection: Connection, fold: Fold) -> None:
    sources = list(fold.sources)
    connection.execute("INSERT INTO folds VALUES (%s, %s, %s)", (fold.key, fold.summary, microseconds(fold.at)))
    numbered = (
        "INSERT INTO sources SELECT source, %s, place FROM unnest(%s::text[]) WITH ORDINALITY AS s (source, place)"
    )
    connection.execute(numbered, (fold.summary, sources))
    connection.execute("UPDATE records SET folded_into = %s WHERE id = ANY(%s)", (fold.summary, sources))
    _count(connection, 1 - len(sources), len(sources), 1)


def _undo(connection: Connection, fold: Fold) -> None:
    connection.execute("DELETE FROM folds WHERE key = %s", (fold.key,))
    connection.execute("DELETE FROM sources WHERE summary = %s", (fold.summary,))
    connection.execute("UPDATE records SET folded_into = NULL WHERE id = ANY(%s)", (list(fold.sources),))
    connection.execute("DELETE FROM records WHERE id = %s", (fold.summary,))
    _count(connection, len(fold.sources) - 1, -len(fold.sources), -1)


def _condition(which: Filter, before: Optional[dt.datetime] = None) -> tuple[str, tuple[Any, ...]]:
    bounds = bounds_of(which, before)
    if asks_the_impossible(which):
        return "false", ()
    terms: list[tuple[str, Any]] = []
    if which.tags:
        terms.append(("tags @> %s", sorted(which.tags)))
    if which.lane is not None:
        terms.append(("lane = %s", which.lane))
    if bounds.since is not None:
        terms.append(("created >= %s", bounds.since))
    if bounds.until is not None:
        terms.append(("created < %s", bounds.until))
    live = "true" if which.with_cold else "folded_into IS NULL"
    return " AND ".join([live, *(term for term, _ in terms)]), tuple(value for _, value in terms)
