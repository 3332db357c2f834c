"""When a fold is due, and the thread that then folds: one at a time, never sooner than the cool-down allows."""

from __future__ import annotations

import threading
import time
from typing import Callable, Optional


class FoldTrigger:
    """Counts operations and looks at the size. Folding is due every `every` operations, and while more than `above`
    records are live; 0 and None turn either off."""

    def __init__(self, every: int, above: Optional[int]) -> None:
        self._every = every
        self._above = above
        self._operations = 0
        self._lock = threading.Lock()

    def after(self, live: Optional[int] = None, operations: int = 1) -> bool:
        """Is folding due after these operations, with so many live records (None: not counted)?"""
        with self._lock:
            self._operations += operations
            due = bool(self._every) and self._operations >= self._every
            if due:
                self._operations = 0
        return due or self.too_many(live)

    def too_many(self, live: Optional[int]) -> bool:
        """Are there more than there should be?"""
        return self._above is not None and live is not None and live > self._above


class Background:
    """A thread that does `work` when it is told that it is due; told again meanwhile, it does it once more.

    `work` gets a function that says whether to stop, and answers whether there is more to do. What it raises is
    counted and kept in `last_failure`, and the thread goes on. The thread begins with the first `due`.
    """

    def __init__(
        self,
        work: Callable[[Callable[[], bool]], bool],
        cool_down: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.runs = 0
        self.failures = 0
        self.last_failure: Optional[str] = None
        self._work = work
        self._cool_down = cool_down
        self._clock = clock
        self._not_before = -float("inf")
        self._due = self._busy = self._stopped = False
        self._changed = threading.Condition()
        self._thread: Optional[threading.Thread] = None

    def due(self) -> None:
        """Work is due; returns at once."""
        with self._changed:
            if self._stopped or self._due:
                return
            self._due = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="memory-folding", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def settle(self, timeout: float) -> bool:
        """Wait until nothing is due or being done, at most `timeout` seconds; did it come to that?"""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._due or self._busy), timeout)

    def stop(self, timeout: float = 30.0) -> bool:
        """Begin nothing any more and wait for what is being done, at most `timeout` seconds; did it end?"""
        with self._changed:
            self._stopped, self._due = True, False
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)
            return not thread.is_alive()
        return True

    def _loop(self) -> None:
        while self._awaited():
            more = False
            try:
                more = self._work(lambda: self._stopped)
            except Exception as error:  # noqa: BLE001  (a store or an observer may raise anything; folding goes on later)
                self.failures += 1
                self.last_failure = f"{type(error).__name__}: {error}"
            with self._changed:
                self.runs += 1
                self._busy = False
                self._due = (self._due or more) and not self._stopped
                self._not_before = self._clock() + self._cool_down
                self._changed.notify_all()

    def _awaited(self) -> bool:
        """Wait until work is due and the cool-down is over; False once stopped."""
        with self._changed:
            while not self._stopped:
                wait = self._not_before - self._clock()
                if self._due and wait <= 0:
                    self._due, self._busy = False, True
                    return True
                # A clock that is not the system's does not wake anybody: it is looked at again now and then.
                self._changed.wait(min(wait, 1.0) if self._due else None)
            return False
