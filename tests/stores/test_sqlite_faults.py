"""What goes wrong around a SQLite file is said with its place and what to do; what was acknowledged stays."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from runtime.errors import ConfigurationFault, RecordRefused, StoreFault
from runtime.memory.record import Counts
from runtime.memory.stores.group_commit import Transaction, Writer, begin_immediate
from runtime.memory.stores.sqlite import SqliteStore
from tests.stores.invariants import file_violations, violations
from tests.stores.records import NOON, a_plan, a_record, a_summary

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(path)
    yield opened
    opened.close()


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreFault, match=r"nowhere/memory\.db: .*its folder must exist"):
        SqliteStore(tmp_path / "nowhere" / "memory.db")


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreFault, match="unable to open"):
        SqliteStore(tmp_path)


@pytest.mark.parametrize("how", ["moved", "removed", "replaced"])
def test_into_a_file_that_is_not_in_its_place_any_more_nothing_is_written(
    store: SqliteStore, path: Path, how: str
) -> None:
    kept, lost = a_record(), a_record()
    store.remember([kept])
    elsewhere = path.with_name("elsewhere.db")
    if how == "replaced":
        elsewhere.write_bytes(b"")
        elsewhere.replace(path)
    elif how == "removed":
        path.unlink()
    else:
        path.rename(elsewhere)

    for act in (lambda: store.remember([lost]), store.counts, lambda: store.withdraw([kept.id])):
        with pytest.raises(StoreFault, match=r"memory\.db: was moved, replaced or removed while it was open"):
            act()

    if how == "moved":
        elsewhere.rename(path)
        store.remember([lost])
        assert store.counts() == Counts(2, 0, 0)
        assert violations(store, [kept.id, lost.id]) == []


def test_a_file_by_a_relative_path_is_the_same_wherever_the_process_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = SqliteStore("memory.db")
    monkeypatch.chdir("/")

    store.remember([a_record()])

    assert store.counts() == Counts(1, 0, 0)
    store.close()


@pytest.mark.parametrize("path", ["", ":memory:", "file::memory:"])
def test_what_is_no_file_is_refused(path: str) -> None:
    with pytest.raises(ConfigurationFault, match="InMemoryStore"):
        SqliteStore(path)


def test_a_file_that_is_no_database_is_left_as_it_is(path: Path) -> None:
    path.write_text("dear diary, " * 200)

    with pytest.raises(StoreFault, match=r"memory\.db: file is not a database: name another file"):
        SqliteStore(path)

    assert path.read_text().startswith("dear diary")


def test_the_database_of_another_program_is_left_as_it_is(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE records (mine TEXT)")

    with pytest.raises(StoreFault, match="another program's"):
        SqliteStore(path)

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("records",)]


def test_tables_of_another_version_are_refused_with_what_to_do(path: Path) -> None:
    SqliteStore(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")

    with pytest.raises(StoreFault, match=r"of version 99, this release reads version 1; open it with"):
        SqliteStore(path)


def test_a_damaged_file_is_said_to_be_damaged(path: Path) -> None:
    with closing(SqliteStore(path)) as store:
        store.remember([a_record(f"text {number} " * 50) for number in range(500)])
    content = bytearray(path.read_bytes())
    content[4096 * 3 :] = b"\xff" * (len(content) - 4096 * 3)
    path.write_bytes(bytes(content))

    def use() -> None:
        with closing(SqliteStore(path)) as store:
            store.oldest(1000)
            store.nearest((1, 0, 0, 0), 5)

    with pytest.raises(StoreFault, match=r"memory\.db: .*(malformed|not a database)"):
        use()


def test_a_writer_that_never_ends_is_waited_for_only_so_long(path: Path) -> None:
    with closing(SqliteStore(path, patience=0.05)) as store, closing(sqlite3.connect(path)) as other:
        store.remember([a_record()])
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreFault, match="another process has held its write lock"):
            store.remember([a_record()])

        assert store.counts() == Counts(1, 0, 0)
        other.rollback()
        store.remember([a_record()])
        assert store.counts() == Counts(2, 0, 0)


_FULL = """
import json, resource, signal, sys
from runtime.errors import StoreFault
from runtime.memory.stores.sqlite import SqliteStore
from tests.stores.records import a_record
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store, kept, fault = SqliteStore(sys.argv[1]), [], None
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY))
while fault is None:
    records = [a_record("it grows " * 40) for _ in range(20)]
    try:
        store.remember(records)
        kept += [record.id for record in records]
    except StoreFault as error:
        fault = str(error)
try:
    store.remember(records[:1])
except StoreFault as error:
    fault = fault
