"""One thread that writes to a SQLite file: what waits together is committed together.

A commit with synchronous=FULL waits for the disk, about a millisecond, however much it holds. Writers of other
processes take turns by BEGIN IMMEDIATE, so that no transaction is begun that could not be ended.
"""

from __future__ import annotations

import queue
import random
import sqlite3
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, Callable, NamedTuple, Optional, TypeVar

from runtime.errors import RuntimeFault

T = TypeVar("T")
Fault = Callable[[BaseException], Exception]

_MOST_TOGETHER = 256
_FIRST_PAUSE, _LONGEST_PAUSE = 0.0005, 0.008


class Tally:
    """The one row of `state`: sizes and the last numbers given out. Jobs change it; it is written before the commit."""

    __slots__ = FIELDS = ("dimension", "live", "cold", "folds", "last_record", "last_change")

    def __init__(self, values: Sequence[int]) -> None:
        self.restore(values)

    def restore(self, values: Sequence[int]) -> None:
        """What values() gave before."""
        self.dimension, self.live, self.cold, self.folds, self.last_record, self.last_change = values

    def values(self) -> tuple[int, ...]:
        """In the order of FIELDS."""
        return tuple(getattr(self, field) for field in self.FIELDS)


class Transaction(NamedTuple):
    """What a job is given: the writing connection inside a transaction, and the tally."""

    connection: sqlite3.Connection
    tally: Tally


class _Job(NamedTuple):
    work: Callable[[Transaction], Any]
    done: Future[Any]


_READ = f"SELECT {', '.join(Tally.FIELDS)} FROM state"
_WRITE = f"UPDATE state SET {', '.join(f'{field} = ?' for field in Tally.FIELDS)}"


def read_tally(connection: sqlite3.Connection) -> Tally:
    """The sizes as this connection sees them."""
    return Tally(connection.execute(_READ).fetchone())


def begin_immediate(connection: sqlite3.Connection, patience: float) -> None:
    """Begin to write, in turn with other processes; sqlite3.OperationalError when `patience` seconds have passed.

    SQLite's own waiting grows to a tenth of a second, in which a busy writer commits a hundred times: who waits for
    long would wait for ever.
    """
    end = time.monotonic() + patience
    pause = _FIRST_PAUSE
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() >= end:
                raise
        time.sleep(random.uniform(pause / 2, pause))
        pause = min(pause * 1.5, _LONGEST_PAUSE)


class Writer:
    """Owns the writing connection; `fault` makes the error that is raised of what SQLite or the disk said."""

    def __init__(self, connection: sqlite3.Connection, patience: float, fault: Fault) -> None:
        self._connection = connection
        self._patience = patience
        self._fault = fault
        self._jobs: queue.SimpleQueue[Optional[_Job]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        # A daemon: who forgets to close a store loses nothing that was acknowledged, and is not kept waiting at exit.
        self._thread = threading.Thread(target=self._run, name="memory-writer", daemon=True)
        self._thread.start()

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Do this inside a transaction; returns when its commit is durable. What `work` raises undoes it alone."""
        done: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise self._fault(RuntimeError("it is closed"))
            self._jobs.put(_Job(work, done))
        return done.result()

    def close(self) -> None:
        """Finish what waits, then let go of the file."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._jobs.put(None)
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while True:
            jobs, last = self._waiting()
            if jobs:
                self._commit(jobs)
            if last:
                return

    def _waiting(self) -> tuple[list[_Job], bool]:
        jobs = []
        job = self._jobs.get()
        while job is not None:
            jobs.append(job)
            if len(jobs) == _MOST_TOGETHER:
                return jobs, False
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return jobs, False
        return jobs, True

    def _commit(self, jobs: Sequence[_Job]) -> None:
        begun = False
        try:
            begin_immediate(self._connection, self._patience)
            begun = True
            endings = self._all_of(jobs)
            self._connection.execute("COMMIT")
        except BaseException as error:  # noqa: BLE001  # it belongs to those who wait for these jobs
            self._roll_back()
            if begun and len(jobs) > 1:
                # One of them may be what the file cannot take: the others shall not fail with it.
                for job in jobs:
                    self._commit([job])
                return
            for job in jobs:
                job.done.set_exception(self._fault(error) if isinstance(error, sqlite3.Error) else error)
            return
        for job, (result, refusal) in zip(jobs, endings):
            if refusal is None:
                job.done.set_result(result)
            else:
                job.done.set_exception(refusal)

    def _all_of(self, jobs: Sequence[_Job]) -> list[tuple[Any, Optional[RuntimeFault]]]:
        tally = read_tally(self._connection)
        before = tally.values()
        endings = [self._one(job, tally) for job in jobs]
        if tally.values() != before:
            self._connection.execute(_WRITE, tally.values())
        return endings

    def _one(self, job: _Job, tally: Tally) -> tuple[Any, Optional[RuntimeFault]]:
        before = tally.values()
        self._connection.execute("SAVEPOINT job")
        try:
            result, refusal = job.work(Transaction(self._connection, tally)), None
        except RuntimeFault as fault:
            result, refusal = None, fault
            self._connection.execute("ROLLBACK TO job")
            tally.restore(before)
        self._connection.execute("RELEASE job")
        return result, refusal

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error:
                # SQLite has rolled back by itself: it does where the disk fails.
                return
