"""The tables of a memory in a SQLite file, and what is said of a file that holds others."""

from __future__ import annotations

import sqlite3

from runtime.errors import StoreFault
from runtime.memory.stores.group_commit import begin_immediate

VERSION = 1
APPLICATION = 0x4C4B484D
"""In the file's header: this is a memory, and no other program's database."""

# `number` orders the records, and is never given out twice: the vectors are kept in step by it. What became of a
# record afterwards is in the journal, whose numbers are given out inside the writing transaction: none comes late.
_TABLES = """
CREATE TABLE records (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    text TEXT NOT NULL,
    embedding BLOB NOT NULL,
    created INTEGER NOT NULL,
    tags TEXT NOT NULL,
    lane TEXT NOT NULL,
    importance REAL NOT NULL,
    depth INTEGER NOT NULL,
    folded_into TEXT
);
CREATE INDEX live_by_age ON records (created, id) WHERE folded_into IS NULL;
CREATE TABLE folds (
    key TEXT PRIMARY KEY,
    summary TEXT NOT NULL UNIQUE,
    at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE sources (
    source TEXT PRIMARY KEY,
    summary TEXT NOT NULL,
    place INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sources_of_summary ON sources (summary, place);
CREATE TABLE journal (
    change INTEGER PRIMARY KEY,
    number INTEGER NOT NULL,
    became TEXT NOT NULL
);
CREATE TABLE state (
    dimension INTEGER NOT NULL,
    live INTEGER NOT NULL,
    cold INTEGER NOT NULL,
    folds INTEGER NOT NULL,
    last_record INTEGER NOT NULL,
    last_change INTEGER NOT NULL,
    words_behind INTEGER NOT NULL DEFAULT 0
);
INSERT INTO state VALUES (0, 0, 0, 0, 0, 0, 0);
"""
_WORDS = """
CREATE VIRTUAL TABLE words
USING fts5 (text, content = 'records', content_rowid = 'number', tokenize = 'unicode61 remove_diacritics 2')
"""


def prepare(connection: sqlite3.Connection, path: str, patience: float, full_text: bool) -> bool:
    """Make the tables where the file is new; whether words are indexed. StoreFault for a file of another kind."""
    full_text = full_text and _has_full_text(connection)
    begin_immediate(connection, patience)
    try:
        _make_tables(connection, path)
        if full_text:
            _index_words(connection)
        else:
            # Whoever can index opens it next reads the texts that were written meanwhile.
            connection.execute("UPDATE state SET words_behind = 1 WHERE words_behind = 0")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return full_text


def _make_tables(connection: sqlite3.Connection, path: str) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if (version, application) == (VERSION, APPLICATION):
        return
    if application == APPLICATION:
        raise StoreFault(
            f"{path}: its tables are of version {version}, this release reads version {VERSION}; "
            f"open it with the release that wrote it, or name another file"
        )
    if tables or version or application:
        raise StoreFault(f"{path}: is another program's SQLite database; name a file that does not exist yet")
    for statement in _TABLES.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _has_full_text(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("CREATE VIRTUAL TABLE temp.probe USING fts5 (text)")
    except sqlite3.OperationalError as error:
        if "no such module" not in str(error):
            raise
        return False
    connection.execute("DROP TABLE temp.probe")
    return True


def _index_words(connection: sqlite3.Connection) -> None:
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'words'").fetchone()
    if not there:
        connection.execute(_WORDS)
    if connection.execute("SELECT words_behind FROM state").fetchone()[0]:
        connection.execute("INSERT INTO words (words) VALUES ('rebuild')")
        connection.execute("UPDATE state SET words_behind = 0")
