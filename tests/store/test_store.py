"""Whatever happens to the file: no crash, no wrong value, and a word about it."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gates
from gates.facts.store import SCHEMA, Store

OURS = str(Path(gates.__file__).parents[1])
KEYS = [f"{number:040x}" for number in range(300)]


def value_of(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest() * (1 + int(key, 16) % 7)


VALUES = {key: value_of(key) for key in KEYS}


def start(code: str, *arguments: object) -> subprocess.Popen[bytes]:
    """A process of its own that runs this code on a store."""
    whole = "import sys, hashlib; from pathlib import Path; from gates.facts.store import Store\n" + code
    command = [sys.executable, "-c", whole, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": OURS})


def test_what_was_put_is_there_again(tmp_path: Path) -> None:
    with Store(tmp_path / "facts.sqlite") as store:
        store.put("fact", VALUES)
        store.put("other", {KEYS[0]: b"other"})
        store.put("fact", {KEYS[1]: b"", KEYS[2]: b"\0"})
    with Store(tmp_path / "facts.sqlite") as store:
        assert store.get("fact", KEYS) == {**VALUES, KEYS[1]: b"", KEYS[2]: b"\0"}
        assert store.get("other", KEYS) == {KEYS[0]: b"other"}
        assert store.get_one("fact", KEYS[1]) == b""
        assert store.get_one("fact", "nowhere") is None
        assert store.counted()["other"] == (1, 9)
        store.clear()
        assert store.get("fact", KEYS) == {}
        assert store.notes == []


def test_more_keys_than_one_question_can_hold_are_asked_for(tmp_path: Path) -> None:
    many = {str(number): str(number).encode() for number in range(2_345)}
    with Store(tmp_path / "facts.sqlite") as store:
        store.put("fact", many)
        assert store.get("fact", list(many)) == many


def test_without_a_file_nothing_is_kept_and_nothing_said() -> None:
    with Store(None) as store:
        store.put("fact", VALUES)
        assert store.get("fact", KEYS) == {}
        assert store.counted() == {}
        assert store.notes == []


WRITER = """
with Store(Path(sys.argv[1])) as store:
    for number in range(int(sys.argv[2]), int(sys.argv[3])):
        keys = [f"{number * 10 + i:040x}" for i in range(10)]
        store.put("fact", {k: hashlib.sha256(k.encode()).digest() * (1 + int(k, 16) % 7) for k in keys})
        store.get("fact", keys)
    print(*store.notes)
