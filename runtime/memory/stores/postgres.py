"""Records in Postgres with pgvector, shared by services on several machines.

The server searches: what one service has committed, the next search of every other sees. Nothing is copied to the
services, so no order of commits can be missed. Up to APPROXIMATE_FROM live records the most similar are found by a look
at all of them, exactly; past it by pgvector's HNSW index, which finds nearly all of them (see postgres_index).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Callable, Optional, TypeVar

import psycopg
from psycopg import sql

from runtime.errors import ConfigurationFault, StoreFault
from runtime.memory.record import EVERYTHING, Counts, Filter, Fold, FoldPlan, Lineage, Record, Scored
from runtime.memory.stores.admission import (
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
from runtime.memory.stores.pool import Pool
from runtime.memory.stores.postgres_connection import Connection, Server, first_line
from runtime.memory.stores.postgres_index import APPROXIMATE_FROM, MOST, Index, approximately, exactly
from runtime.memory.stores.postgres_rows import (
    COLUMNS,
    LONGEST_WORD,
    MATCHING,
    agree,
    condition,
    count,
    dimension_of,
    either,
    fetch,
    fold_of,
    held_by,
    insert,
    record_of,
    records_of,
    restore,
    stand,
    undo,
    withdraw,
)
from runtime.memory.stores.postgres_schema import TABLES, VERSION
from runtime.memory.stores.words import MOST_SCORED, asked, telling

T = TypeVar("T")

_CONFLICTS = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
_TRIES = 5


class PostgresStore:
    """Opened by a connection string; all tables lie in `schema`, which is made.

    `durable=False` (synchronous_commit off) loses the last moments when the server's machine loses power. `patience` is
    how many seconds a connection may take. From `approximate_from` live records on the most similar are found by an
    index, which begins to be built when that many are first counted; with None never.
    """

    name = "postgres"

    def __init__(
        self,
        url: str,
        dimension: int = 0,
        *,
        schema: str = "memory",
        durable: bool = True,
        patience: float = 10.0,
        approximate_from: Optional[int] = APPROXIMATE_FROM,
    ) -> None:
        server = Server(url, schema, durable, patience)
        self._schema = schema
        self._dimension = dimension
        self._where = server.where
        self._pool: Pool[Connection] = Pool(server.connect, self._where)
        self.index = Index(server.connect, approximate_from)
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
            self._dimension = self._run(dimension_of)
        return self._dimension

    @property
    def approximate(self) -> bool:
        """Whether nearest() answers by an approximate index now."""
        return self.index.ready is not None

    def remember(self, records: Sequence[Record]) -> None:
        """Keep all of them or none; returns when the server has committed."""
        kept = admitted(records, self._dimension)
        if not kept:
            return

        def work(connection: Connection) -> None:
            agree(connection, kept[0])
            added = insert(connection, kept)
            if added < len(kept):
                offered = {one.record.id: one.record for one in kept}
                for record in records_of(connection, list(offered)):
                    refuse_other(record, offered[record.id])
            count(connection, added, 0, 0)

        self._run(work)
        self._dimension = len(kept[0].record.embedding)

    def get(self, ids: Sequence[str]) -> list[Record]:
        """The records of these ids, in this order; unknown ids are left out."""
        found = {record.id: record for record in self._run(lambda connection: records_of(connection, can_be(ids)))}
        return [found[record] for record in ids if record in found]

    def nearest(self, embedding: Sequence[float], most: int, which: Filter = EVERYTHING) -> list[Scored]:
        """The most similar by cosine, best first; ties by id. Exact, by the server, unless `approximate`.

        It is always exact with a filter, and for more than MOST.
        """
        cue, index = unit(embedding, self.dimension), self.index.ready
        if index is not None and which == EVERYTHING and most <= MOST:
            return self._run(lambda connection: approximately(connection, cue, most, index.breadth))
        where, values = condition(which)
        return self._run(lambda connection: exactly(connection, cue, most, where, values))

    def matching(self, text: str, most: int, which: Filter = EVERYTHING) -> list[Scored]:
        """Those whose text holds any of the words, best first."""
        question = [word for word in asked(text) if len(word) <= LONGEST_WORD]
        if not question or most <= 0:
            return []
        where, values = condition(which)

        def work(connection: Connection) -> list[Scored]:
            query = either(telling(question, lambda word: held_by(connection, word)))
            rows = fetch(connection, MATCHING.format(where=where), (query, query, *values, MOST_SCORED, most))
            return [Scored(*row) for row in rows]

        return self._run(work)

    def oldest(self, most: int, which: Filter = EVERYTHING, before: Optional[dt.datetime] = None) -> list[Record]:
        """Records by age, oldest first."""
        where, values = condition(which, before)
        select = f"SELECT {COLUMNS} FROM records WHERE {where} ORDER BY created, id LIMIT %s"
        return [record_of(row) for row in self._rows(select, (*values, max(most, 0)))]

    def counts(self) -> Counts:
        """Sizes; a few rows are read."""
        select = "SELECT sum(live)::bigint, sum(cold)::bigint, sum(folds)::bigint FROM tallies"
        counts = Counts(*self._rows(select, ())[0])
        self.index.consider(counts.live, self._dimension)
        return counts

    def fold(self, plan: FoldPlan, summary: Record, at: dt.datetime) -> Optional[Fold]:
        """In one transaction: fold the sources into the summary where all of them are live; None where one is not."""
        refuse_plan(plan, summary)
        fold = Fold(plan.key, summary.id, tuple(source.id for source in plan.sources), moment(microseconds(at)))

        def work(connection: Connection) -> Optional[Fold]:
            standing = fold_of(connection, "key", plan.key)
            if standing is not None:
                return standing
            (kept,) = admitted([summary], self.dimension)
            # Locked in one order, whoever folds: of two that overlap one waits, and then finds them folded.
            locked = "SELECT depth FROM records WHERE id = ANY(%s) AND folded_into IS NULL ORDER BY id FOR UPDATE"
            depths = [depth for (depth,) in fetch(connection, locked, (can_be(fold.sources),))]
            if len(depths) < len(fold.sources):
                return fold_of(connection, "key", plan.key)
            refuse_depth(summary, depths)
            if not insert(connection, [kept]):
                refuse_taken(summary.id)
            stand(connection, fold)
            return fold

        return self._run(work)

    def unfold(self, summary: str) -> Optional[Fold]:
        """In one transaction: undo the fold of this summary, None if there is none."""

        def work(connection: Connection) -> Optional[Fold]:
            fold = fold_of(connection, "summary", summary)
            above = fetch(connection, "SELECT folded_into FROM records WHERE id = %s FOR UPDATE", (summary,))
            # Read again, now that the summary is locked: another process may have undone it.
            if fold is None or not above or fold_of(connection, "summary", summary) is None:
                return None
            standing_above(summary, above[0][0])
            undo(connection, fold)
            return fold

        return self._run(work, again=_CONFLICTS) if can_be([summary]) else None

    def withdraw(self, ids: Sequence[str]) -> list[str]:
        """In one transaction: take live records out of recall; the ids of those that were."""
        return self._run(lambda connection: withdraw(connection, ids), again=_CONFLICTS)

    def restore(self, ids: Sequence[str]) -> list[str]:
        """In one transaction: bring back what was withdrawn; the ids of those that were."""
        return self._run(lambda connection: restore(connection, ids), again=_CONFLICTS)

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
            self.index.close()
            self._pool.close()

    def _prepare(self, connection: Connection) -> int:
        # Several services that start at once make the tables one after the other.
        connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (f"memory {self._schema}",))
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(self._schema)))
        if connection.execute("SELECT to_regclass(%s)", (f'"{self._schema}".state',)).fetchone() != (None,):
            (version,) = fetch(connection, "SELECT version FROM state", ())[0]
            if version != VERSION:
                raise StoreFault(
                    f"{self._where}: the tables in schema {self._schema} are of version {version}, this release reads "
                    f"version {VERSION}; open it with the release that wrote it, or name another schema"
                )
        connection.execute(TABLES)
        return dimension_of(connection)

    def wait_for_approximate(self) -> None:
        """Until the index that is being built in the background is built."""
        self.index.wait()

    def _rows(self, select: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._run(lambda connection: fetch(connection, select, values))

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
                    raise StoreFault(f"{self._where}: {first_line(error)}") from error
                if not isinstance(error, _CONFLICTS):
                    self._pool.forget_idle()
        raise AssertionError("not reached")
