"""Connections that are open and wait to be used again."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable, Generic, Protocol, TypeVar

from runtime.errors import RuntimeFault, StoreFault


class Closes(Protocol):
    """Anything that can be closed."""

    def close(self) -> None:
        """Let go of it."""
        ...


C = TypeVar("C", bound=Closes)

_MOST_IDLE = 8


class Pool(Generic[C]):
    """One connection for each thread that needs one now. `where` is how errors call the place."""

    def __init__(self, connect: Callable[[], C], where: str) -> None:
        self._connect = connect
        self._where = where
        self._lock = threading.Lock()
        self._idle: list[C] = []
        self._closed = False
        self._process = os.getpid()

    @property
    def own(self) -> bool:
        """Whether this process made it: a connection is of no use in a forked child, and closing it there does harm."""
        return self._process == os.getpid()

    def refuse(self) -> None:
        """StoreFault where the store is closed, or was opened by the process that this one was forked from."""
        if not self.own:
            raise StoreFault(f"{self._where}: was opened before this process was forked; open it in this process")
        if self._closed:
            raise StoreFault(f"{self._where}: the store is closed; open it again")

    @contextmanager
    def connection(self) -> Iterator[C]:
        """A connection that nobody else uses. After an error that is not a refusal it is not used again."""
        self.refuse()
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self._connect()
        try:
            yield connection
        except RuntimeFault:
            self._put_back(connection)
            raise
        except BaseException:
            connection.close()
            raise
        self._put_back(connection)

    def forget_idle(self) -> None:
        """Close those that wait: the server that they were connected to may have gone."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def close(self) -> None:
        """Give out no more; those in use are closed when they come back."""
        self._closed = True
        self.forget_idle()

    def _put_back(self, connection: C) -> None:
        with self._lock:
            if not self._closed and len(self._idle) < _MOST_IDLE:
                self._idle.append(connection)
                return
        connection.close()
