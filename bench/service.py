"""What a request costs the server, and whether its memory grows: a real server in a process of its own, and load.

Requests a second of server CPU, not of wall time: the machine may be shared, and the load comes from it, too. `--soak`
holds half of the load that the server bears for some minutes, and says how its resident memory grew.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Optional

ROOT = Path(__file__).parents[1]
BAR = 15_000.0  # requests of /system/plugins a second of server CPU
GROWTH_BAR = 24.0  # MB over ten minutes
CONNECTIONS = {"plugins": 32, "query": 4}  # more questions at once than that, and a busy machine sheds
PASSAGES = 2_000
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
CALIBRATION = "plain task round trips"
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


def calibrate(rounds: int = 20_000) -> float:
    """CPU seconds of one plain task round trip here and now."""

    async def nothing() -> None:
        return None

    async def run() -> float:
        began = time.process_time()
        for _ in range(rounds):
            await asyncio.ensure_future(nothing())
        return (time.process_time() - began) / rounds

    return asyncio.run(run())


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


async def costs(server: Server, rounds: int, quick: bool) -> None:
    """The table of costs."""
    await server.ready()
    sizes = {"plugins": 4_000 if quick else 20_000, "query": 400 if quick else 2_000}
    for path, requests in sizes.items():
        await load(server.port, server.process.pid, requests // 4, path)  # what is cold is not measured
    print(f"{'request':18} {'n':>8} {'failed':>6} {'requests/s of server CPU':>38} {'us CPU each':>12} {'ratio':>7}")
    for path, requests in sizes.items():
        runs, units = [], []
        for _ in range(rounds):
            units.append(await asyncio.to_thread(calibrate, 5_000))
            runs.append(await load(server.port, server.process.pid, requests, path))
        rates = sorted(run.a_second for run in runs)
        median = statistics.median(rates)
        each = 1e6 / median
        shown = f"median {median:,.0f} (min {rates[0]:,.0f}, max {rates[-1]:,.0f})"
        failed = sum(run.failed for run in runs)
        ratio = each / (statistics.median(units) * 1e6)
        print(f"{path:18} {requests * rounds:8,} {failed:6} {shown:>38} {each:12.1f} {ratio:7.1f}")
        if path == "plugins":
            print(f"{'':18} bar {BAR:,.0f}: {'met' if median >= BAR else 'NOT met'}")
    print(f"ratio: to one of the {CALIBRATION}, {statistics.median(units) * 1e6:.2f} us CPU each in this run")


async def soak(server: Server, minutes: float) -> None:
    """Growth of resident memory at half load."""
    await server.ready()
    full = await load(server.port, server.process.pid, 1_000, "query")
    pause = (
        CONNECTIONS["query"] * full.wall / full.requests
    )  # as long again as a request takes at full load: half of it
    await load(server.port, server.process.pid, 4_000, "query")
    began, first, done, failed = time.monotonic(), resident_of(server.process.pid), 0, 0
    print(f"{'minute':>7} {'queries':>9} {'failed':>7} {'MB':>8}\n{0.0:7.1f} {0:9,} {0:7} {first:8.1f}", flush=True)
    told = began
    while time.monotonic() - began < minutes * 60:
        run = await load(server.port, server.process.pid, 1_000, "query", pause)
        done, failed = done + run.requests, failed + run.failed
        if time.monotonic() - told >= max(5.0, minutes * 6):
            told = time.monotonic()
            print(f"{(told - began) / 60:7.1f} {done:9,} {failed:7} {resident_of(server.process.pid):8.1f}", flush=True)
    growth = resident_of(server.process.pid) - first
    bar = GROWTH_BAR * max(1.0, minutes / 10)
    print(f"grew by {growth:.1f} MB over {minutes:g} minutes and {done:,} queries; bar {bar:.0f}: "
          f"{'met' if growth <= bar else 'NOT met'}")  # fmt: skip


def main(words: Optional[Sequence[str]] = None) -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="bench/service.py", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a first look: fewer requests, two rounds")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each request [default: 7]")
    parser.add_argument("--soak", action="store_true", help="hold half load instead")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long to soak [default: 10]")
    options = parser.parse_args(words)
    print(f"python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            if options.soak:
                asyncio.run(soak(server, options.minutes))
            else:
                asyncio.run(costs(server, 2 if options.quick else options.rounds, options.quick))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
