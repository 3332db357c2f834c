"""What changes in the SQLite file, each inside a transaction of the writer: records, folds, and what became of both.

Sizes and the numbers given out are in the tally; the journal says what became of records that were there already.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Optional

from runtime.memory.record import WITHDRAWN, Fold
from runtime.memory.stores.admission import Kept, microseconds, refuse_summaries
from runtime.memory.stores.group_commit import Transaction
from runtime.memory.stores.sqlite_rows import COLD, COLUMNS, LIVE, REMOVED, rows_of, values_of

_INSERT = f"INSERT INTO records (number, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)"
_INSERT_WORDS = "INSERT INTO words (rowid, text) VALUES (?, ?)"
_DELETE_WORDS = "INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)"
_JOURNAL = "INSERT INTO journal (change, number, became) VALUES (?, ?, ?)"


def insert(transaction: Transaction, kept: Sequence[Kept], full_text: bool) -> None:
    """Keep records that are not there; their words are indexed where `full_text`."""
    connection, tally = transaction
    if not kept:
        return
    first = tally.last_record + 1
    connection.executemany(_INSERT, (values_of(number, one) for number, one in enumerate(kept, first)))
    if full_text:
        connection.executemany(_INSERT_WORDS, ((number, one.record.text) for number, one in enumerate(kept, first)))
    tally.dimension = len(kept[0].record.embedding)
    tally.last_record += len(kept)
    tally.live += len(kept)


def stand(transaction: Transaction, fold: Fold) -> None:
    """Let a fold stand whose summary is there."""
    connection, tally = transaction
    connection.execute("INSERT INTO folds VALUES (?, ?, ?)", (fold.key, fold.summary, microseconds(fold.at)))
    rows = ((source, fold.summary, place) for place, source in enumerate(fold.sources))
    connection.executemany("INSERT INTO sources VALUES (?, ?, ?)", rows)
    become(transaction, fold.sources, fold.summary)
    tally.folds += 1


def undo(transaction: Transaction, fold: Fold, number: int, text: str, full_text: bool) -> None:
    """Bring the sources of a fold back to life, and take out its summary, which is of this number and text."""
    connection, tally = transaction
    become(transaction, fold.sources, None)
    connection.execute("DELETE FROM sources WHERE summary = ?", (fold.summary,))
    connection.execute("DELETE FROM folds WHERE key = ?", (fold.key,))
    if full_text:
        connection.execute(_DELETE_WORDS, (number, text))
    connection.execute("DELETE FROM records WHERE number = ?", (number,))
    _write_down(transaction, [number], REMOVED)
    tally.live -= 1
    tally.folds -= 1


def become(transaction: Transaction, ids: Sequence[str], into: Optional[str]) -> None:
    """Say of records what they were folded into; with None, that they are live again."""
    connection, tally = transaction
    connection.executemany("UPDATE records SET folded_into = ? WHERE id = ?", ((into, one) for one in ids))
    numbers = [number for (number,) in rows_of(connection, "number", ids)]
    _write_down(transaction, numbers, LIVE if into is None else COLD)
    gone = -len(numbers) if into is None else len(numbers)
    tally.live -= gone
    tally.cold += gone


def withdraw(transaction: Transaction, ids: Sequence[str]) -> list[str]:
    """Those of these ids that were live, and are withdrawn now."""
    depths = {one: depth for one, depth, into in _what_became(transaction.connection, ids) if into is None}
    refuse_summaries(depths.items())
    chosen = _in_order(ids, depths)
    become(transaction, chosen, WITHDRAWN)
    return chosen


def restore(transaction: Transaction, ids: Sequence[str]) -> list[str]:
    """Those of these ids that were withdrawn, and are live again."""
    withdrawn = [one for one, _, into in _what_became(transaction.connection, ids) if into == WITHDRAWN]
    chosen = _in_order(ids, withdrawn)
    become(transaction, chosen, None)
    return chosen


def _what_became(connection: sqlite3.Connection, ids: Sequence[str]) -> list[tuple[str, int, Optional[str]]]:
    return [(name, depth, into) for name, depth, into in rows_of(connection, "id, depth, folded_into", ids)]


def _in_order(ids: Sequence[str], chosen: Iterable[str]) -> list[str]:
    some = frozenset(chosen)
    return [one for one in dict.fromkeys(ids) if one in some]


def _write_down(transaction: Transaction, numbers: Sequence[int], became: str) -> None:
    connection, tally = transaction
    rows = ((change, number, became) for change, number in enumerate(numbers, tally.last_change + 1))
    connection.executemany(_JOURNAL, rows)
    tally.last_change += len(numbers)