"""


def test_several_processes_write_and_read_one_store_at_once(tmp_path: Path) -> None:
    file = tmp_path / "facts.sqlite"
    running = [start(WRITER, file, first, first + 40) for first in (0, 20, 40, 60)]
    said = [process.communicate()[0].strip() for process in running]

    assert [process.returncode for process in running] == [0] * 4
    assert said == [b""] * 4
    keys = [f"{number:040x}" for number in range(1000)]
    with Store(file) as store:
        assert store.get("fact", keys) == {key: value_of(key) for key in keys}


ENDLESS = """
import itertools
with Store(Path(sys.argv[1])) as store:
    for number in itertools.count(int(sys.argv[2])):
        keys = [f"{number * 10 + i:040x}" for i in range(10)]
        store.put("fact", {k: hashlib.sha256(k.encode()).digest() * (1 + int(k, 16) % 7) for k in keys})
        print(number, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_writer_that_is_killed_leaves_whole_batches(tmp_path: Path) -> None:
    file = tmp_path / "facts.sqlite"
    written = 0
    for lines in range(1, 9):
        process = start(ENDLESS, file, written)
        assert process.stdout is not None
        for _ in range(lines * 3):
            assert process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        rest = process.communicate()[0]
        assert process.returncode == -signal.SIGKILL
        last = written + lines * 3 - 1 + len(rest.split())
        with Store(file) as store:
            keys = [f"{number:040x}" for number in range((last + 2) * 10)]
            found = store.get("fact", keys)
            assert store.notes == []
        assert all(value == value_of(key) for key, value in found.items())
        batches = [sum(key in found for key in keys[at : at + 10]) for at in range(0, len(keys), 10)]
        assert set(batches) <= {0, 10}
        assert batches[: last + 1] == [10] * (last + 1)  # said to be written, so it is there
        written = last


@pytest.fixture(scope="module")
def whole() -> bytes:
    """The bytes of a store that was closed in good order."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "facts.sqlite"
        with Store(file) as store:
            store.put("fact", VALUES)
        return Bytes(file.read_bytes())


class Bytes(bytes):
    """Said in a few letters where a test tells what it was given."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


damage = st.one_of(
    st.tuples(st.just("write"), st.floats(0, 1), st.binary(min_size=1, max_size=300)),
    st.tuples(st.just("head"), st.floats(0, 1), st.binary(min_size=1, max_size=4)),
    st.tuples(st.just("cut"), st.floats(0, 1), st.just(b"")),
    st.tuples(st.just("insert"), st.floats(0, 1), st.binary(min_size=1, max_size=5000)),
)


def damaged(content: bytes, damages: list[tuple[str, float, bytes]]) -> bytes:
    for kind, where, new in damages:
        at = int(where * (100 if kind == "head" else len(content)))
        if kind == "cut":
            content = content[:at]
        else:
            content = content[:at] + new + content[at + (0 if kind == "insert" else len(new)) :]
    return content


@settings(max_examples=150, deadline=None)
@given(damages=st.lists(damage, min_size=1, max_size=4), has_log=st.booleans())
def test_a_damaged_store_gives_no_wrong_value_and_serves_again(
    whole: bytes, damages: list[tuple[str, float, bytes]], has_log: bool
) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        file = folder / "facts.sqlite"
        file.write_bytes(damaged(whole, damages))
        if has_log:
            (folder / "facts.sqlite-wal").write_bytes(damaged(whole, damages))
        with Store(file) as store:
            found = store.get("fact", KEYS)
            assert found.items() <= VALUES.items()
            store.put("fact", VALUES)
            store.counted()
            mended = store.get("fact", KEYS)
            assert mended.items() <= VALUES.items()
            # A byte that keeps all pages well-formed may hide a few rows for good: what is missing is worked out anew.
            assert store.notes or len(mended) > len(VALUES) // 2
            notes = list(store.notes)
        with Store(file) as store:  # what was made anew stays so
            assert store.get("fact", KEYS).items() <= VALUES.items()
            store.put("fact", VALUES)
            served = store.get("fact", KEYS)
            assert store.notes or len(served) > len(VALUES) // 2
        assert all(note.startswith(("the cache was made anew: ", "no cache: ")) for note in notes)
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("content", [b"", b"no database at all\n" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_what_is_no_store_is_made_one(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "facts.sqlite"
    file.write_bytes(content)
    with Store(file) as store:
        store.put("fact", VALUES)
        assert store.get("fact", KEYS) == VALUES
        assert [note.split(":")[0] for note in store.notes] == (["the cache was made anew"] if content else [])


def test_a_store_of_another_version_is_made_anew_with_a_word(tmp_path: Path) -> None:
    file = tmp_path / "facts.sqlite"
    with Store(file) as store:
        store.put("fact", VALUES)
    connection = sqlite3.connect(file)
    connection.execute(f"PRAGMA user_version={SCHEMA + 1}")
    connection.close()

    with Store(file) as store:
        assert store.get("fact", KEYS) == {}
        assert len(store.notes) == 1
        assert f"it was written by another version ({SCHEMA + 1}, not {SCHEMA})" in store.notes[0]
    with Store(file) as store:
        assert store.notes == []


def test_a_store_of_another_shape_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "facts.sqlite"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE kept (a, b)")
    connection.execute(f"PRAGMA user_version={SCHEMA}")
    connection.commit()
    connection.close()

    with Store(file) as store:
        store.put("fact", VALUES)
        assert store.get("fact", KEYS) == VALUES
        assert len(store.notes) == 1


@pytest.mark.parametrize("change", ["flip", "swap", "text", "null"])
def test_a_value_that_is_not_what_was_put_is_not_there(tmp_path: Path, change: str) -> None:
    file = tmp_path / "facts.sqlite"
    with Store(file) as store:
        store.put("fact", VALUES)
    connection = sqlite3.connect(file)
    (sealed,) = connection.execute("SELECT value FROM kept WHERE key = ?", (KEYS[5],)).fetchone()
    (other,) = connection.execute("SELECT value FROM kept WHERE key = ?", (KEYS[6],)).fetchone()
    new = {"flip": sealed[:-1] + bytes([sealed[-1] ^ 1]), "swap": other, "text": "text", "null": None}[change]
    connection.execute("UPDATE kept SET value = ? WHERE key = ?", (new, KEYS[5]))
    connection.commit()
    connection.close()

    with Store(file) as store:
        assert store.get("fact", KEYS) == {key: value for key, value in VALUES.items() if key != KEYS[5]}


def test_a_place_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for place in (tmp_path / "file" / "facts.sqlite", tmp_path / "file" / "deep" / "facts.sqlite"):
        with Store(place) as store:
            store.put("fact", VALUES)
            assert store.get("fact", KEYS) == {}
            assert len(store.notes) == 1
            assert store.notes[0].startswith("no cache: ")
            assert "GATES_CACHE" in store.notes[0]
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_folder_in_place_of_the_file_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "facts.sqlite" / "precious").mkdir(parents=True)
    with Store(tmp_path / "facts.sqlite") as store:
        store.put("fact", VALUES)
        assert store.get("fact", KEYS) == {}
        assert len(store.notes) == 1
    assert (tmp_path / "facts.sqlite" / "precious").is_dir()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a file system of its own")
def test_no_space_left_is_said_and_what_fits_is_right(tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("this user may not mount a file system")
    try:
        with Store(place / "facts.sqlite") as store:
            store.put("fact", dict(list(VALUES.items())[:10]))
            store.put("fact", {f"large{number}": b"x" * 100_000 for number in range(10)})
            assert store.get("fact", KEYS).items() <= VALUES.items()
            assert len(store.notes) == 1
            assert "full" in store.notes[0]
        with Store(place / "facts.sqlite") as store:
            assert store.get("fact", KEYS).items() <= VALUES.items()
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_store_that_is_taken_away_meanwhile_is_no_harm(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    with Store(folder / "facts.sqlite") as store:
        store.put("fact", VALUES)
        shutil.rmtree(folder)
        assert store.get("fact", KEYS).items() <= VALUES.items()
        store.put("fact", {"new": b"new"})
        assert store.get("fact", ["new"]) in ({"new": b"new"}, {})


def test_the_cache_keeps_itself_out_of_git(tmp_path: Path) -> None:
    Store(tmp_path / ".gates" / "cache" / "facts.sqlite").close()
    Store(tmp_path / "elsewhere" / "facts.sqlite").close()
    (tmp_path / "mine").mkdir()
    Store(tmp_path / "mine" / "facts.sqlite").close()

    assert (tmp_path / ".gates" / ".gitignore").read_text() == "*\n"
    assert (tmp_path / "elsewhere" / ".gitignore").read_text() == "*\n"
    assert not (tmp_path / "mine" / ".gitignore").exists()  # a folder that was there is not ours


def test_a_store_that_has_grown_too_large_is_made_anew_with_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(tmp_path / "facts.sqlite") as store:
        store.put("verdict", {"a": b"x" * 100_000})
    monkeypatch.setattr("gates.facts.store.MAX_BYTES", 50_000)

    with Store(tmp_path / "facts.sqlite") as store:
        assert store.notes == ["the cache was made anew: it had grown beyond 0 MiB"]
        assert store.get("verdict", ["a"]) == {}
        store.put("verdict", {"b": b"y"})
    with Store(tmp_path / "facts.sqlite") as store:
        assert (store.notes, store.get("verdict", ["b"])) == ([], {"b": b"y"})
