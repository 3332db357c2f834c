"""Symbolic links and other repositories are judged as what they are, never followed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gates.errors import CheckoutError
from gates.facts.checkout import Checkout
from gates.facts.extraction import Extraction
from gates.facts.modules import Modules, ModuleSettings
from gates.facts.store import Store
from tests.checkout.repository import Repository

TARGETS = {
    "to_file.py": "a.py",
    "to_folder": "folder",
    "dangling.py": "nowhere.py",
    "absolute.py": "/etc/hostname",
    "escaping.py": "../../outside.py",
    "loop.py": "loop.py",
}


@pytest.fixture
def linked(repository: Repository) -> Repository:
    repository.write("a.py", "A = 1\n")
    repository.write("folder/b.py", "B = 2\n")
    for name, target in TARGETS.items():
        (repository.root / name).symlink_to(target)
    return repository


@pytest.mark.parametrize("is_tracked", [True, False])
def test_a_link_is_a_file_whose_content_is_its_target(linked: Repository, is_tracked: bool) -> None:
    if is_tracked:
        linked.commit()

    checkout = linked.open()

    assert sorted(checkout.files) == sorted(["a.py", "folder/b.py", *TARGETS])
    for name, target in TARGETS.items():
        assert checkout.files[name].is_symlink
        assert checkout.files[name].blob == linked.blob(target)
        assert checkout.read(name) == target.encode()
    assert bool(checkout.dirty) is not is_tracked


def test_links_are_no_modules_but_known_to_them(linked: Repository) -> None:
    checkout = linked.open()

    modules = Modules.gather(checkout, Extraction(checkout, Store(None), "1"), ModuleSettings())

    assert [file.path for file in modules.files] == ["a.py", "folder/b.py"]
    assert modules.links["to_file.py"] == "a.py"
    assert modules.links["escaping.py"] == "../../outside.py"
    assert modules.links["absolute.py"] == "/etc/hostname"


def test_a_link_that_points_elsewhere_now_is_dirty(linked: Repository) -> None:
    linked.commit()
    (linked.root / "to_file.py").unlink()
    (linked.root / "to_file.py").symlink_to("folder/b.py")

    checkout = linked.open()

    assert checkout.dirty == ("to_file.py",)
    assert checkout.read("to_file.py") == b"folder/b.py"


def test_a_file_that_became_a_link_is_a_link(linked: Repository) -> None:
    linked.commit()
    (linked.root / "a.py").unlink()
    (linked.root / "a.py").symlink_to("folder/b.py")

    checkout = linked.open()

    assert checkout.files["a.py"].is_symlink
    assert checkout.dirty == ("a.py",)


def test_a_target_that_is_no_text_is_kept_as_bytes(repository: Repository) -> None:
    (repository.root / "link").symlink_to(os.fsdecode(b"latin\xe9"))
    repository.commit()

    assert repository.open().read("link") == b"latin\xe9"


def test_without_links_in_the_file_system_a_link_is_still_a_link(repository: Repository) -> None:
    """What git leaves on Windows: a plain file that holds the target."""
    (repository.root / "link.py").symlink_to("a.py")
    repository.commit(a="A = 1\n")
    repository.git("config", "core.symlinks", "false")
    (repository.root / "link.py").unlink()
    repository.git("checkout", "-q", "--", "link.py")
    assert not (repository.root / "link.py").is_symlink()

    checkout = repository.open()

    assert checkout.files["link.py"].is_symlink
    assert checkout.read("link.py") == b"a.py"
    assert checkout.dirty == ()


@pytest.fixture
def holding(repository: Repository, tmp_path: Path) -> Repository:
    """A repository with another one inside, as a submodule."""
    other = Repository(tmp_path / "other")
    other.commit(inner="I = 1\n")
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.root), "vendor/other")
    repository.commit(a="A = 1\n")
    return repository


def test_a_submodule_is_one_entry_and_its_files_are_not_ours(holding: Repository) -> None:
    checkout = holding.open()

    assert sorted(checkout.files) == [".gitmodules", "a.py", "vendor/other"]
    assert checkout.files["vendor/other"].is_submodule
    assert checkout.dirty == ()
    with pytest.raises(CheckoutError, match="vendor/other: cannot be read"):
        checkout.read("vendor/other")


def test_a_submodule_at_another_commit_is_dirty_and_stays_what_the_index_says(holding: Repository) -> None:
    before = holding.open().files["vendor/other"]
    inner = Repository(holding.root / "vendor" / "other")
    inner.commit(more="M = 1\n")

    checkout = holding.open()

    assert checkout.files["vendor/other"] == before
    assert checkout.dirty == ("vendor/other",)


def test_edits_within_a_submodule_are_its_own_affair(holding: Repository) -> None:
    (holding.root / "vendor" / "other" / "inner.py").write_text("I = 2\n")

    assert holding.open().dirty == ()


def test_the_folder_of_a_submodule_is_the_submodule(holding: Repository) -> None:
    checkout = Checkout.open(holding.root / "vendor" / "other")

    assert sorted(checkout.files) == ["inner.py"]


def test_a_submodule_entry_without_gitmodules_is_judged_like_any(repository: Repository) -> None:
    commit = repository.commit(a="A = 1\n")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},vendor/gone")
    repository.git("commit", "-q", "-m", "an entry that nothing explains")

    checkout = repository.open()

    assert checkout.files["vendor/gone"].is_submodule
    assert sorted(checkout.files) == ["a.py", "vendor/gone"]
    modules = Modules.gather(checkout, Extraction(checkout, Store(None), "1"), ModuleSettings())
    assert modules.submodules == ("vendor/gone",)


def test_a_submodule_replaced_by_a_file_is_a_file(holding: Repository) -> None:
    place = holding.root / "vendor" / "other"
    holding.git("submodule", "--quiet", "deinit", "-f", "vendor/other")
    place.rmdir()
    place.write_text("text\n")

    checkout = holding.open()

    assert not checkout.files["vendor/other"].is_submodule
    assert checkout.read("vendor/other") == b"text\n"
    assert checkout.dirty == ("vendor/other",)


def test_another_repository_that_is_not_tracked_is_not_ours(repository: Repository) -> None:
    repository.commit(a="A = 1\n")
    Repository(repository.root / "nested").commit(b="B = 2\n")

    assert sorted(repository.open().files) == ["a.py"]
