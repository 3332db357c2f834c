"""Several processes at once on one place: no errors, nothing lost, one fold where two would fold the same."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from runtime.errors import StoreFault
from runtime.memory.record import Counts
from tests.stores.invariants import file_violations, violations
from tests.stores.places import Place, PostgresPlace, SqlitePlace
from tests.stores.records import NOON, a_plan, a_record, a_summary

ROOT = Path(__file__).resolve().parents[2]

_WRITES = """
import sys
from tests.stores.places import open_elsewhere
from tests.stores.records import a_record
store = open_elsewhere(*sys.argv[1:4])
print("ready", flush=True)
sys.stdin.readline()
for batch in range(12):
    records = [a_record(f"process {sys.argv[4]} owl {batch} {number}") for number in range(25)]
    store.remember(records)
    print("\\n".join(record.id for record in records), flush=True)
store.close()
"""
_FOLDS = """
import sys
from tests.stores.places import open_elsewhere
from tests.stores.records import NOON, a_plan, a_summary
store = open_elsewhere(*sys.argv[1:4])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(15):
    sources = store.oldest(8)
    fold = store.fold(a_plan(sources), a_summary(sources, f"by {sys.argv[4]}"), NOON) if len(sources) > 3 else None
    print("none" if fold is None else fold.summary, flush=True)
store.close()
"""


def _where(place: Place) -> list[str]:
    if isinstance(place, PostgresPlace):
        return [place.kind, place.url, place.schema]
    assert isinstance(place, SqlitePlace)
    return [place.kind, str(place.path), ""]


def _all_at_once(place: Place, scripts: list[str]) -> list[list[str]]:
    """What each of them printed; they begin together."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script, *_where(place), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for number, script in enumerate(scripts)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate()[0].split() for process in running]
    assert [process.returncode for process in running] == [0] * len(running)
    return said


def test_processes_that_write_at_once_lose_nothing(shared_place: Place) -> None:
    said = _all_at_once(shared_place, [_WRITES] * 3)

    store = shared_place.open()
    acknowledged = [name for names in said for name in names]
    assert len(set(acknowledged)) == 900
    assert store.counts() == Counts(900, 0, 0)
    assert len(store.matching("owl", 1000)) == 900
    assert len(store.nearest((1, 0, 0, 0), 1000)) == 900
    assert violations(store, acknowledged) == []


def test_processes_that_fold_the_same_at_once_agree(shared_place: Place) -> None:
    store = shared_place.open()
    records = [a_record(f"number {number}") for number in range(120)]
    store.remember(records)

    said = _all_at_once(shared_place, [_FOLDS] * 3)

    standing = {fold.summary for fold in store.folds()}
    assert {name for names in said for name in names} - {"none"} == standing
    assert violations(store, [record.id for record in records]) == []


def test_processes_that_open_a_new_place_at_once_make_one(shared_place: Place) -> None:
    said = _all_at_once(shared_place, [_WRITES.replace("range(12)", "range(1)")] * 4)

    assert shared_place.open().counts() == Counts(100, 0, 0)
    assert all(len(names) == 25 for names in said)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_is_told_to_open_the_place_itself(shared_place: Place) -> None:
    store = shared_place.open()
    store.remember([a_record()])
    child = os.fork()
    if not child:
        told = 1
        try:
            store.remember([a_record()])
        except StoreFault as fault:
            told = 0 if "open it in this process" in str(fault) else 2
            store.close()
        finally:
            os._exit(told)

    assert os.waitpid(child, 0)[1] == 0
    assert store.counts() == Counts(1, 0, 0)
    store.remember([a_record()])
    assert store.counts() == Counts(2, 0, 0)


def test_what_is_killed_over_and_over_loses_nothing_that_was_acknowledged(shared_place: Place) -> None:
    command = [sys.executable, "-m", "bench.kills", "--kills", "6", "--writes", "2000", "--store", shared_place.kind]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, check=False)

    survived = json.loads(ran.stdout)
    assert survived["violations"] == []
    assert survived["lost"] == 0
    assert survived["kills"] >= 6
    assert survived["acknowledged"] >= 2000
    assert survived["folds"] + survived["undone"] > 0
    assert ran.returncode == 0


def test_a_file_from_which_something_acknowledged_was_taken_is_noticed(tmp_path: Path) -> None:
    place = SqlitePlace(tmp_path / "memory.db")
    store = place.open()
    sources = [a_record() for _ in range(3)]
    store.remember(sources)
    store.fold(a_plan(sources), a_summary(sources), NOON)
    assert violations(store, [source.id for source in sources]) == []
    with closing(sqlite3.connect(place.path)) as connection, connection:
        connection.execute("DELETE FROM records WHERE id = ?", (sources[0].id,))

    found = violations(store, [source.id for source in sources])

    assert any("acknowledged records are lost" in one for one in found)
    assert any("counts() says" in one for one in found)
    assert any("listed and not marked" in one for one in found)
    assert any("index of words" in one for one in file_violations(place.path))
    store.close()


@pytest.mark.parametrize(
    ("planted", "complaint"),
    [
        ("UPDATE records SET folded_into = NULL WHERE rowid = 1", "listed and not marked"),
        ("UPDATE records SET folded_into = 'nobody' WHERE rowid = 4", "under none that is live"),
        ("UPDATE records SET depth = 7 WHERE rowid = 4", "not one more than its deepest"),
        ("DELETE FROM records WHERE rowid = 4", "its summary"),
        ("UPDATE state SET live = 9", "counts() says"),
    ],
)
def test_each_invariant_that_is_broken_is_noticed(tmp_path: Path, planted: str, complaint: str) -> None:
    place = SqlitePlace(tmp_path / "memory.db")
    store = place.open()
    sources = [a_record() for _ in range(3)]
    store.remember(sources)
    store.fold(a_plan(sources), a_summary(sources), NOON)
    with closing(sqlite3.connect(place.path)) as connection, connection:
        connection.execute(planted)

    assert any(complaint in one for one in violations(store))
    store.close()
