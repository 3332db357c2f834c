"""Questions that are asked of a running service without a pause, by a thread in the background."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from types import TracebackType
from typing import Optional

import httpx

QUESTION = {"text": "When was the lighthouse at Arkona built?"}
_MOST = 32
_PAUSE = 0.05


class Load:
    """`at_once` askers, each with its next question 50 ms after an answer. May be changed while it runs, to 32 at most.

    `statuses` counts the answers; 0 stands for a service that is not there.
    """

    def __init__(self, address: str, at_once: int = 2) -> None:
        self.at_once = at_once
        self.statuses: Counter[int] = Counter()
        self._url = f"http://{address}/query"
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._ask()), name="load")

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._over.set()
        self._thread.join()

    async def _ask(self) -> None:
        async with httpx.AsyncClient(timeout=30) as client:
            await asyncio.gather(*(self._one_after_the_other(client, number) for number in range(_MOST)))

    async def _one_after_the_other(self, client: httpx.AsyncClient, number: int) -> None:
        while not self._over.is_set():
            if number < self.at_once:
                try:
                    self.statuses[(await client.post(self._url, json=QUESTION)).status_code] += 1
                except httpx.HTTPError:
                    self.statuses[0] += 1
            await asyncio.sleep(_PAUSE)
