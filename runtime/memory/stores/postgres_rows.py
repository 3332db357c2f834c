"""Records and folds as rows in Postgres: each statement on one connection, inside the caller's transaction."""

from __future__ import annotations

import datetime as dt
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Optional

from runtime.errors import RecordRefused
from runtime.memory.record import WITHDRAWN, Filter, Fold, Record
from runtime.memory.stores.admission import Kept, can_be, microseconds, moment, refuse_summaries
from runtime.memory.stores.fitting import asks_the_impossible, bounds_of
from runtime.memory.stores.postgres_connection import Connection
from runtime.memory.stores.postgres_schema import TALLIES
from runtime.memory.stores.postgres_vector import Embedding
from runtime.memory.stores.words import COMMON, words

COLUMNS = "id, text, embedding, created, tags, lane, importance, depth, folded_into"
MATCHING = """
SELECT id, ts_rank(words, %s::tsquery, 1) AS score FROM (
    SELECT id, words FROM records WHERE words @@ %s::tsquery AND {where} ORDER BY id DESC LIMIT %s
) AS newest ORDER BY score DESC, id LIMIT %s
"""
# What a tsvector takes: lexemes of less than 2 KiB, 256 places each, none above this.
LONGEST_WORD = 500
_MOST_PLACES, _LAST_PLACE = 256, 16_383
_INSERT = f"INSERT INTO records ({COLUMNS}, words) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, NULL, %s::tsvector)"
_TALLY = "UPDATE tallies SET live = live + %s, cold = cold + %s, folds = folds + %s WHERE slot = pg_backend_pid() %% %s"
_HELD_BY = "SELECT count(*) FROM (SELECT 1 FROM records WHERE words @@ %s::tsquery LIMIT %s) AS found"
_BECOME = "UPDATE records SET folded_into = %s WHERE id = ANY(%s)"


