"""How often `gates measure` accuses wrongly and what it finds, beside pytest-benchmark and asv on the same launches.

    python -m bench.measuring [--live N] [--hogs N] [--markdown docs/budgets.md]
    python -m bench.measuring --record FILE [--launches N] [--hogs N]     records launches for tests/measure/recorded

asv is asked in the environment of `.ci/peers`, by its own functions, and pytest-benchmark by its own checks.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Optional

from pytest_benchmark.stats import Stats
from pytest_benchmark.utils import PercentageRegressionCheck

from bench.machine import machine
from bench.tables import between_markers, ruled
from gates.facts.timing.deciding import LOOKS, Answer, decide, next_look
from gates.measure.launch import Launch, closed, environment
from gates.measure.rounds import Turns, take_turns
from gates.measure.selftest import AMOUNT, DRAWN, MORE, launch, powers
from tests.measure.noise import RECORDED, Noise, recorded

BEGIN = "<!-- written by `make bench-measure`, not by hand -->"
END = "<!-- end of what is written -->"
PEERS = Path(__file__).parents[1] / ".venvs" / "peers" / "bin" / "python"
BLOCK = 10
"""Launches of a side, for who measures one side and then the other."""
FALSE_ALARMS, POWER, SECONDS = 0.01, 0.95, 15.0
_HOG = "while True:\n    sum(range(10000))\n"
_HEADS = ("launches", "method", "false alarms", *(f"found at +{more}" for more in list(MORE)[1:]), "launches a side")


class Row(NamedTuple):
    """What one method says on one recording: how often it said slower, for each of MORE."""

    recording: str
    method: str
    said: Sequence[float]
    launches: str


@contextlib.contextmanager
def hogs(many: int) -> Iterator[None]:
    """So many processes that do nothing but count."""
    started = [subprocess.Popen([sys.executable, "-c", _HOG]) for _ in range(many)]
    try:
        yield
    finally:
        for hog in started:
            hog.kill()
            hog.wait()


def record(place: Path, launches: int, many: int, seed: int) -> None:
    """Record launches of the five workers, in whatever the machine does beside."""
    source, loads, began = random.Random(seed), [], time.monotonic()
    with hogs(many), tempfile.TemporaryDirectory() as folder:
        turns = []
        for _ in range(launches):
            turns.append(launch(source, Path(folder)))
            loads.append(os.getloadavg()[0])
    took = round(time.monotonic() - began)
    about = {"machine": machine(), "python": sys.version.split()[0], "load": [min(loads), max(loads)], "hogs": many}
    rows = [[[round(second * 1e7 / turn.calls) for second in side] for side in turn.seconds] for turn in turns]
    text = json.dumps({"about": {**about, "seconds": took}, "launches": rows}, separators=(",", ":"))
    place.write_bytes(gzip.compress(text.encode("ascii"), 9, mtime=0))
    print(f"{place}: {launches} launches in {took} s, {place.stat().st_size:,} bytes; {about}")


# What the methods say of recorded launches


def rows_of(name: str) -> Iterator[Row]:
    """Every method's verdicts on one recording."""
    noise = recorded(name)
    ours = powers(noise.ratios)
    mean = " / ".join(f"{power.launches:.1f}" for power in ours)
    yield Row(name, f"gates measure, {DRAWN:,} drawn tests", [power.rate for power in ours], f"{mean} on average")
    yield Row(name, "gates measure, in the order of the launches", _in_order(noise), f"{min(LOOKS)} to {max(LOOKS)}")
    for field in ("min", "mean", "median"):
        yield Row(name, f"pytest-benchmark, compare-fail={field}:5%", _pytest_benchmark(noise, field), "1")
    for factor in (1.05, 1.02):
        said = _asv(noise, factor)
        if said is not None:
            yield Row(name, f"asv continuous, --factor {factor}", said, f"{BLOCK}")


def _in_order(noise: Noise) -> list[float]:
    """As many tests as there are windows of 32 launches, one behind the other."""
    size = max(LOOKS)
    found = []
    for ratios in noise.ratios.values():
        windows = [ratios[at : at + size] for at in range(len(ratios) - size + 1)]
        slower = sum(decide({"it": window})["it"].answer is Answer.SLOWER for window in windows)
        found.append(slower / len(windows))
    return found


def _pytest_benchmark(noise: Noise, field: str) -> list[float]:
    """One run of A, and one of the other side in the launch behind it."""
    check = PercentageRegressionCheck(field, 5)
    runs = [[_stats(side) for side in turn.seconds] for turn in noise.turns]
    return [
        sum(bool(check.fails(now[side], before[0])) for before, now in zip(runs, runs[1:])) / (len(runs) - 1)
        for side in range(1, len(MORE) + 1)
    ]


def _stats(seconds: Sequence[float]) -> dict[str, float]:
    stats = Stats()
    for second in seconds:
        stats.update(second)
    return {field: getattr(stats, field) for field in ("min", "mean", "median")}


