"""What the registry costs: python bench/registry.py [--quick]. CPU time, beside plain task round trips of the same run.

Cold figures come from fresh processes, ours and the standard library's in turn; their files are in the page cache.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Callable, NamedTuple

from runtime.registry.construction import construct
from runtime.registry.installed import Installed
from runtime.registry.registry import Registry
from runtime.registry.services import Services
from tests.registry.plugin_package import PluginPackage

PLUGIN_PACKAGES = 10
ROOT = Path(__file__).parents[1]
COLD = """
import importlib.metadata, time
{prepare}
began = time.process_time()
{measured}
print(time.process_time() - began)
"""
STANDARD = ("", "importlib.metadata.entry_points()")
OURS = ("from runtime.registry.installed import installed", "installed()")


class Row(NamedTuple):
    """One figure: least and median of `n` rounds, in seconds a call; `bar`, the most that `ratio` may be."""

    what: str
    n: int
    least: float
    median: float
    beside: str
    ratio: float
    bar: str = ""


class Store:
    """A service."""


class Node:
    """A plugin of an ordinary shape."""

    def __init__(self, store: Store, *, limit: int = 8) -> None:
        self.store, self.limit = store, limit


def rounds(call: Callable[[], object], calls: int, count: int) -> list[float]:
    """CPU seconds a call, one figure a round."""
    found = []
    for _ in range(count):
        began = time.process_time()
        for _ in range(calls):
            call()
        found.append((time.process_time() - began) / calls)
    return found


def round_trips(calls: int, count: int) -> list[float]:
    """The calibration: a task that does nothing, made and awaited."""

    async def nothing() -> None: ...

    async def trips() -> float:
        began = time.process_time()
        for _ in range(calls):
            await asyncio.create_task(nothing())
        return (time.process_time() - began) / calls

    return [asyncio.run(trips()) for _ in range(count)]


def cold(how: tuple[str, str], site: Path) -> float:
    """In a process of its own, with the packages of `site` on its path."""
    environment = {**os.environ, "PYTHONPATH": str(site)}
    script = COLD.format(prepare=how[0], measured=how[1])
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, encoding="utf-8"
    )
    return float(done.stdout)


def warm_rows(calls: int, count: int) -> Iterator[Row]:
    """What is done while the service runs."""
    trip = round_trips(calls, count)
    base = min(trip)
    yield _row("asyncio task round trip", trip, "", 1.0)
    registry = Registry({"store": Store()})
    for number in range(50):
        registry.register(f"node:n{number}", object())
    resolved = rounds(lambda: registry.resolve("node:n7"), calls, count)
    met = "met" if min(resolved) <= 1e-6 else "NOT MET"
    yield _row("resolve, of 50 plugins", resolved, "task round trip", min(resolved) / base, f"1 us: {met}")
    store = Store()
    services = Services({"store": store, "clock": time.monotonic})
    raw = rounds(lambda: Node(store=store), calls, count)
    yield _row("construct by hand", raw, "task round trip", min(raw) / base)
    kept = rounds(lambda: construct(Node, services), calls, count)
    yield _row("construct, plan kept", kept, "construct by hand", min(kept) / min(raw))
    fresh = rounds(lambda: construct(Node, Services({"store": store})), max(1, calls // 100), count)
    yield _row("construct, plan made", fresh, "construct by hand", min(fresh) / min(raw))


def cold_rows(count: int) -> Iterator[Row]:
    """What is done once, at boot."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(PLUGIN_PACKAGES):
            announced = {"lukhas.cognitive_nodes": {f"n{number}": "nowhere:Node"}}
            PluginPackage(f"acme-{number}", "1.0", {}, announced).install(Path(folder))
        pairs = [(cold(STANDARD, Path(folder)), cold(OURS, Path(folder))) for _ in range(count)]
    standard, ours = [first for first, _ in pairs], [second for _, second in pairs]
    yield _row("one entry_points() call, cold", standard, "", 1.0)
    times = statistics.median(ours) / statistics.median(standard)
    yield _row(
        "scan of ours, cold", ours, "entry_points(), medians", times, f"1.2: {'met' if times <= 1.2 else 'NOT MET'}"
    )


def second_discovery() -> str:
    """What a second discovery opens and lists, by the interpreter's own account."""
    from runtime.registry.discovery import auto_discover
    from runtime.registry.installed import installed
    from tests.registry.boot import counted_opens

    found: Installed = installed()
    registry = Registry(on_duplicate="shadow")
    auto_discover(registry, "auto")
    opened = counted_opens(lambda: auto_discover(registry, "auto"))
    return f"second discovery: {len(opened)} files read, of {found.distributions} distributions (bar 0)"


def _row(what: str, found: Sequence[float], beside: str, ratio: float, bar: str = "") -> Row:
    return Row(what, len(found), min(found), statistics.median(found), beside, ratio, bar)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds: does it run, not what does it cost")
    quick = parser.parse_args().quick
    print(f"{'':32}{'n':>4}{'least us':>12}{'median us':>12}{'ratio':>8}  beside; bar")
    for rows in (warm_rows(2_000 if quick else 50_000, 3 if quick else 9), cold_rows(3 if quick else 21)):
        for row in rows:
            print(
                f"{row.what:32}{row.n:>4}{row.least * 1e6:>12.3f}{row.median * 1e6:>12.3f}{row.ratio:>8.2f}"
                f"  {row.beside}{'; ' if row.bar else ''}{row.bar}"
            )
    print(second_discovery())


if __name__ == "__main__":
    main()
