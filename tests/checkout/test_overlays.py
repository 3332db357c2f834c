"""What is laid over a checkout is judged in place of what stands on disk; nothing on disk is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from gates.errors import CheckoutError
from gates.facts.extraction import Extraction
from gates.facts.store import Store
from tests.checkout.repository import Repository

SCAN = "gates.facts.extractors.import_statements"


@pytest.fixture
def laid(repository: Repository) -> Repository:
    repository.write("script.py", "import s\n").chmod(0o755)
    repository.commit(a="import x\n", b="import y\n")
    return repository


def test_an_overlay_replaces_adds_and_takes_away(laid: Repository) -> None:
    checkout = laid.open()

    over = checkout.overlaid({"a.py": b"import z\n", "new/c.py": b"import c\n", "b.py": None})

    assert sorted(over.files) == ["a.py", "new/c.py", "script.py"]
    assert over.files["a.py"].blob == laid.blob("import z\n")
    assert over.read("a.py") == b"import z\n"
    assert over.read("script.py") == b"import s\n"
    assert over.dirty == ("a.py", "b.py", "new/c.py")
    with pytest.raises(CheckoutError, match=r"b\.py: is no file"):
        over.read("b.py")
    assert checkout.read("a.py") == b"import x\n"
    assert (laid.root / "a.py").read_text() == "import x\n"
    assert not (laid.root / "new").exists()


def test_an_overlay_keeps_the_mode_and_changes_the_digest(laid: Repository) -> None:
    checkout = laid.open()

    over = checkout.overlaid({"script.py": b"import t\n"})

    assert over.files["script.py"].mode == checkout.files["script.py"].mode
    assert over.digest != checkout.digest
    assert checkout.overlaid({"a.py": b"import x\n"}).digest == checkout.digest


def test_overlays_lie_on_one_another(laid: Repository) -> None:
    over = laid.open().overlaid({"a.py": b"1\n", "b.py": None}).overlaid({"b.py": b"2\n", "a.py": None})

    assert sorted(over.files) == ["b.py", "script.py"]
    assert over.read("b.py") == b"2\n"


def test_an_empty_content_is_a_content(laid: Repository) -> None:
    assert laid.open().overlaid({"a.py": b""}).read("a.py") == b""


def test_facts_of_an_overlay_come_from_it_and_are_not_kept(laid: Repository, tmp_path: Path) -> None:
    with Store(tmp_path / "store") as store:
        checkout = laid.open()
        extraction = Extraction(checkout, store, "1")
        extraction.of(SCAN, list(checkout.files.values()))
        over = checkout.overlaid({"a.py": b"import z\n"})

        copied = extraction.copied(over)
        found = copied.of(SCAN, list(over.files.values()))

        assert found == {"a.py": ["z"], "b.py": ["y"], "script.py": ["s"]}
        assert copied.extracted == 1
        assert store.get(f"fact/{SCAN}/1", [over.files["a.py"].blob]) == {}


def test_a_folder_holds_just_the_files_that_were_asked_for(laid: Repository) -> None:
    (laid.root / "link.py").symlink_to("/etc/hostname")
    over = laid.open().overlaid({"deep/er/n.py": b"import n\n", "a.py": b"import z\n"})

    with over.materialised(["a.py", "deep/er/n.py", "script.py", "link.py"]) as folder:
        found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        is_link = (folder / "link.py").is_symlink()

    assert found == {
        "a.py": b"import z\n",
        "deep/er/n.py": b"import n\n",
        "script.py": b"import s\n",
        "link.py": b"/etc/hostname",
    }
    assert not is_link
    assert not folder.exists()


def test_the_folder_is_gone_after_an_error_too(laid: Repository) -> None:
    with pytest.raises(RuntimeError), laid.open().materialised(["a.py"]) as folder:
        raise RuntimeError
    assert not folder.exists()
    with pytest.raises(CheckoutError, match=r"nowhere\.py: is no file"), laid.open().materialised(["nowhere.py"]):
        pass


def test_matching_gives_the_files_by_path(laid: Repository) -> None:
    laid.write("deep/a.py", "")

    assert [file.path for file in laid.open().matching(["**/a.py"])] == ["a.py", "deep/a.py"]
    assert [file.path for file in laid.open().matching(["*.py"])] == ["a.py", "b.py", "script.py"]
    assert laid.open().matching([]) == []


@pytest.mark.parametrize("path", ["/etc/passwd", "../beside.py", "a/../../beside.py"])
def test_nothing_is_laid_over_a_path_that_leads_out_of_the_checkout(repository: Repository, path: str) -> None:
    with pytest.raises(ValueError, match="leads out of the checkout"):
        repository.open().overlaid({path: b"X = 1\n"})
