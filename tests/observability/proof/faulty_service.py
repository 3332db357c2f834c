"""The real service with faults that a file plants into it while it runs: `python faulty_service.py FAULTS PORT`.

The file is JSON, read again at each use: {"action": ["slow", 0.4], "recall": ["slow", 0.2], "loop": ["blocked", 0.05]}.
A stage's fault is slow, failing or stuck; the first node of the stage has it, or with "all" in third place each.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import runtime.parts
from runtime.app import App, opened, started
from runtime.errors import RuntimeFault
from runtime.fitting import Plugged
from runtime.guardian.faults import Faulty
from runtime.listening import server_of, sockets_of
from runtime.memory.embedding import HashedNgrams
from runtime.service import Service
from runtime.settings import from_environment

TOPICS = ("lighthouse", "harbour", "keeper", "storm", "island", "ferry")


class Faults:
    """What the file says now."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def of(self, part: str) -> Sequence[Any]:
        with contextlib.suppress(OSError, ValueError):
            return list(json.loads(self._file.read_text("utf-8")).get(part, ()))
        return ()


class Planted:
    """A node of the service, and whatever the file plants into it."""

    def __init__(self, node: Any, is_first: bool, faults: Faults) -> None:
        self.name, self.stage, self.concurrency = node.name, node.stage, node.concurrency
        self._node, self._is_first, self._faults = node, is_first, faults

    async def handle(self, query: Any) -> Any:
        fault = self._faults.of(self.stage)
        if not fault or not (self._is_first or "all" in fault):
            return await self._node.handle(query)
        if fault[0] == "failing":
            raise RuntimeFault("it was told to fail")
        return await Faulty(self._node, fault[0], fault[1]).handle(query)


class SlowEmbedder(HashedNgrams):
    """The service's own, slower where the file says so: recalls get as slow as it."""

    faults: Faults

    def embed(self, texts: Sequence[str]) -> Any:
        fault = self.faults.of("recall")
        if fault:
            time.sleep(float(fault[1]))
        return super().embed(texts)


async def lived_in(app: App, faults: Faults) -> None:
    """What goes on beside queries: things are remembered and folded, and the loop is held up where the file says so."""
    for number in range(10**9):
        topic = TOPICS[number % len(TOPICS)]
        texts = [f"The {topic} was seen again, {number} {word}." for word in ("today", "at night", "from the cape")]
        await asyncio.get_running_loop().run_in_executor(None, app.memory.remember, texts)
        late = dt.datetime.now(dt.timezone.utc) + dt.timedelta(days=400)  # when what is remembered now is old
        await asyncio.get_running_loop().run_in_executor(None, app.memory.fold_all, late)
        blocked = faults.of("loop")
        if blocked:
            time.sleep(float(blocked[1]))
        await asyncio.sleep(0.5)


async def main(file: Path, port: str) -> None:
    faults = Faults(file)
    SlowEmbedder.faults = faults
    runtime.parts.embedder_of = lambda name: SlowEmbedder()
    settings = from_environment(os.environ)
    sockets = sockets_of("127.0.0.1", int(port))
    app = await opened(settings, start=False)
    first: set[str] = set()
    plugged = []
    for plugin, node in app.plugged:
        plugged.append(Plugged(plugin, Planted(node, node.stage not in first, faults)))
        first.add(node.stage)
    app.plugged = tuple(plugged)
    await started(app)
    app.memory.remember(["The lighthouse at Arkona was built in 1827. It stands on the cape of the island."])
    beside = asyncio.ensure_future(lived_in(app, faults))
    service = Service(app, token=None, body_limit=settings.body_limit, text_limit=settings.text_limit)
    await server_of(service, settings.drain, lambda url: print(f"serving at {url}", flush=True)).serve(sockets)
    beside.cancel()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
