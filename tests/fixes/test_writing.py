"""Edits are written whole or not at all, and only where git can take them back."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from gates.fixes.diff import diff
from gates.fixes.edit import Edit
from gates.fixes.writing import refusal, write
from tests.checkout.repository import Repository

EDIT = Edit("a.py", b"A = 1\n", b"A = 2\n")
is_root = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    made.commit(a="A = 1\n", b="B = 1\n")
    return made


def test_a_tracked_file_is_changed_and_nothing_lies_beside_it(repository: Repository) -> None:
    (repository.root / "a.py").chmod(0o755)
    checkout = repository.open()

    assert refusal(checkout, EDIT, allow_dirty=True) is None
    assert write(checkout, EDIT) is None

    assert (repository.root / "a.py").read_bytes() == b"A = 2\n"
    assert stat.S_IMODE((repository.root / "a.py").stat().st_mode) == 0o755
    assert sorted(os.listdir(repository.root)) == [".git", "a.py", "b.py"]


def test_a_file_with_changes_of_its_own_is_refused_unless_that_is_allowed(repository: Repository) -> None:
    repository.write("a.py", "A = 3\n")
    edit = Edit("a.py", b"A = 3\n", b"A = 2\n")

    assert refusal(repository.open(), edit) == (
        "has changes that are not committed; commit them first, or say --allow-dirty"
    )
    assert refusal(repository.open(), edit, allow_dirty=True) is None


def test_what_is_staged_and_not_committed_counts_as_changed(repository: Repository) -> None:
    repository.write("a.py", "A = 3\n")
    repository.git("add", "a.py")

    assert refusal(repository.open(), EDIT) is not None


def test_what_git_does_not_track_is_refused_whatever_is_allowed(repository: Repository) -> None:
    repository.write("new.py", "N = 1\n")
    edit = Edit("new.py", b"N = 1\n", b"N = 2\n")

    assert refusal(repository.open(), edit, allow_dirty=True) == (
        "is not tracked by git, so what is mended in it could not be taken back"
    )


def test_a_file_that_changed_meanwhile_is_left(repository: Repository) -> None:
    checkout = repository.open()
    repository.write("a.py", "A = 3\n")

    assert write(checkout, EDIT) == "changed while it was looked at; run it again"
    assert (repository.root / "a.py").read_bytes() == b"A = 3\n"


def test_a_file_that_is_gone_meanwhile_does_not_come_back(repository: Repository) -> None:
    checkout = repository.open()
    (repository.root / "a.py").unlink()

    assert write(checkout, EDIT) == "changed while it was looked at; run it again"
    assert not (repository.root / "a.py").exists()


def test_a_link_in_its_place_is_not_followed(repository: Repository, tmp_path: Path) -> None:
    checkout = repository.open()
    outside = tmp_path / "outside.py"
    outside.write_bytes(b"A = 1\n")
    (repository.root / "a.py").unlink()
    (repository.root / "a.py").symlink_to(outside)

    assert write(checkout, EDIT) == "cannot be written (it is a link)"
    assert outside.read_bytes() == b"A = 1\n"


@pytest.mark.skipif(is_root or sys.platform == "win32", reason="root may write everywhere")
def test_where_nothing_may_be_written_the_file_stays_whole(repository: Repository) -> None:
    checkout = repository.open()
    repository.root.chmod(0o555)
    try:
        assert (write(checkout, EDIT) or "").startswith("cannot be written (")
    finally:
        repository.root.chmod(0o755)
    assert (repository.root / "a.py").read_bytes() == b"A = 1\n"


def test_a_folder_where_the_draft_would_lie_leaves_the_file_as_it_was(repository: Repository) -> None:
    (repository.root / f".a.py.{os.getpid()}.part").mkdir()

    assert (write(repository.open(), EDIT) or "").startswith("cannot be written (")
    assert (repository.root / "a.py").read_bytes() == b"A = 1\n"


def test_a_file_is_renamed_by_git_with_its_new_content(repository: Repository) -> None:
    edit = Edit("a.py", b"A = 1\n", b"A = 1\nB = 2\n", to="deep/new name.py")

    assert write(repository.open(), edit) is None

    assert (repository.root / "deep/new name.py").read_bytes() == b"A = 1\nB = 2\n"
    assert repository.git("status", "--porcelain").splitlines()[0].startswith("RM a.py -> ")


def test_a_file_is_not_renamed_over_another(repository: Repository) -> None:
    edit = Edit("a.py", b"A = 1\n", b"A = 1\n", to="b.py")

    assert write(repository.open(), edit) == "is to be called b.py, and something is called so already"
    assert (repository.root / "b.py").read_bytes() == b"B = 1\n"


def test_a_new_file_is_made_where_none_is(repository: Repository) -> None:
    edit = Edit("deep/compat.py", None, b"C = 1\n")

    assert refusal(repository.open(), edit) is None
    assert write(repository.open(), edit) is None
    assert (repository.root / "deep/compat.py").read_bytes() == b"C = 1\n"
    assert write(repository.open(), edit) == "changed while it was looked at; run it again"


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("a.py", b"A = 1\n", b"A = 2\n"),
        ("a.py", b"A = 1", b"A = 2"),
        ("a.py", b"A = 1", b"A = 1\n"),
        ("a.py", b"A = 1\r\nB = 1\rC = 1\r\n", b"A = 1\r\nB = 1\rC = 2\r\n"),
        ("a.py", b"# gr\xfc\xdfe\n" * 9 + b"A\n", b"# gr\xfc\xdfe\n" * 9 + b"B\n"),
        ("with space.py", b"A\n", b"B\n"),
        ("grüße \"quoted\".py", b"A\n", b"B\n"),
        ("deep/compat.py", None, b"C = 1\n"),
    ],
)  # fmt: skip
def test_git_applies_a_diff_to_the_very_bytes_that_would_be_written(
    repository: Repository, path: str, before: bytes | None, after: bytes
) -> None:
    if before is not None:
        repository.write(path, before)
    repository.commit()

    repository.git("apply", "--whitespace=nowarn", "-", feed=diff([Edit(path, before, after)]))

    assert (repository.root / path).read_bytes() == after


def test_git_applies_a_diff_of_several_files_one_of_them_renamed(repository: Repository) -> None:
    edits = [Edit("a.py", b"A = 1\n", b"A = 2\n", to="c d.py"), Edit("b.py", b"B = 1\n", b"")]

    repository.git("apply", "-", feed=diff(edits))

    assert sorted(os.listdir(repository.root)) == [".git", "b.py", "c d.py"]
    assert (repository.root / "c d.py").read_bytes() == b"A = 2\n"
    assert (repository.root / "b.py").read_bytes() == b""
