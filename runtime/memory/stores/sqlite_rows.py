"""Records as rows of the SQLite file, and filters as conditions on them."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any, Optional

from runtime.memory.record import Filter, Fold, Record, Scored
from runtime.memory.stores.admission import Kept, can_be, moment
from runtime.memory.stores.fitting import asks_the_impossible, bounds_of
from runtime.memory.stores.words import COMMON, scanned
from runtime.memory.vectors import Row, Vectors

COLUMNS = "id, text, embedding, created, tags, lane, importance, depth, folded_into"
COLD, LIVE, REMOVED = "cold", "live", "removed"
MATCHING = """
SELECT id, score FROM (
    SELECT records.id AS id, -bm25(words) AS score FROM words CROSS JOIN records ON number = words.rowid
    WHERE words MATCH ? AND {where} ORDER BY words.rowid DESC LIMIT ?
) ORDER BY score DESC, id LIMIT ?
"""
_HELD_BY = "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)"
# SQLite's default limit of parameters was 999 for long.
_MOST_PARAMETERS = 500
_ROWS_AT_ONCE = 10_000


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """Several reads of one state of the file."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def values_of(number: int, kept: Kept) -> tuple[Any, ...]:
    """In the order of the INSERT: the number, then COLUMNS without the last."""
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


def record_of(row: tuple[Any, ...]) -> Record:
    """From COLUMNS."""
    name, text, embedding, created, tags, lane, importance, depth, into = row
    values = tuple(array("f", embedding))
    return Record(name, text, values, moment(created), _tags(tags), lane, importance, depth, into)


def rows_of(connection: sqlite3.Connection, columns: str, ids: Sequence[str]) -> list[tuple[Any, ...]]:
    """Columns of the records of these ids, in no order."""
    rows: list[tuple[Any, ...]] = []
    ids = can_be(ids)
    for start in range(0, len(ids), _MOST_PARAMETERS):
        some = ids[start : start + _MOST_PARAMETERS]
        marks = ", ".join("?" * len(some))
        rows += connection.execute(f"SELECT {columns} FROM records WHERE id IN ({marks})", tuple(some))
    return rows


def records_of(connection: sqlite3.Connection, ids: Sequence[str]) -> list[Record]:
    """The records of these ids, in no order."""
    return [record_of(row) for row in rows_of(connection, COLUMNS, ids)]


def sources_of(connection: sqlite3.Connection, summary: str) -> tuple[str, ...]:
    """What a summary was made of, in the order of its plan."""
    rows = connection.execute("SELECT source FROM sources WHERE summary = ? ORDER BY place", (summary,))
    return tuple(source for (source,) in rows)


def fold_of(connection: sqlite3.Connection, column: str, value: str) -> Optional[Fold]:
    """The fold of this key or this summary, where one stands."""
    row = connection.execute(f"SELECT key, summary, at FROM folds WHERE {column} = ?", (value,)).fetchone()
    if row is None:
        return None
    key, summary, at = row
    return Fold(key, summary, sources_of(connection, summary), moment(at))


def add_new(connection: sqlite3.Connection, vectors: Vectors, since: int) -> None:
    """Bring the records with a number above `since` into the vectors."""
    select = "SELECT number, id, embedding, created, tags, lane, folded_into FROM records WHERE number > ?"
    rows = connection.execute(f"{select} ORDER BY number", (since,))
    while True:
        some = rows.fetchmany(_ROWS_AT_ONCE)
        if not some:
            return
        vectors.add([_row(*row) for row in some])


def _row(number: int, name: str, embedding: bytes, created: int, tags: str, lane: str, into: Optional[str]) -> Row:
    return Row(number, name, embedding, created, _tags(tags), lane, into is not None)


def follow(connection: sqlite3.Connection, vectors: Vectors, since: int) -> None:
    """Bring what became of records since that change into the vectors."""
    # In the order in which they came: what was folded may be live again.
    changes = connection.execute("SELECT number, became FROM journal WHERE change > ? ORDER BY change", (since,))
    for became, some in groupby(changes, key=lambda change: str(change[1])):
        numbers = [number for number, _ in some]
        if became == REMOVED:
            vectors.remove(numbers)
        else:
            vectors.mark(numbers, cold=became == COLD)


def condition(which: Filter, before: Optional[dt.datetime] = None) -> tuple[str, tuple[Any, ...]]:
    """A filter in SQL, and its values."""
    bounds = bounds_of(which, before)
    if asks_the_impossible(which):
        return "0", ()
    terms: list[tuple[str, Any]] = [("instr(tags, ?)", f"\n{json.dumps(tag)}\n") for tag in sorted(which.tags)]
    if which.lane is not None:
        terms.append(("lane = ?", which.lane))
    if bounds.since is not None:
        terms.append(("created >= ?", bounds.since))
    if bounds.until is not None:
        terms.append(("created < ?", bounds.until))
    live = "1" if which.with_cold else "folded_into IS NULL"
    return " AND ".join([live, *(term for term, _ in terms)]), tuple(value for _, value in terms)


def either(question: Sequence[str]) -> str:
    """Any of these words, for FTS5: in quotes, and of letters and digits only, so that none is read as an operator."""
    return " OR ".join(f'"{word}"' for word in question)


def held_by(connection: sqlite3.Connection, word: str) -> int:
    """How many texts hold the word, counted no further than needed."""
    return int(connection.execute(_HELD_BY, (either([word]), COMMON + 1)).fetchone()[0])


def scan(
    connection: sqlite3.Connection, question: Sequence[str], most: int, where: str, values: tuple[Any, ...]
) -> list[Scored]:
    """matching() where there is no index of words: each text is read."""
    scores = scanned(question, connection.execute("SELECT number, text FROM records"))
    fitting = connection.execute(f"SELECT number, id FROM records WHERE {where}", values)
    found = [Scored(name, scores[number]) for number, name in fitting if number in scores]
    return sorted(found, key=lambda one: (-one.score, one.id))[:most]
