"""What the registry costs: CPU time, beside plain task round trips of the same run.

Cold figures come from fresh processes, ours and the standard library's in turn; their files are in the page cache.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

from bench.calibration import ROUND_TRIP, in_turns, median_of, round_trip
from bench.figure import Bar, Figure, alone
from runtime.registry.construction import construct
from runtime.registry.discovery import auto_discover
from runtime.registry.installed import installed
from runtime.registry.registry import Registry
from runtime.registry.services import Services
from tests.registry.boot import counted_opens
from tests.registry.plugin_package import PluginPackage

PLUGIN_PACKAGES = 10
ROOT = Path(__file__).parents[1]


class Store:
    """A service."""


class Node:
    """A plugin of an ordinary shape."""

    def __init__(self, store: Store, *, limit: int = 8) -> None:
        self.store, self.limit = store, limit


def cold(whose: str, site: Path) -> float:
    """CPU seconds of a scan in a process of its own, with the packages of `site` on its path."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.cold_scan", whose],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(site)},
        check=True,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    return float(done.stdout)


def figures(quick: bool) -> Iterator[Figure]:
    """What is done while the service runs, and what is done once, at boot."""
    yield from warm(2_000 if quick else 50_000, 3 if quick else 9)
    yield from at_boot(3 if quick else 21)
    yield second_discovery()


def warm(calls: int, count: int) -> Iterator[Figure]:
    """Microseconds, least of the rounds."""
    registry = Registry({"store": Store()})
    for number in range(50):
        registry.register(f"node:n{number}", object())
    store = Store()
    services = Services({"store": store, "clock": time.monotonic})
    cases = {
        ROUND_TRIP: lambda: round_trip(calls),
        "resolve": lambda: each(lambda: registry.resolve("node:n7"), calls),
        "by hand": lambda: each(lambda: Node(store=store), calls),
        "plan kept": lambda: each(lambda: construct(Node, services), calls),
        "plan made": lambda: each(lambda: construct(Node, Services({"store": store})), max(1, calls // 100)),
    }
    found = {name: [1e6 * seconds for seconds in taken] for name, taken in in_turns(cases, count).items()}
    for name, what, beside, bar in (
        ("resolve", "resolving one of 50 plugins", ROUND_TRIP, Bar(1.0)),
        ("plan kept", "constructing a plugin, its plan kept", "by hand", None),
        ("plan made", "constructing a plugin, its plan made", "by hand", None),
    ):
        samples = found[name]
        ratio, note, kept = samples[0] / found[beside][0], median_of(samples), tuple(samples)
        yield Figure(what, samples[0], "µs of CPU", count * calls, beside, ratio, bar, note, kept)


def each(call: Callable[[], object], calls: int) -> float:
    """CPU seconds of one call, the mean of so many."""
    began = time.process_time()
    for _ in range(calls):
        call()
    return (time.process_time() - began) / calls


def at_boot(count: int) -> Iterator[Figure]:
    """Milliseconds, median: a cold process has no least."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(PLUGIN_PACKAGES):
            announced = {"lukhas.cognitive_nodes": {f"n{number}": "nowhere:Node"}}
            PluginPackage(f"acme-{number}", "1.0", {}, announced).install(Path(folder))
        pairs = [(cold("plain", Path(folder)), cold("ours", Path(folder))) for _ in range(count)]
    standard, ours = (statistics.median(side) for side in zip(*pairs))
    samples = tuple(1e3 * second for _, second in pairs)
    bar = Bar(1.2, of_ratio=True)
    beside = "one entry_points() call, cold"
    yield Figure(
        "the scan for plugins, cold", 1e3 * ours, "ms of CPU", count, beside, ours / standard, bar, "", samples
    )


def second_discovery() -> Figure:
    """What a second discovery opens, by the interpreter's own account."""
    found = installed()
    registry = Registry(on_duplicate="shadow")
    auto_discover(registry, "auto")
    opened = counted_opens(lambda: auto_discover(registry, "auto"))
    what = f"files that a second discovery reads, of {found.distributions} distributions"
    return Figure(what, len(opened), "", found.distributions, bar=Bar(0))


if __name__ == "__main__":
    sys.exit(alone(figures, __doc__))