def _asv(noise: Noise, factor: float) -> Optional[list[float]]:
    """Ten launches of A, then ten of the other side, all their rounds as samples; None where asv is not installed."""
    if not PEERS.exists():
        return None
    script = Path(__file__).parent / "asv_verdicts.py"
    starts = range(len(noise.turns) - 2 * BLOCK + 1)
    pairs = [
        [_samples(noise.turns[at : at + BLOCK], 0), _samples(noise.turns[at + BLOCK : at + 2 * BLOCK], side)]
        for side in range(1, len(MORE) + 1)
        for at in starts
    ]
    asked = json.dumps({"factor": factor, "pairs": pairs})
    done = subprocess.run([str(PEERS), str(script)], input=asked, capture_output=True, text=True, check=True)
    slower = json.loads(done.stdout)
    many = len(starts)
    return [sum(slower[side * many : (side + 1) * many]) / many for side in range(len(MORE))]


def _samples(turns: Sequence[Turns], side: int) -> list[float]:
    return [second for turn in turns for second in turn.seconds[side]]


# Live


class Live(NamedTuple):
    """Whole tests that were made one after another: how many said slower, and what the longest took."""

    more: str
    tests: int
    slower: int
    not_proven: int
    seconds: float
    longest: float


def live(more: str, tests: int, seed: int) -> Live:
    """Test after test, each with launches of its own."""
    source = random.Random(seed)
    answers, took = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(tests):
            began = time.monotonic()
            answers.append(_test(MORE[more], source, Path(folder)))
            took.append(time.monotonic() - began)
    slower, silent = answers.count(Answer.SLOWER), answers.count(Answer.NOT_PROVEN)
    return Live(more, tests, slower, silent, sum(took) / tests, max(took))


def _test(more: float, source: random.Random, folder: Path) -> Answer:
    ratios: list[float] = []
    while True:
        look = next_look(len(ratios))
        if look is None:
            return Answer.NOT_PROVEN
        while len(ratios) < look:
            ratios.append(_pair(more, source, folder))
        answer = decide({"it": ratios})["it"].answer
        if answer is not Answer.NOT_PROVEN:
            return answer


def _pair(more: float, source: random.Random, folder: Path) -> float:
    seed, head_first = source.randrange(2**32), source.random() < 0.5
    amounts = [round(AMOUNT * (1 + more)), AMOUNT]
    started: dict[int, Launch] = {}
    try:
        for side in (0, 1) if head_first else (1, 0):
            started[side] = Launch(folder, {"work": amounts[side]}, environment(folder, seed))
        workers = [started[0], started[1]]
        estimate = min(worker.hear()["seconds"] for worker in workers)
        return take_turns(workers, estimate, source).log_ratio(0, 1)
    finally:
        closed(list(started.values()))


# As people read it


def table(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """One line a method and recording."""
    return [(row.recording, row.method, *(f"{rate:.1%}" for rate in row.said), row.launches) for row in rows]


def told(name: str) -> str:
    """What a recording is."""
    noise = recorded(name)
    about: Any = noise.about
    load = "{:.1f} to {:.1f}".format(*about["load"])
    beside = f", {about['hogs']} hogs beside" if about["hogs"] else ""
    kind = f"Python {about['python']}, load {load}{beside}"
    return (
        f"- `{name}`: {len(noise.turns)} launches of five workers in {about['seconds']} s; {about['machine']}; {kind}"
    )


def main(arguments: Sequence[str]) -> int:
    """0 where the bars are met, 1 where not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", type=Path, metavar="FILE")
    parser.add_argument("--launches", type=int, default=240)
    parser.add_argument("--hogs", type=int, default=0, metavar="N", help="processes beside that do nothing but count")
    parser.add_argument("--live", type=int, default=0, metavar="N", help="whole tests of each kind, live")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--markdown", type=Path, help="write the tables between the marks of this file")
    asked = parser.parse_args(arguments)
    if asked.record:
        record(asked.record, asked.launches, asked.hogs, asked.seed)
        return 0
    rows = [row for name in RECORDED for row in rows_of(name)]
    parts = ["\n".join(map(told, RECORDED)), ruled([_HEADS, *table(rows)])]
    is_met = all(row.said[0] <= FALSE_ALARMS and row.said[2] >= POWER for row in rows if row.method.startswith("gates"))
    if asked.live:
        before = os.getloadavg()[0]
        with hogs(asked.hogs):
            lives = [live(more, asked.live, asked.seed) for more in ("nothing", "5 %")]
        load = f"load {before:.1f} before, {os.getloadavg()[0]:.1f} after"
        parts.append(f"Live, {asked.hogs} hogs beside, {load}; {machine()}:")
        heads = ("head does more by", "tests", "said slower", "not proven", "seconds a test", "the longest")
        cells = [(one.more, *map(str, one[1:4]), f"{one.seconds:.1f}", f"{one.longest:.1f}") for one in lives]
        parts.append(ruled([heads, *cells]))
        none, some = lives
        is_met &= none.slower <= FALSE_ALARMS * none.tests and some.slower >= POWER * some.tests
        is_met &= all(one.seconds <= SECONDS for one in lives)
    text = "\n\n".join(parts)
    print(text)
    if asked.markdown:
        document = asked.markdown.read_text("utf-8")
        asked.markdown.write_text(between_markers(document, text, BEGIN, END), "utf-8")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
