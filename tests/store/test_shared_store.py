"""Machines that share facts: packs travel whole or not at all, and nobody's trouble is another's verdict."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Optional

import pytest

import gates
from gates.errors import GatesError
from gates.facts.extraction import Extraction
from gates.facts.shared_store import SharedStore, open_store
from gates.facts.store import Store
from gates.policy import Policy
from gates.report import Report
from gates.running import run
from tests.checkout.repository import Repository

pytest.importorskip("fsspec", reason="fsspec is not installed; `make test` sets it up")

SCAN = "gates.facts.extractors.import_statements"
KIND = "fact/some.extractor/1"
VALUES = {f"{number:040x}": bytes([number]) * number for number in range(20)}


@pytest.fixture(params=["local", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return {"local": f"file://{tmp_path}/re mote", "memory": f"memory://{tmp_path.name}"}[request.param]


def machine(tmp_path: Path, name: str, url: str) -> Store:
    return open_store(tmp_path / name, {"GATES_STORE": url})


def packs(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "re mote").rglob("*.pack"))


@pytest.fixture
def local(tmp_path: Path) -> str:
    return f"file://{tmp_path}/re mote"


def test_without_the_variable_the_store_is_this_machines_own(tmp_path: Path) -> None:
    for environ in ({}, {"GATES_STORE": ""}, {"GATES_STORE": " "}):
        with open_store(tmp_path / "cache", environ) as store:
            assert type(store) is Store
    assert (tmp_path / "cache" / "facts.sqlite").is_file()


def test_what_one_machine_worked_out_another_has(tmp_path: Path, url: str) -> None:
    with machine(tmp_path, "one", url) as one:
        assert one.get(KIND, list(VALUES)) == {}
        one.put(KIND, VALUES)
    with machine(tmp_path, "two", url) as two:
        assert two.get(KIND, list(VALUES)) == VALUES
        assert two.notes == []
    with open_store(tmp_path / "two", {}) as offline:
        assert offline.get(KIND, list(VALUES)) == VALUES


def test_a_run_writes_one_pack_for_each_kind_named_by_its_content(tmp_path: Path, local: str) -> None:
    with machine(tmp_path, "one", local) as one:
        for key, value in VALUES.items():
            one.put(KIND, {key: value})
        one.put("verdict", {"v": b"1"})
        assert packs(tmp_path) == []
    assert [pack.parent.relative_to(tmp_path / "re mote").as_posix() for pack in packs(tmp_path)] == [KIND, "verdict"]
    for pack in packs(tmp_path):
        assert pack.stem == hashlib.sha256(pack.read_bytes()).hexdigest()
    with machine(tmp_path, "one", local) as one:
        one.get(KIND, [*VALUES, "missing"])
    assert len(packs(tmp_path)) == 2  # nothing new, nothing written


def test_two_machines_that_worked_out_the_same_write_the_same_pack(tmp_path: Path, local: str) -> None:
    for name, values in (("one", VALUES), ("two", dict(reversed(VALUES.items())))):
        store = machine(tmp_path, name, local)
        store.put(KIND, values)
        store.share()
        store.close()
    assert len(packs(tmp_path)) == 1


def test_snapshots_stay_at_home(tmp_path: Path, local: str) -> None:
    with machine(tmp_path, "one", local) as one:
        one.put("imports", {"a": b"1"})
        one.put("lane-edges", {"a": b"1"})
    assert packs(tmp_path) == []
    with machine(tmp_path, "two", local) as two:
        assert two.get("imports", ["a"]) == {}


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "other", "no pack"])
def test_a_damaged_pack_is_left_out_with_a_word(tmp_path: Path, local: str, damage: str) -> None:
    for name, number in (("one", 0), ("two", 10)):
        with machine(tmp_path, name, local) as store:
            store.put(KIND, dict(list(VALUES.items())[number : number + 10]))
    pack, whole = packs(tmp_path)
    content = pack.read_bytes()
    name = pack.name
    if damage == "no pack":
        bad = b"not msgpack"
        pack.unlink()
        pack = pack.with_name(f"{hashlib.sha256(bad).hexdigest()}.pack")
        name = pack.name
    else:
        bad = {
            "cut": content[: len(content) // 2],
            "flip": content[:-1] + bytes([content[-1] ^ 1]),
            "empty": b"",
            "other": whole.read_bytes(),
        }[damage]
    pack.write_bytes(bad)

    with machine(tmp_path, "three", local) as three:
        found = three.get(KIND, list(VALUES))
        assert found.items() <= VALUES.items()
        assert len(found) == 10
        assert three.notes == [f"{local}: pack {name[:12]} of {KIND} is damaged and was left out"]


def test_a_damaged_pack_is_mended_by_whoever_works_it_out_again(tmp_path: Path, local: str) -> None:
    with machine(tmp_path, "one", local) as one:
        one.put(KIND, VALUES)
    (pack,) = packs(tmp_path)
    pack.write_bytes(b"")
    with machine(tmp_path, "two", local) as two:
        two.get(KIND, list(VALUES))
        two.put(KIND, VALUES)
    with machine(tmp_path, "three", local) as three:
        assert three.get(KIND, list(VALUES)) == VALUES
        assert three.notes == []


def test_strangers_in_the_folder_are_not_looked_at(tmp_path: Path, local: str) -> None:
    with machine(tmp_path, "one", local) as one:
        one.put(KIND, VALUES)
    (tmp_path / "re mote" / KIND / "README.txt").write_text("what is this?")
    (tmp_path / "re mote" / KIND / "folder").mkdir()
    with machine(tmp_path, "two", local) as two:
        assert two.get(KIND, list(VALUES)) == VALUES
        assert two.notes == []


def test_a_remote_that_cannot_be_reached_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with machine(tmp_path, "one", f"file://{tmp_path}/file/remote") as one:
        assert one.get(KIND, list(VALUES)) == {}
        one.put(KIND, VALUES)
        assert one.get(KIND, list(VALUES)) == VALUES
        one.share()
        assert len(one.notes) in (1, 2)
        assert all("cannot be reached" in note for note in one.notes)


def test_without_a_local_file_the_packs_serve_from_memory(tmp_path: Path, local: str) -> None:
    with machine(tmp_path, "one", local) as one:
        one.put(KIND, VALUES)
    (tmp_path / "two").write_text("in the way")
    with machine(tmp_path, "two", local) as two:
        assert two.get(KIND, list(VALUES)) == VALUES
        assert len(two.notes) == 1
        assert two.notes[0].startswith("no cache: ")


def test_after_an_error_nothing_is_sent(tmp_path: Path, local: str) -> None:
    def interrupted() -> None:
        with machine(tmp_path, "one", local) as one:
            one.put(KIND, VALUES)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert packs(tmp_path) == []


def test_a_packs_values_are_taken_in_once(tmp_path: Path, local: str) -> None:
    with machine(tmp_path, "one", local) as one:
        one.put(KIND, VALUES)
    with machine(tmp_path, "two", local) as two:
        two.get(KIND, list(VALUES))
    packs(tmp_path)[0].write_bytes(b"")  # would be said, were it looked at
    with machine(tmp_path, "two", local) as two:
        two.get(KIND, ["missing"])
        assert two.notes == []


def test_without_fsspec_the_error_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)  # what Python keeps of a module that cannot be imported
    with pytest.raises(GatesError, match=r"fsspec is not installed; pip install 'lukhas-gates\[store\]'"):
        open_store(tmp_path, {"GATES_STORE": "memory://x"})
    open_store(tmp_path, {}).close()


@pytest.mark.parametrize("url", ["nonsense://place", "no-such-protocol://x"])
def test_a_place_that_makes_no_sense_is_an_error_that_names_it(tmp_path: Path, url: str) -> None:
    with pytest.raises(GatesError, match=f"GATES_STORE is '{url}', which cannot be used"):
        open_store(tmp_path, {"GATES_STORE": url})


def test_a_password_in_the_url_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(GatesError) as refusal:
        open_store(tmp_path, {"GATES_STORE": "nonsense://me:hush@place/x"})
    assert "hush" not in str(refusal.value)
    assert "nonsense://place/x" in str(refusal.value)


def test_fsspec_is_not_imported_where_nothing_is_shared(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from gates.facts.shared_store import open_store\n"
    code += "open_store(Path(sys.argv[1]), {}).close(); print('fsspec' in sys.modules)"
    environ = {**os.environ, "PYTHONPATH": str(Path(gates.__file__).parents[1])}
    said = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True, env=environ)
    assert said.stdout.strip() == b"False"


WRITER = """
import sys
from pathlib import Path
from gates.facts.shared_store import open_store
for round in range(5):
    with open_store(Path(sys.argv[1]), {"GATES_STORE": sys.argv[2]}) as store:
        first = int(sys.argv[3]) + round * 5
        store.put("fact/some.extractor/1", {f"{n:040x}": bytes([n]) * n for n in range(first, first + 10)})
        store.get("fact/some.extractor/1", ["missing"])
        assert not [note for note in store.notes if "damaged" not in note], store.notes
