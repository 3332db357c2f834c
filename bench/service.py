"""What a request costs the server, and whether its memory grows: a real server in a process of its own, and load.

Requests a second of server CPU, not of wall time: the machine may be shared, and the load comes from it, too. `--soak`
holds half of the load that the server bears for some minutes, and says how its resident memory grew.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.calibration import ROUND_TRIP, round_trip
from bench.figure import Bar, Figure, alone, number

ROOT = Path(__file__).parents[1]
A_SECOND = 15_000.0  # requests of /system/plugins
GROWTH, SOAKED = 24.0, 10.0  # MB, minutes
CONNECTIONS = {"plugins": 32, "query": 4}  # more questions at once than that, and a busy machine sheds
PASSAGES = 2_000
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
ASKED = {"plugins": "/system/plugins", "query": f"/query, {PASSAGES:,} passages"}
PLUGINS = b"GET /system/plugins HTTP/1.1\r\nhost: x\r\n\r\n"


class Load(NamedTuple):
    """What one run came to: requests, those that were not answered with 200, server CPU and wall seconds."""

    requests: int
    failed: int
    cpu: float
    wall: float

    @property
    def a_second(self) -> float:
        """Requests a second of server CPU."""
        return self.requests / self.cpu if self.cpu else 0.0


def query(number: int) -> bytes:
    """A question that differs from its neighbours."""
    body = json.dumps({"text": f"What is subject {number % 97} about, and on which day?"}).encode()
    head = f"POST /query HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def cpu_of(process: int) -> float:
    """User and system seconds that it has used; of all its threads."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_of(process: int) -> float:
    """Resident memory in MB."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE / 1e6


class Client:
    """One connection that asks again as soon as it is answered."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, request: bytes) -> bool:
        """Whether it was answered with 200."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await self._reader.readexactly(int(length[15:]))
        return head.startswith(b"HTTP/1.1 200")

    def close(self) -> None:
        """Leave."""
        self._writer.close()


async def load(port: int, process: int, requests: int, path: str, pause: float = 0.0) -> Load:
    """Ask `requests` times over the CONNECTIONS of its path; `pause` is how long each waits between two, in seconds."""
    clients = [Client(*await asyncio.open_connection("127.0.0.1", port)) for _ in range(CONNECTIONS[path])]
    left, failed = requests, 0

    async def keep_asking(client: Client) -> None:
        nonlocal left, failed
        while left > 0:
            left -= 1
            failed += not await client.ask(PLUGINS if path == "plugins" else query(left))
            if pause:
                await asyncio.sleep(random.expovariate(1 / pause))

    cpu, wall = cpu_of(process), time.perf_counter()
    await asyncio.gather(*map(keep_asking, clients))
    done = Load(requests, failed, cpu_of(process) - cpu, time.perf_counter() - wall)
    for client in clients:
        client.close()
    return done


class Server:
    """`python -m runtime serve` with a memory of PASSAGES passages."""

    def __init__(self, folder: Path) -> None:
        store = f"sqlite:///{folder}/memory.db"
        self.port = _free_port()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LUKHAS_")}
        environment.update(LUKHAS_STORE=store, LUKHAS_PORT=str(self.port))
        text = "\n\n".join(
            f"Passage {number} is about subject {number % 97} and was written on day {number % 31}. " + "word " * 60
            for number in range(PASSAGES)
        )
        (folder / "passages.txt").write_text(text)
        runtime = [sys.executable, "-m", "runtime"]
        subprocess.run([*runtime, "feed", str(folder / "passages.txt")], env=environment, cwd=ROOT, check=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip
        self._log = folder / "log"
        with self._log.open("w") as log:  # a query too many is refused, and said: that is not what is read here
            self.process = subprocess.Popen([*runtime, "serve"], env=environment, cwd=ROOT, stdout=log, stderr=log)

    async def ready(self) -> None:
        """Wait until it answers."""
        for _ in range(600):
            try:
                if await Client(*await asyncio.open_connection("127.0.0.1", self.port)).ask(PLUGINS):
                    return
            except OSError:
                await asyncio.sleep(0.05)
        raise SystemExit(f"the server did not begin: {self._log.read_text()}")

    def stop(self) -> None:
        """End it as an operator would."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def _free_port() -> int:
    import socket

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def figures(quick: bool) -> Iterator[Figure]:
    """Requests a second of server CPU."""
    with serving() as server:
        yield from asyncio.run(costs(server, 2 if quick else 7, quick))


def soak(quick: bool) -> Iterator[Figure]:
    """Ten minutes; twenty seconds for a first look."""
    with serving() as server:
        yield asyncio.run(soaked(server, 1 / 3 if quick else SOAKED))


@contextmanager
def serving() -> Iterator[Server]:
    """A server with PASSAGES passages, that has begun; it is ended afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            asyncio.run(server.ready())
            yield server
        finally:
            server.stop()


async def costs(server: Server, rounds: int, quick: bool) -> list[Figure]:
    """Each kind of request, with the calibration in turns."""
    sizes = {"plugins": 4_000 if quick else 20_000, "query": 400 if quick else 2_000}
    for path, requests in sizes.items():
        await load(server.port, server.process.pid, requests // 4, path)  # what is cold is not measured
    found = []
    for path, requests in sizes.items():
        runs, units = [], []
        for _ in range(rounds):
            units.append(await asyncio.to_thread(round_trip, 5_000))
            runs.append(await load(server.port, server.process.pid, requests, path))
        rates = [run.a_second for run in runs]
        failed, rate = sum(run.failed for run in runs), statistics.median(rates)
        waited = 1e3 * statistics.median(run.wall / run.requests for run in runs) * CONNECTIONS[path]
        found.append(
            Figure(
                ASKED[path],
                rate,
                "requests a second of server CPU",
                requests * rounds,
                ROUND_TRIP,
                1 / (rate * statistics.median(units)),
                Bar(A_SECOND, at_least=True) if path == "plugins" else None,
                f"{number(waited)} ms each, {CONNECTIONS[path]} at once; {failed} failed",
                tuple(rates),
            )
        )
    return found


async def soaked(server: Server, minutes: float) -> Figure:
    """Growth of resident memory at half load."""
    process = server.process.pid
    full = await load(server.port, process, 1_000, "query")
    # As long again as a request takes at full load: half of it.
    pause = CONNECTIONS["query"] * full.wall / full.requests
    await load(server.port, process, 4_000, "query")
    began, sizes, done, failed = time.monotonic(), [resident_of(process)], 0, 0
    while time.monotonic() - began < minutes * 60:
        run = await load(server.port, process, 200, "query", pause)
        done, failed = done + run.requests, failed + run.failed
        sizes.append(resident_of(process))
    growth, what = sizes[-1] - sizes[0], f"growth of the server's memory in {number(minutes)} minutes at half load"
    note = f"from {sizes[0]:.0f} MB, {failed} failed"
    enough = done if minutes >= SOAKED else done + 1
    return Figure(what, growth, "MB", done, bar=Bar(GROWTH, enough=enough), note=note, samples=tuple(sizes))


if __name__ == "__main__":
    long = "--soak" in sys.argv[1:]
    words = [word for word in sys.argv[1:] if word != "--soak"]
    sys.exit(alone(soak if long else figures, __doc__, words))
