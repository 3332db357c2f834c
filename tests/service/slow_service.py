"""A server whose answers take a while: `python slow_service.py SECONDS DRAIN`. Prints its port."""

from __future__ import annotations

import asyncio
import sys
import threading
import time

from runtime.listening import server_of, sockets_of
from runtime.service import Service
from tests.service.fakes import Echo


def main() -> None:
    seconds, drain = float(sys.argv[1]), float(sys.argv[2])
    server = server_of(Service(Echo(seconds=seconds)), drain)

    def say() -> None:
        while not server.started:
            time.sleep(0.01)
        print(server.servers[0].sockets[0].getsockname()[1], flush=True)

    threading.Thread(target=say, daemon=True).start()
    asyncio.run(server.serve(sockets_of("127.0.0.1", 0)))


if __name__ == "__main__":
    main()