"""


@pytest.mark.parametrize("is_one_machine", [True, False])
def test_several_writers_at_once_lose_nothing(tmp_path: Path, local: str, is_one_machine: bool) -> None:
    environ = {**os.environ, "PYTHONPATH": str(Path(gates.__file__).parents[1])}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / ("cache" if is_one_machine else name)), local, str(first)],
            env=environ,
        )
        for name, first in (("one", 0), ("two", 10), ("three", 20))
    ]
    assert [process.wait() for process in running] == [0, 0, 0]

    with machine(tmp_path, "reader", local) as reader:
        expected = {f"{n:040x}": bytes([n]) * n for n in range(50)}
        assert reader.get(KIND, list(expected)) == expected
        assert reader.notes == []


@pytest.fixture
def two_clones(tmp_path: Path) -> tuple[Repository, Repository]:
    repository = Repository(tmp_path / "first" / "clone")
    for number in range(30):
        repository.write(f"pkg/m{number}.py", f"import pkg.m{number + 1}\nN = {number}\n")
    repository.write("policies/gates.toml", "[gates.cross-lane-import]\n[gates.unparsable-module]\n")
    repository.write("policies/lanes.toml", '[[lane]]\nname = "all"\npaths = ["**"]\nmay_import = ["all"]\n')
    repository.commit()
    repository.git("clone", "-q", str(repository.root), str(tmp_path / "second" / "clone"))
    return repository, Repository(tmp_path / "second" / "clone")


def judged(repository: Repository, url: Optional[str]) -> tuple[Report, list[str]]:
    cache = repository.root / ".gates" / "cache"
    with open_store(cache, {"GATES_STORE": url} if url else {}) as store:
        policy = Policy.load(repository.root / "policies", repository.root)
        report = run(policy, repository.open(), today=dt.date(2026, 1, 1), store=store)
    return report.without_durations(), store.notes


def test_a_second_clone_is_judged_from_what_the_first_worked_out(
    two_clones: tuple[Repository, Repository], url: str
) -> None:
    first, second = two_clones

    report, notes = judged(first, url)
    again, more = judged(second, url)

    assert again == report
    assert notes == more == []


def test_facts_come_from_the_packs_and_no_file_is_read_again(
    two_clones: tuple[Repository, Repository], tmp_path: Path, url: str
) -> None:
    read = []
    for name, repository in zip(("one", "two"), two_clones):
        checkout = repository.open()
        with machine(tmp_path, name, url) as store:
            extraction = Extraction(checkout, store, "1")
            extraction.of(SCAN, list(checkout.files.values()))
        read.append(extraction.extracted)
    assert read == [32, 0]


def test_shards_together_are_the_whole_and_each_file_is_in_one(
    two_clones: tuple[Repository, Repository], tmp_path: Path, url: str
) -> None:
    repository, clone = two_clones
    counted = []
    for number in (1, 2, 3):
        checkout = repository.open()
        files = [file for file in checkout.files.values() if file.path.endswith(".py")]
        with machine(tmp_path, f"machine {number}", url) as store:
            extraction = Extraction(checkout, store, "1")
            counted.append(extraction.fill({SCAN: files}, (number, 3)))
            assert extraction.extracted == counted[-1]
    assert sum(counted) == 30
    assert all(count > 0 for count in counted)

    checkout = clone.open()
    with machine(tmp_path, "last", url) as store:
        extraction = Extraction(checkout, store, "1")
        found = extraction.of(SCAN, [file for file in checkout.files.values() if file.path.endswith(".py")])
    assert len(found) == 30
    assert extraction.extracted == 0


@pytest.mark.parametrize("shard", [(0, 3), (4, 3), (1, 0), (-1, 2)])
def test_a_shard_that_makes_no_sense_is_an_error(repository: Repository, shard: tuple[int, int]) -> None:
    with pytest.raises(GatesError, match=f"there is no shard {shard[0]}/{shard[1]}; it must be I/N"):
        Extraction(repository.open(), Store(None), "1").fill({SCAN: []}, shard)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def test_sharing_is_for_stores_that_are_shared() -> None:
    with Store(None) as store:
        store.share()
    with pytest.raises(GatesError):
        SharedStore(None, "nonsense://x")
