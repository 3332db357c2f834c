"""A folder without git is walked, and the report says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from gates.errors import CheckoutError
from gates.facts.checkout import Checkout
from gates.facts.extraction import Extraction
from gates.facts.files import EXECUTABLE
from gates.facts.store import Store
from tests.checkout.repository import Repository

NOTE = "no git repository: every file below the folder was judged, ignored ones too"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))  # whatever holds pytest's folder is not asked
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.py").write_text("import x\n")
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "b.py").write_text("import y\n")
    return folder


def test_every_file_is_found_and_the_walk_is_owned_up_to(folder: Path) -> None:
    (folder / "deep" / "run").write_text("#!/bin/sh\n")
    (folder / "deep" / "run").chmod(0o755)
    (folder / "link").symlink_to("deep")

    checkout = Checkout.open(folder)

    assert sorted(checkout.files) == ["a.py", "deep/er/b.py", "deep/run", "link"]
    assert checkout.files["deep/run"].mode == EXECUTABLE
    assert checkout.files["link"].is_symlink
    assert checkout.notes == (NOTE,)
    assert (checkout.commit, checkout.tree, checkout.has_git) == (None, None, False)
    assert checkout.changed == set(checkout.files)


@pytest.mark.parametrize("name", [".git", ".gates", ".venv", "venv", "node_modules", "__pycache__", ".tox"])
def test_environments_and_caches_are_not_walked(folder: Path, name: str) -> None:
    (folder / "deep" / name).mkdir()
    (folder / "deep" / name / "c.py").write_text("C = 1\n")

    assert sorted(Checkout.open(folder).files) == ["a.py", "deep/er/b.py"]


def test_ids_are_those_that_git_would_give(folder: Path, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")

    assert Checkout.open(folder).files["a.py"].blob == repository.blob("import x\n")


def test_files_are_read_and_a_change_meanwhile_is_noticed(folder: Path) -> None:
    checkout = Checkout.open(folder)
    files = list(checkout.files.values())
    scan = "gates.facts.extractors.import_statements"

    assert Extraction(checkout, Store(None), "1").of(scan, files) == {"a.py": ["x"], "deep/er/b.py": ["y"]}
    (folder / "a.py").write_text("import z\n")
    with pytest.raises(CheckoutError, match=r"a\.py: is not what git takes it for"):
        Extraction(checkout, Store(None), "1").of(scan, files)


def test_there_is_nothing_to_compare_with(folder: Path) -> None:
    with pytest.raises(CheckoutError, match="is no git repository, so there is no base 'main'"):
        Checkout.open(folder, "main")


def test_a_folder_that_does_not_exist_is_an_error(folder: Path) -> None:
    with pytest.raises(CheckoutError, match="missing: is no folder"):
        Checkout.open(folder / "missing")
    with pytest.raises(CheckoutError, match=r"a\.py: is no folder"):
        Checkout.open(folder / "a.py")


def test_an_empty_folder_is_an_empty_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    checkout = Checkout.open(tmp_path)

    assert checkout.files == {}
    assert checkout.notes == (NOTE,)


def test_where_git_is_not_installed_the_folder_is_walked(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit(a="A = 1\n")
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))

    checkout = repository.open()

    assert sorted(checkout.files) == ["a.py"]
    assert checkout.notes == (NOTE,)


def test_a_link_that_leads_up_is_not_followed(folder: Path) -> None:
    (folder / "deep" / "up").symlink_to("..")

    assert sorted(Checkout.open(folder).files) == ["a.py", "deep/er/b.py", "deep/up"]
