"""Each content is read once, for all who ask; what is known is not worked out again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gates.facts.extraction import FEW_FILES, Extraction
from gates.facts.store import Store
from tests.checkout.repository import Repository

SCAN = "gates.facts.extractors.import_statements"
EXACT = "gates.facts.extractors.exact_imports"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "repository")
    repository.commit(a="import x\n", b="import y\n", same="import x\n", none="N = 1\n", broken="import z\ndef (:\n")
    return repository


def test_files_of_one_content_are_read_once_and_both_answered(repository: Repository) -> None:
    checkout = repository.open()
    extraction = Extraction(checkout, Store(None), "1")

    found = extraction.of(SCAN, list(checkout.files.values()))

    assert {path: found[path] for path in ("a.py", "b.py", "same.py")} == {
        "a.py": ["x"],
        "b.py": ["y"],
        "same.py": ["x"],
    }
    assert "none.py" not in found
    assert extraction.extracted == 4
    extraction.of(SCAN, list(checkout.files.values()))
    assert extraction.extracted == 4


def test_a_file_is_read_once_for_several_extractors(repository: Repository) -> None:
    checkout = repository.open()
    files = list(checkout.files.values())
    extraction = Extraction(checkout, Store(None), "1")

    extraction.prefetch([(SCAN, files), (EXACT, files[:2])])
    assert extraction.extracted == 4
    extraction.of(EXACT, files[:2])
    assert extraction.extracted == 4
    extraction.of(EXACT, files)
    assert extraction.extracted == 6


def test_the_value_of_a_file_that_does_not_parse_is_the_reason(repository: Repository) -> None:
    checkout = repository.open()
    extraction = Extraction(checkout, Store(None), "1")

    found = extraction.of(EXACT, list(checkout.files.values()))

    assert isinstance(found["broken.py"], str)
    assert found["broken.py"].startswith("line 2: ")
    assert extraction.errors == {}


def test_another_version_of_the_code_does_not_see_what_was_kept(repository: Repository, tmp_path: Path) -> None:
    checkout = repository.open()
    files = list(checkout.files.values())
    with Store(tmp_path / "facts.sqlite") as store:
        read = []
        for version in ("1", "1", "2"):
            extraction = Extraction(checkout, store, version)
            extraction.of(SCAN, files)
            read.append(extraction.extracted)
    assert read == [4, 0, 4]


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_many_files_give_the_same_over_however_many_processes(repository: Repository, workers: int) -> None:
    many = FEW_FILES + 60
    for number in range(many):
        repository.write(f"m{number}.py", f"import m{number + 1}\n")
    checkout = repository.open()
    files = [file for file in checkout.files.values() if file.path.startswith("m")]
    progress: list[tuple[int, int]] = []
    extraction = Extraction(checkout, Store(None), "1", lambda done, of: progress.append((done, of)), workers=workers)

    found = extraction.of(SCAN, files)

    assert found == {f"m{number}.py": [f"m{number + 1}"] for number in range(many)}
    assert progress == [(done, many) for done in range(1, many + 1)]


def test_a_copy_knows_what_the_first_knew_and_keeps_its_own(repository: Repository) -> None:
    checkout = repository.open()
    extraction = Extraction(checkout, Store(None), "1")
    extraction.of(SCAN, list(checkout.files.values()))
    over = checkout.overlaid({"a.py": b"import q\n"})

    copied = extraction.copied(over)

    assert copied.of(SCAN, [over.files["a.py"], over.files["b.py"]]) == {"a.py": ["q"], "b.py": ["y"]}
    assert copied.extracted == 1
    assert copied.is_overlaid
    assert not extraction.is_overlaid
    assert extraction.of(SCAN, [over.files["b.py"]]) == {"b.py": ["y"]}


def test_what_is_wrong_with_an_extractor_itself_is_not_kept_as_a_files_answer(
    repository: Repository, tmp_path: Path
) -> None:
    checkout = repository.open()
    with Store(tmp_path / "facts.sqlite") as store:
        with pytest.raises(ModuleNotFoundError, match="no_such_extractor"):
            Extraction(checkout, store, "1").of("gates.facts.no_such_extractor", list(checkout.files.values()))
        assert store.counted() == {}


def test_where_processes_cannot_fork_the_same_is_found(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(FEW_FILES):
        repository.write(f"more{number}.py", f"import m{number}\n")
    repository.write("dos.py", b"import x\r\nimport y\r\n")
    repository.commit(gone="import gone\n")
    (repository.root / "gone.py").unlink()
    (repository.root / "a.py").unlink()
    (repository.root / "a.py").mkdir()
    checkout = repository.open()
    files = list(checkout.files.values())

    def found() -> tuple[object, ...]:
        extraction = Extraction(checkout, Store(None), "1", workers=2)
        parts = sorted(extraction.side_by_side(lambda number: b"x" * number, 5))
        blobs = extraction.of_blobs(SCAN, [repository.blob("import x\n")])
        return extraction.of(SCAN, files), extraction.of(EXACT, files), dict(extraction.errors), parts, blobs

    forked = found()
    monkeypatch.delattr(os, "fork")

    assert found() == forked
    assert forked[4] == {repository.blob("import x\n"): ["x"]}