def fetch(connection: Connection, select: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """All rows, read in binary."""
    with connection.cursor(binary=True) as cursor:
        return cursor.execute(select.encode(), values).fetchall()


def dimension_of(connection: Connection) -> int:
    """Of every embedding; 0 until the first record decides."""
    return int(fetch(connection, "SELECT dimension FROM state", ())[0][0])


def agree(connection: Connection, first: Kept) -> None:
    """The first record of all decides the dimension; RecordRefused where another was decided."""
    own = len(first.record.embedding)
    known = dimension_of(connection)
    if not known:
        connection.execute("UPDATE state SET dimension = %s WHERE dimension = 0", (own,))
        known = dimension_of(connection)
    if known != own:
        raise RecordRefused(
            f"record {first.record.id}: the embedding has {own} dimensions, the store {known}; use one embedder"
        )


def insert(connection: Connection, kept: Sequence[Kept]) -> int:
    """How many were not there. In the order of ids, so that two batches with common ones do not wait for each other."""
    rows = [_values(one) for one in sorted(kept, key=lambda one: one.record.id)]
    with connection.cursor() as cursor:
        cursor.executemany(f"{_INSERT} ON CONFLICT (id) DO NOTHING".encode(), rows)
        return cursor.rowcount


def _values(one: Kept) -> tuple[Any, ...]:
    record = one.record
    read = _tsvector(record.text)
    tags, embedding = sorted(record.tags), Embedding(one.embedding)
    return record.id, record.text, embedding, one.created, tags, record.lane, record.importance, record.depth, read


def _tsvector(text: str) -> str:
    places: dict[str, list[str]] = defaultdict(list)
    for place, word in enumerate(words(text), 1):
        if len(word) <= LONGEST_WORD and len(places[word]) < _MOST_PLACES:
            places[word].append(str(min(place, _LAST_PLACE)))
    return " ".join(f"'{word}':{','.join(where)}" for word, where in places.items())


def either(question: Sequence[str]) -> str:
    """Any of these words, as a tsquery."""
    # Of letters and digits only, and in quotes: nothing in it can be read as an operator.
    return " | ".join(f"'{word}'" for word in question)


def held_by(connection: Connection, word: str) -> int:
    """How many texts hold the word, counted no further than needed."""
    return int(fetch(connection, _HELD_BY, (either([word]), COMMON + 1))[0][0])


def count(connection: Connection, live: int, cold: int, folds: int) -> None:
    """Add to the sizes."""
    connection.execute(_TALLY, (live, cold, folds, TALLIES))


def record_of(row: tuple[Any, ...]) -> Record:
    """From COLUMNS."""
    name, text, embedding, created, tags, lane, importance, depth, into = row
    values = tuple(array("f", embedding))
    return Record(name, text, values, moment(created), frozenset(tags), lane, importance, depth, into)


def records_of(connection: Connection, ids: Iterable[str]) -> list[Record]:
    """The records of these ids, in no order."""
    select = f"SELECT {COLUMNS} FROM records WHERE id = ANY(%s)"
    return [record_of(row) for row in fetch(connection, select, (list(ids),))]


def fold_of(connection: Connection, column: str, value: str) -> Optional[Fold]:
    """The fold of this key or this summary, where one stands."""
    rows = fetch(connection, f"SELECT key, summary, at FROM folds WHERE {column} = %s", (value,))
    if not rows:
        return None
    key, summary, at = rows[0]
    sources = fetch(connection, "SELECT source FROM sources WHERE summary = %s ORDER BY place", (summary,))
    return Fold(key, summary, tuple(source for (source,) in sources), moment(at))


def stand(connection: Connection, fold: Fold) -> None:
    """Let a fold stand whose summary is there."""
    sources = list(fold.sources)
    connection.execute("INSERT INTO folds VALUES (%s, %s, %s)", (fold.key, fold.summary, microseconds(fold.at)))
    numbered = (
        "INSERT INTO sources SELECT source, %s, place FROM unnest(%s::text[]) WITH ORDINALITY AS s (source, place)"
    )
    connection.execute(numbered, (fold.summary, sources))
    connection.execute(_BECOME, (fold.summary, sources))
    count(connection, 1 - len(sources), len(sources), 1)


def undo(connection: Connection, fold: Fold) -> None:
    """Bring the sources of a fold back to life, and take out its summary."""
    connection.execute("DELETE FROM folds WHERE key = %s", (fold.key,))
    connection.execute("DELETE FROM sources WHERE summary = %s", (fold.summary,))
    connection.execute(_BECOME, (None, list(fold.sources)))
    connection.execute("DELETE FROM records WHERE id = %s", (fold.summary,))
    count(connection, len(fold.sources) - 1, -len(fold.sources), -1)


def withdraw(connection: Connection, ids: Sequence[str]) -> list[str]:
    """Those of these ids that were live, and are withdrawn now."""
    depths = dict(_locked(connection, ids, "folded_into IS NULL", ()))
    refuse_summaries(depths.items())
    connection.execute(_BECOME, (WITHDRAWN, list(depths)))
    count(connection, -len(depths), len(depths), 0)
    return [one for one in dict.fromkeys(ids) if one in depths]


def restore(connection: Connection, ids: Sequence[str]) -> list[str]:
    """Those of these ids that were withdrawn, and are live again."""
    depths = dict(_locked(connection, ids, "folded_into = %s", (WITHDRAWN,)))
    connection.execute(_BECOME, (None, list(depths)))
    count(connection, len(depths), -len(depths), 0)
    return [one for one in dict.fromkeys(ids) if one in depths]


def _locked(connection: Connection, ids: Sequence[str], where: str, values: Sequence[str]) -> list[tuple[str, int]]:
    # In one order, whoever locks: of two that overlap one waits, and then finds what the other made of them.
    select = f"SELECT id, depth FROM records WHERE id = ANY(%s) AND {where} ORDER BY id FOR UPDATE"
    return [(name, depth) for name, depth in fetch(connection, select, (can_be(ids), *values))]


def condition(which: Filter, before: Optional[dt.datetime] = None) -> tuple[str, tuple[Any, ...]]:
    """A filter in SQL, and its values."""
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
