"""What stands in the work tree is what is judged, and git decides what is dirty."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from gates.errors import CheckoutError
from gates.facts.files import EXECUTABLE, PLAIN
from tests.checkout.repository import Repository


def test_a_clean_checkout_is_what_the_commit_holds(repository: Repository) -> None:
    commit = repository.commit(a="A = 1\n", b="B = 2\n")

    checkout = repository.open()

    assert sorted(checkout.files) == ["a.py", "b.py"]
    assert checkout.files["a.py"].blob == repository.blob("A = 1\n")
    assert (checkout.commit, checkout.tree) == (commit, repository.git("rev-parse", "HEAD^{tree}"))
    assert checkout.dirty == ()
    assert checkout.notes == ()
    assert checkout.changed == frozenset()
    assert checkout.read("b.py") == b"B = 2\n"


def test_an_edited_file_is_judged_as_it_stands(repository: Repository) -> None:
    repository.commit(a="A = 1\n", b="B = 2\n")
    repository.write("a.py", "A = 10\n")

    checkout = repository.open()

    assert checkout.files["a.py"].blob == repository.blob("A = 10\n")
    assert checkout.dirty == ("a.py",)


def test_a_staged_file_is_dirty_though_the_index_has_it(repository: Repository) -> None:
    repository.commit(a="A = 1\n")
    repository.write("a.py", "A = 10\n")
    repository.git("add", "a.py")

    assert repository.open().dirty == ("a.py",)


def test_a_file_staged_and_then_put_back_is_dirty_and_judged_as_it_stands(repository: Repository) -> None:
    repository.commit(a="A = 1\n")
    repository.write("a.py", "A = 10\n")
    repository.git("add", "a.py")
    repository.write("a.py", "A = 1\n")

    checkout = repository.open()

    assert checkout.dirty == ("a.py",)
    assert checkout.files["a.py"].blob == repository.blob("A = 1\n")


def test_a_change_of_mode_is_a_change(repository: Repository) -> None:
    repository.commit(a="A = 1\n")
    assert repository.open().files["a.py"].mode == PLAIN
    (repository.root / "a.py").chmod(0o755)

    checkout = repository.open()

    assert checkout.files["a.py"].mode == EXECUTABLE
    assert checkout.dirty == ("a.py",)


def test_modes_that_git_is_told_to_ignore_are_ignored(repository: Repository) -> None:
    repository.commit(a="A = 1\n")
    repository.git("config", "core.fileMode", "false")
    repository.write("a.py", "A = 10\n").chmod(0o755)

    assert repository.open().files["a.py"].mode == PLAIN


def test_a_deleted_file_is_gone_and_dirty_whether_or_not_that_is_staged(repository: Repository) -> None:
    repository.commit(a="A = 1\n", b="B = 2\n", c="C = 3\n")
    (repository.root / "a.py").unlink()
    repository.git("rm", "-q", "b.py")

    checkout = repository.open()

    assert sorted(checkout.files) == ["c.py"]
    assert checkout.dirty == ("a.py", "b.py")
    with pytest.raises(CheckoutError, match=r"a\.py: is no file of this checkout"):
        checkout.read("a.py")


def test_a_renamed_file_is_one_gone_and_one_come(repository: Repository) -> None:
    repository.commit(a="A = 1\n")
    repository.git("mv", "a.py", "b.py")

    checkout = repository.open()

    assert sorted(checkout.files) == ["b.py"]
    assert checkout.dirty == ("a.py", "b.py")


def test_an_untracked_file_is_judged_and_an_ignored_one_is_not(repository: Repository) -> None:
    repository.write(".gitignore", "build/\n")
    repository.commit(a="A = 1\n")
    repository.write("new.py", "NEW = 1\n")
    repository.write("build/made.py", "MADE = 1\n")

    checkout = repository.open()

    assert sorted(checkout.files) == [".gitignore", "a.py", "new.py"]
    assert checkout.files["new.py"].blob == repository.blob("NEW = 1\n")
    assert checkout.dirty == ("new.py",)


def test_a_tracked_file_is_judged_though_it_is_ignored(repository: Repository) -> None:
    repository.write(".gitignore", "*.py\n")
    repository.write("a.py", "A = 1\n")
    repository.git("add", "-f", "a.py")
    repository.commit()

    assert "a.py" in repository.open().files


def test_a_file_that_is_only_intended_to_be_added_is_new(repository: Repository) -> None:
    repository.commit()
    repository.write("empty.py")
    repository.write("new.py", "NEW = 1\n")
    repository.git("add", "--intent-to-add", "empty.py", "new.py")

    checkout = repository.open()

    assert checkout.files["new.py"].blob == repository.blob("NEW = 1\n")
    assert checkout.dirty == ("empty.py", "new.py")


def test_touched_files_are_not_dirty(repository: Repository) -> None:
    repository.commit(a="A = 1\n")
    os.utime(repository.root / "a.py", (1, 1))

    assert repository.open().dirty == ()


def test_nothing_that_is_asked_writes_to_the_index(repository: Repository) -> None:
    repository.commit(a="A = 1\n")
    os.utime(repository.root / "a.py", (1, 1))
    index = repository.root / ".git" / "index"
    before = index.read_bytes()

    repository.open()

    assert index.read_bytes() == before


def test_an_edit_of_the_same_size_right_after_staging_is_seen(repository: Repository) -> None:
    """Racily clean, as git calls it: index and file carry the same time."""
    repository.commit(a="A = 1\n")
    times = (repository.root / "a.py").stat()
    repository.write("a.py", "A = 2\n")
    os.utime(repository.root / "a.py", ns=(times.st_atime_ns, times.st_mtime_ns))

    checkout = repository.open()

    assert repository.git("diff-files", "--name-only") == "a.py"
    assert checkout.files["a.py"].blob == repository.blob("A = 2\n")
    assert checkout.dirty == ("a.py",)


def test_an_edit_whose_mtime_was_restored_is_dirty_exactly_when_git_says_so(repository: Repository) -> None:
    repository.commit(a="A = 1\n")
    os.utime(repository.root / "a.py", (1_000_000_000, 1_000_000_000))
    repository.git("update-index", "--refresh")
    repository.write("a.py", "A = 2\n")
    os.utime(repository.root / "a.py", (1_000_000_000, 1_000_000_000))

    git_sees_it = repository.git("diff-files", "--name-only") == "a.py"  # only by its ctime, if the second is another

    assert (repository.open().dirty == ("a.py",)) is git_sees_it


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_a_change_that_git_was_told_not_to_see_is_judged_all_the_same(repository: Repository, flag: str) -> None:
    repository.commit(a="A = 1\n", b="B = 2\n")
    repository.git("update-index", flag, "a.py", "b.py")
    repository.write("a.py", "A = 10\n")

    checkout = repository.open()

    assert checkout.files["a.py"].blob == repository.blob("A = 10\n")
    assert checkout.dirty == ("a.py",)


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_what_was_taken_away_behind_gits_back_is_read_from_the_index(repository: Repository, flag: str) -> None:
    repository.commit(a="A = 1\n")
    repository.git("update-index", flag, "a.py")
    (repository.root / "a.py").unlink()

    checkout = repository.open()

    assert checkout.dirty == ()
    assert checkout.read("a.py") == b"A = 1\n"


def test_what_a_sparse_checkout_leaves_out_is_judged_from_the_index(repository: Repository) -> None:
    repository.write("kept/a.py", "A = 1\n")
    repository.write("left/out/b.py", "B = 2\n")
    repository.commit()
    repository.git("sparse-checkout", "set", "--cone", "kept")
    assert not (repository.root / "left").exists()

    checkout = repository.open()

    assert sorted(checkout.files) == ["kept/a.py", "left/out/b.py"]
    assert checkout.read("left/out/b.py") == b"B = 2\n"
    assert checkout.dirty == ()


HOSTILE_NAMES = [
    b"a space.py",
    b"line\nbreak.py",
    b"ends with return.py\r",
    b"tab\t.py",
    b'"quoted".py',
    b"'single'.py",
    b"back\\slash.py",
    b"-dash.py",
    b":(exclude)colon.py",
    b"*.py",
    b"\x1b[31mred.py",
    "grün/naïve.py".encode(),
    "e\u0301.py".encode(),
    b"latin\xe9.py",
    b"dir \n\r\"'\xff/x.py",
]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
@pytest.mark.parametrize("is_tracked", [True, False])
def test_hostile_names_are_files_like_others(repository: Repository, is_tracked: bool) -> None:
    names = [os.fsdecode(name) for name in HOSTILE_NAMES]
    for number, name in enumerate(names):
        repository.write(name, f"before = {number}\n")
    if is_tracked:
        repository.commit()
    for number, name in enumerate(names):
        repository.write(name, f"x = {number}\n")

    checkout = repository.open()

    assert sorted(checkout.files) == sorted(names)
    for number, name in enumerate(names):
        assert checkout.files[name].blob == repository.blob(f"x = {number}\n")
        assert checkout.read(name) == f"x = {number}\n".encode()
    assert checkout.dirty == tuple(sorted(names))


def test_names_that_differ_only_in_case_are_two_files(repository: Repository) -> None:
    repository.commit(readme="A = 1\n")
    if (repository.root / "README.py").exists():
        pytest.skip("this file system does not tell upper from lower case")
    repository.commit(README="B = 2\n")

    checkout = repository.open()

    assert checkout.read("readme.py") == b"A = 1\n"
    assert checkout.read("README.py") == b"B = 2\n"


def test_a_file_changed_between_two_looks_gives_another_digest(repository: Repository) -> None:
    repository.commit(a="A = 1\n")
    before = repository.open().digest
    assert repository.open().digest == before
    repository.write("a.py", "A = 2\n")
    assert repository.open().digest != before
    repository.write("a.py", "A = 1\n")
    assert repository.open().digest == before
    (repository.root / "a.py").chmod(0o755)
    assert repository.open().digest != before


def test_a_subfolder_means_the_repository_that_holds_it(repository: Repository) -> None:
    repository.write("deep/down/a.py", "A = 1\n")
    repository.commit(top="B = 2\n")

    checkout = type(repository.open()).open(repository.root / "deep" / "down")

    assert checkout.root.samefile(repository.root)
    assert sorted(checkout.files) == ["deep/down/a.py", "top.py"]


def test_a_root_whose_name_ends_with_a_line_break_is_found(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "odd\n")
    repository.commit(a="A = 1\n")

    assert repository.open().read("a.py") == b"A = 1\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has none of these")
@pytest.mark.parametrize("kind", ["fifo", "socket", "device"])
def test_what_is_no_file_is_not_read(repository: Repository, kind: str) -> None:
    repository.commit(a="A = 1\n", b="B = 2\n")
    for name in ("new.py", "b.py"):
        place = repository.root / name
        place.unlink(missing_ok=True)
        try:
            modes = {"fifo": stat.S_IFIFO, "socket": stat.S_IFSOCK, "device": stat.S_IFCHR}
            os.mknod(place, modes[kind] | 0o644, os.makedev(1, 3) if kind == "device" else 0)
        except PermissionError:
            pytest.skip("this user may not make one")

    checkout = repository.open()

    assert sorted(checkout.files) == ["a.py"]
    assert checkout.dirty == ("b.py",)


def test_a_file_whose_folder_was_replaced_by_a_link_is_gone(repository: Repository, tmp_path: Path) -> None:
    repository.write("folder/a.py", "A = 1\n")
    repository.commit()
    (repository.root / "folder").rename(tmp_path / "elsewhere")
    (repository.root / "folder").symlink_to(tmp_path / "elsewhere")

    checkout = repository.open()

    assert sorted(checkout.files) == ["folder"]
    assert checkout.files["folder"].is_symlink


def test_a_file_replaced_by_a_folder_is_gone_and_what_lies_in_it_is_new(repository: Repository) -> None:
    repository.commit(a="A = 1\n")
    (repository.root / "a.py").unlink()
    repository.write("a.py/b.py", "B = 2\n")

    checkout = repository.open()

    assert sorted(checkout.files) == ["a.py/b.py"]
    assert checkout.dirty == ("a.py", "a.py/b.py")
