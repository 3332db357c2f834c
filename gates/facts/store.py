"""Facts and verdicts by digest: SQLite here, any fsspec file system beyond one machine."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Callable, Optional, TypeVar

import msgspec

from gates import own_folder

T = TypeVar("T")

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, bytes]).decode

SCHEMA = 2
# Facts of code that is no longer there stay in it; those of homeassistant take 8 MB a version of the gates.
MAX_BYTES = 1 << 30
_BUSY_MS = 10_000
_TRIES = 200
# What SQLite says of a damaged table may quote bytes that are no text.
_GARBLED = "its tables are damaged"
_CHUNK = 500
_SUM = 4
# Facts about files are kept by the first letters of the blob's id, some hundred rows for a tree of any size: a row for
# each file took longer to write than the files took to scan.
_IN_ROWS = "fact/"
_LETTERS = 2
# What SQLite says where the place is at fault and not the content: then the file is left as it is.
_OF_THE_PLACE = ("locked", "busy", "full", "unable to open", "disk i/o")


class Store:
    """What was worked out before, by kind and key. A value that is damaged is a value that is not there.

    Several processes may use one store at once (write-ahead log). A store that is corrupt, or was written by another
    version, is made anew; one that cannot be written is done without. Either is said once, through `notes`; neither
    changes a verdict.
    """

    def __init__(self, file: Optional[Path]) -> None:
        self.notes: list[str] = []
        self._file = file
        self._connection: Optional[sqlite3.Connection] = None
        if file is not None:
            self._open(file)

    def _open(self, file: Path) -> None:
        try:
            own_folder.make(file.parent, is_ours=True)
            self._connection = self._patiently_connected(file)
        except sqlite3.DatabaseError as error:
            self._mend(error)
        except UnicodeDecodeError:
            self._make_anew(ValueError(_GARBLED))
        except OSError as error:
            self._do_without(error)

    def _patiently_connected(self, file: Path) -> sqlite3.Connection:
        # The first process to open a log and the last to close it lock everyone out for a moment, and SQLite does not
        # wait for those as it waits for writers.
        for _ in range(_TRIES):
            try:
                return self._connected(file)
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise
                time.sleep(_BUSY_MS / 1000 / _TRIES)
        return self._connected(file)

    def _connected(self, file: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(file, timeout=_BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            # What a power failure damages is noticed by the sums, and worked out anew: not worth waiting for the disk.
            connection.execute("PRAGMA synchronous=OFF")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if os.path.getsize(file) > MAX_BYTES:
                raise sqlite3.DatabaseError(f"it had grown beyond {MAX_BYTES >> 20:,} MiB")
            if version not in (0, SCHEMA):
                raise sqlite3.DatabaseError(f"it was written by another version ({version}, not {SCHEMA})")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS kept"
                " (kind TEXT, key TEXT, value BLOB, PRIMARY KEY (kind, key)) WITHOUT ROWID"
            )
            if version == 0:
                connection.execute(f"PRAGMA user_version={SCHEMA}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _mend(self, error: sqlite3.DatabaseError) -> None:
        said = str(error).lower()
        # A flipped bit of the header makes a file read-only, too: then the place itself can be written.
        is_shut = "readonly" in said and not self._is_writable()
        if isinstance(error, sqlite3.OperationalError) and (is_shut or any(word in said for word in _OF_THE_PLACE)):
            self._do_without(error)
        else:
            self._make_anew(error)

    def _is_writable(self) -> bool:
        assert self._file is not None
        return os.access(self._file, os.W_OK) and os.access(self._file.parent, os.W_OK)

    def _make_anew(self, error: Exception) -> None:
        assert self._file is not None
        self._disconnect()
        try:
            for suffix in ("", "-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(f"{self._file}{suffix}")
            self._connection = self._connected(self._file)
            self.notes.append(f"the cache was made anew: {error}")
        except (OSError, sqlite3.Error) as second:
            self._do_without(second)

    def _do_without(self, error: Exception) -> None:
        self._disconnect()
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        self.notes.append(f"no cache: {reason} (set another place with GATES_CACHE)")

    def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None

    @property
    def folder(self) -> Optional[Path]:
        """The folder that it lies in; None where nothing is kept beyond this process."""
        return None if self._file is None else self._file.parent

    def get(self, kind: str, keys: Sequence[str]) -> dict[str, bytes]:
        """The values that are kept, by key."""
        return self._guarded({}, lambda connection: dict(_read(connection, kind, keys)))

    def get_one(self, kind: str, key: str) -> Optional[bytes]:
        """One value, or None."""
        return self.get(kind, [key]).get(key)

    def put(self, kind: str, values: Mapping[str, bytes]) -> None:
        """Keep values; all or none, so that a process that is killed leaves nothing half."""
        self._guarded(None, lambda connection: _write(connection, kind, values))

    def counted(self) -> dict[str, tuple[int, int]]:
        """For each kind, how many values it holds and how many bytes."""
        return self._guarded({}, _counted)

    def clear(self) -> None:
        """Forget everything."""
        self._guarded(None, _clear)

    def _guarded(self, otherwise: T, work: Callable[[sqlite3.Connection], T]) -> T:
        for _ in range(2):
            if self._connection is None:
                return otherwise
            try:
                return work(self._connection)
            except sqlite3.DatabaseError as error:
                self._mend(error)
            except UnicodeDecodeError:
                self._make_anew(ValueError(_GARBLED))
        return otherwise

    def share(self) -> None:
        """Let other machines have what this one worked out; nothing to do for a store that is not shared."""

    def close(self) -> None:
        """Let go of the file."""
        self._disconnect()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()


def _read(connection: sqlite3.Connection, kind: str, keys: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    if not kind.startswith(_IN_ROWS):
        yield from _rows(connection, kind, keys)
        return
    wanted = frozenset(keys)
    for _, values in _of_several(connection, kind, keys):
        yield from ((key, value) for key, value in values.items() if key in wanted)


def _of_several(
    connection: sqlite3.Connection, kind: str, keys: Iterable[str]
) -> Iterator[tuple[str, dict[str, bytes]]]:
    """The rows in which these keys are, by their letters."""
    letters = sorted({key[:_LETTERS] for key in keys})
    return ((row, _decode(value)) for row, value in _rows(connection, kind, letters))


def _rows(connection: sqlite3.Connection, kind: str, keys: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    before = _begun(kind)
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        marks = ",".join("?" * len(chunk))
        query = f"SELECT key, value FROM kept WHERE kind = ? AND key IN ({marks})"
        for key, sealed in connection.execute(query, (kind, *chunk)):
            if isinstance(sealed, bytes) and sealed[:_SUM] == _sum(key, sealed[_SUM:], before):
                yield key, sealed[_SUM:]


def _write(connection: sqlite3.Connection, kind: str, values: Mapping[str, bytes]) -> None:
    before = _begun(kind)
    connection.execute("BEGIN IMMEDIATE")
    try:
        if kind.startswith(_IN_ROWS):
            values = _beside_others(connection, kind, values)
        rows = [(kind, key, _sum(key, value, before) + value) for key, value in values.items()]
        connection.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", rows)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _beside_others(connection: sqlite3.Connection, kind: str, values: Mapping[str, bytes]) -> dict[str, bytes]:
    """The rows that these values belong to, with what they hold already."""
    rows = dict(_of_several(connection, kind, values))
    for key, value in values.items():
        rows.setdefault(key[:_LETTERS], {})[key] = value
    return {letters: _encode(row) for letters, row in rows.items()}


def _counted(connection: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    counted: dict[str, tuple[int, int]] = {}
    for kind, key, sealed in connection.execute("SELECT kind, key, value FROM kept ORDER BY kind"):
        held = 1 if not kind.startswith(_IN_ROWS) else len(dict(_of_several(connection, kind, [key])).get(key, ()))
        many, size = counted.get(kind, (0, 0))
        counted[kind] = many + held, size + len(sealed)
    return counted


def _clear(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM kept")
    connection.execute("VACUUM")


def _sum(key: str, value: bytes, before: int) -> bytes:
    # SQLite does not notice a flipped bit within a value; the sum over kind, key and value does.
    return zlib.crc32(value, zlib.crc32(key.encode(), before)).to_bytes(_SUM, "big")


def _begun(kind: str) -> int:
    return zlib.crc32(f"{kind}\0".encode())
