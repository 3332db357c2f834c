"""Nodes that do what the text of the query tells them; other processes import them, too."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from runtime.orchestrator.placement import NodeBusy
from runtime.orchestrator.query import Query

_LOCK = threading.Lock()
RAISED: dict[str, type[BaseException]] = {
    "ValueError": ValueError,
    "StopIteration": StopIteration,
    "Cancelled": asyncio.CancelledError,
    "NodeBusy": NodeBusy,
}


class OnlyHere(Exception):
    """Cannot be built again from its args."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")
        self.gate = threading.Lock()


class Puppet:
    """Blocks, and does what it is told: `sleep 0.1`, `raise ValueError`, `kill`, `exit`, ..."""

    def __init__(self, name: str = "puppet", stage: str = "thought", concurrency: int = 2) -> None:
        self.name, self.stage, self.concurrency = name, stage, concurrency

    def handle(self, query: Query) -> Query:
        verb, _, rest = query.text.partition(" ")
        found: Any = query.text.upper()
        if verb == "pid":
            found = os.getpid()
        elif verb == "sleep":
            time.sleep(float(rest))
        elif verb == "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(float(rest))
        elif verb == "hang":
            Path(rest).write_text(str(os.getpid()))
            time.sleep(60)
        elif verb == "raise":
            raise RAISED[rest]("as told")
        elif verb == "raise-only-here":
            raise OnlyHere(1, 2)
        elif verb == "exit":
            sys.exit(3)
        elif verb == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif verb == "nothing":
            return None  # type: ignore[return-value]  # what a careless node does
        elif verb == "remaining":
            found = query.remaining
        elif verb == "traceparent":
            found = query.traceparent
        elif verb == "unpicklable":
            found = _LOCK
        elif verb == "large":
            found = "x" * int(rest)
        return query.with_finding(self.stage, found)


class Polite(Puppet):
    """The same as a coroutine function, which awaits where the other blocks."""

    async def handle(self, query: Query) -> Query:  # type: ignore[override]  # that is the difference
        verb, _, rest = query.text.partition(" ")
        if verb == "sleep":
            await asyncio.sleep(float(rest))
        elif verb == "hang":
            await self._hang(Path(rest))
        elif verb == "swallow":
            await self._swallow(float(rest))
        else:
            return super().handle(query)
        return query.with_finding(self.stage, os.getpid())

    async def _hang(self, marker: Path) -> None:
        """Only the first who is asked hangs, and leaves word of its process."""
        try:
            with marker.open("x") as file:
                file.write(str(os.getpid()))
        except FileExistsError:
            return
        await asyncio.sleep(60)

    async def _swallow(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                await asyncio.sleep(until - time.monotonic())
            except asyncio.CancelledError:
                continue


class Broken(Puppet):
    """Is pickled, and does not come out again."""

    def __setstate__(self, state: object) -> None:
        raise ImportError("no such library there")


class Gated:
    """Blocks until the gate is opened; counts how many it holds at once."""

    def __init__(self, concurrency: int = 2) -> None:
        self.name, self.stage, self.concurrency = "gated", "thought", concurrency
        self.gate = threading.Event()
        self.begun = threading.Semaphore(0)
        self.texts: list[str] = []
        self.now = self.most = 0
        self._lock = threading.Lock()

    def handle(self, query: Query) -> Query:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
            self.texts.append(query.text)
        self.begun.release()
        assert self.gate.wait(20)
        with self._lock:
            self.now -= 1
        return query.with_finding(self.stage, query.text)

    async def holds(self, calls: int) -> None:
        """Return when so many calls have begun."""
        for _ in range(calls):
            while not self.begun.acquire(blocking=False):
                await asyncio.sleep(0.001)
