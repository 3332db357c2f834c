"""Things handed on in batches by a thread in the background: bounded, and what is lost is counted and told."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Sequence
from typing import Callable, Generic, Optional, TypeVar

Item = TypeVar("Item")

_logger = logging.getLogger(__name__)


class Batches(Generic[Item]):
    """Hands what is put to `export`, at most `size` at once, at the latest `every` seconds after it was put.

    `export` says whether it delivered. More than `most` waiting things are not kept. `lost` is told how many were not
    kept or not delivered, by the thread in the background and by `close`. The thread starts with the first thing that
    is put, and anew in a process that was forked from this one.
    """

    def __init__(
        self,
        export: Callable[[Sequence[Item]], bool],
        lost: Callable[[int], None],
        most: int = 2_048,
        size: int = 512,
        every: float = 1.0,
    ) -> None:
        if not 0 < size <= most or every <= 0:
            raise ValueError(f"batches of {size} out of {most} every {every} s: give 0 < size <= most and every > 0")
        self._export = export
        self._lost = lost
        self._most = most
        self._size = size
        self._every = every
        self._begin()

    def _begin(self) -> None:
        self._queue: deque[Item] = deque()
        self._wake = threading.Event()
        self._changed = threading.Condition()
        self._thread: Optional[threading.Thread] = None
        self._process = os.getpid()
        self._in_flight = 0
        self._untold = 0
        self._closed = False
        self._given_up = False

    def put(self, item: Item) -> None:
        """Take one more, or count it as lost. It never waits for a delivery."""
        if self._process != os.getpid():
            self._begin()
        if self._closed or len(self._queue) >= self._most:
            with self._changed:
                self._untold += 1
            return
        self._queue.append(item)
        if self._thread is None:
            self._start()
        elif len(self._queue) >= self._size and not self._wake.is_set():
            self._wake.set()

    def flush(self, seconds: float) -> bool:
        """Wait until nothing waits any more, so long at most; whether that is so."""
        self._wake.set()
        with self._changed:
            return self._changed.wait_for(lambda: not self._queue and not self._in_flight, seconds)

    def close(self, seconds: float) -> bool:
        """Deliver what waits, within so many seconds; what is not delivered by then is lost. Whether nothing was."""
        self._closed = True
        self._wake.set()
        thread = self._thread
        if thread is not None and self._process == os.getpid():
            thread.join(max(0.0, seconds))
        with self._changed:
            left = len(self._queue) + self._in_flight
            self._given_up = True
            self._queue.clear()
            self._untold += left
        self._tell()
        return left == 0

    def _start(self) -> None:
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._deliver, name="telemetry-batches", daemon=True)
                self._thread.start()

    def _deliver(self) -> None:
        while not self._closed:
            self._wake.wait(self._every)
            self._wake.clear()
            self._deliver_all()
        self._deliver_all()

    def _deliver_all(self) -> None:
        more = True
        while more:  # under load it never ends, and what was lost is told all the same
            more = self._deliver_one()
            self._tell()

    def _deliver_one(self) -> bool:
        with self._changed:
            batch = [self._queue.popleft() for _ in range(min(self._size, len(self._queue)))]
            self._in_flight = len(batch)
        delivered = not batch or self._delivered(batch)
        with self._changed:
            if not delivered and not self._given_up:  # close has counted them already
                self._untold += len(batch)
            self._in_flight = 0
            self._changed.notify_all()
        return bool(batch)

    def _delivered(self, batch: Sequence[Item]) -> bool:
        try:
            return self._export(batch)
        except Exception:
            _logger.exception("%d things could not be handed on", len(batch))
            return False

    def _tell(self) -> None:
        with self._changed:
            untold, self._untold = self._untold, 0
        if untold:
            self._lost(untold)
