"""A worker to be killed: `python -m tests.placement.worker URL STAGE`; SIGTERM drains it."""

from __future__ import annotations

import asyncio
import signal
import sys
from functools import partial

from runtime.orchestrator.placement.nats_worker import serve_nodes
from tests.placement.fakes import Polite


async def main(url: str, stage: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await serve_nodes([Polite(stage=stage)], url, stop=stop, ready=partial(print, "ready", flush=True))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