there = len(store.get(kept))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
after = a_record("there is room again")
store.remember([after])
store.close()
print(json.dumps([kept + [after.id], fault, there]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of a file's size here")
def test_a_disk_that_takes_no_more_costs_nothing_that_was_acknowledged(path: Path) -> None:
    pytest.importorskip("resource")
    ran = subprocess.run([sys.executable, "-c", _FULL, str(path)], stdout=subprocess.PIPE, cwd=ROOT, check=True)

    kept, fault, there = json.loads(ran.stdout)

    assert str(path) in fault
    assert "disk" in fault
    assert there == len(kept) - 1 > 0
    with closing(SqliteStore(path)) as store:
        assert violations(store, kept) == []
    assert file_violations(path) == []


def test_writes_that_wait_together_are_committed_together_and_refused_apart(store: SqliteStore) -> None:
    taken = a_record(embedding=(1, 0))
    store.remember([taken])
    holding, go = threading.Event(), threading.Event()

    def hold(transaction: Transaction) -> None:
        holding.set()
        go.wait(10)

    refused: list[str] = []

    def offer(changed: bool) -> None:
        try:
            store.remember([taken._replace(text="else") if changed else a_record(embedding=(1, 0))])
        except RecordRefused as refusal:
            refused.append(str(refusal))

    threads = [threading.Thread(target=store._write, args=(hold,))]
    threads[0].start()
    holding.wait(10)
    threads += [threading.Thread(target=offer, args=(number % 3 == 0,)) for number in range(12)]
    for thread in threads[1:]:
        thread.start()
    go.set()
    for thread in threads:
        thread.join()

    assert len(refused) == 4
    assert store.counts() == Counts(9, 0, 0)
    assert violations(store) == []


def test_what_the_file_cannot_take_fails_alone(store: SqliteStore) -> None:
    holding, go = threading.Event(), threading.Event()
    failed: list[str] = []

    def hold(transaction: Transaction) -> None:
        holding.set()
        go.wait(10)

    def break_it(transaction: Transaction) -> None:
        transaction.connection.execute("INSERT INTO nowhere VALUES (1)")

    def try_to_break() -> None:
        try:
            store._write(break_it)
        except StoreFault as fault:
            failed.append(str(fault))

    threads = [threading.Thread(target=store._write, args=(hold,))]
    threads[0].start()
    holding.wait(10)
    threads += [threading.Thread(target=store.remember, args=([a_record()],)) for _ in range(5)]
    threads.append(threading.Thread(target=try_to_break))
    for thread in threads[1:]:
        thread.start()
    go.set()
    for thread in threads:
        thread.join()

    assert len(failed) == 1
    assert "nowhere" in failed[0]
    assert store.counts() == Counts(5, 0, 0)


def test_a_build_without_a_word_index_reads_every_text_and_says_so(path: Path) -> None:
    with closing(SqliteStore(path, full_text=False)) as store:
        assert ["no FTS5" in note for note in store.notes] == [True]
        store.remember([a_record("an owl"), a_record("a mouse and an owl"), a_record("a river")])
        assert len(store.matching("owl mouse", 9)) == 2
        assert store.matching("owl mouse", 1) == store.matching("owl mouse", 9)[:1]


def test_a_build_with_a_word_index_reads_what_one_without_has_written(path: Path) -> None:
    with closing(SqliteStore(path)) as store:
        store.remember([a_record("an owl")])
    with closing(SqliteStore(path, full_text=False)) as store:
        store.remember([a_record("two owl")])
        sources = store.oldest(1)
        store.fold(a_plan(sources), a_summary(sources, "short"), NOON)

    with closing(SqliteStore(path)) as store:
        assert store.notes == ()
        assert len(store.matching("owl", 9)) == 1
        assert len(store.matching("short", 9)) == 1
    assert file_violations(path) == []


def test_a_write_is_on_the_disk_before_it_is_acknowledged(path: Path) -> None:
    for durable, expected in ((True, 2), (False, 1)):
        with closing(SqliteStore(path, durable=durable)) as store:
            found = store._write(lambda transaction: transaction.connection.execute("PRAGMA synchronous").fetchone())
            assert found == (expected,)


def test_a_store_that_nobody_closed_does_not_keep_a_program_from_ending(path: Path) -> None:
    script = "import sys; from runtime.memory.stores.sqlite import SqliteStore; SqliteStore(sys.argv[1])"

    assert subprocess.run([sys.executable, "-c", script, str(path)], cwd=ROOT, timeout=60, check=False).returncode == 0


def test_who_waits_for_another_writer_gives_up_when_its_patience_is_over(tmp_path: Path) -> None:
    place = tmp_path / "memory.db"
    holding, waiting = (sqlite3.connect(place, isolation_level=None, timeout=0) for _ in range(2))
    holding.execute("BEGIN IMMEDIATE")

    with pytest.raises(sqlite3.OperationalError, match="locked"):
        begin_immediate(waiting, patience=0.05)

    holding.execute("ROLLBACK")
    begin_immediate(waiting, patience=0.0)
    assert waiting.in_transaction
    for connection in (holding, waiting):
        connection.close()


class FailingDisk(sqlite3.Connection):
    """Where the disk fails SQLite has rolled back by itself, and refuses to do it again."""

    def execute(self, sql: str, *rest: Any) -> sqlite3.Cursor:
        if sql == "ROLLBACK":
            raise sqlite3.OperationalError("cannot rollback - no transaction is active")
        return super().execute(sql, *rest)


def test_what_sqlite_has_rolled_back_by_itself_is_told_by_what_failed_first(tmp_path: Path) -> None:
    connection = sqlite3.connect(
        tmp_path / "memory.db", isolation_level=None, check_same_thread=False, factory=FailingDisk
    )
    writer = Writer(connection, 0.0, lambda error: StoreFault(str(error)))

    with pytest.raises(StoreFault, match="no such table: state"):
        writer.write(lambda transaction: None)

    writer.close()
