"""Commits, bases and the odd states that a repository can be in."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import gates
from gates.errors import CheckoutError
from gates.facts.checkout import Checkout
from gates.facts.extraction import Extraction
from gates.facts.store import Store
from tests.checkout.repository import Repository


@pytest.fixture
def branched(repository: Repository) -> Repository:
    """`main` and `topic` have both gone on since they parted."""
    repository.commit(a="A = 1\n", b="B = 1\n", c="C = 1\n")
    repository.git("branch", "topic")
    repository.commit(a="A = 2\n")
    repository.git("checkout", "-q", "topic")
    repository.commit(b="B = 2\n")
    return repository


def test_changed_is_what_this_branch_changed_and_not_what_the_base_gained(branched: Repository) -> None:
    checkout = Checkout.open(branched.root, "main")

    assert checkout.base == branched.git("merge-base", "main", "topic")
    assert checkout.changed == {"b.py"}


def test_changed_holds_what_is_not_committed_too(branched: Repository) -> None:
    branched.write("c.py", "C = 2\n")
    branched.write("new file.py", "N = 1\n")
    (branched.root / "a.py").unlink()

    assert Checkout.open(branched.root, "main").changed == {"a.py", "b.py", "c.py", "new file.py"}
    assert Checkout.open(branched.root).changed == {"a.py", "c.py", "new file.py"}


def test_a_commit_that_was_reverted_changes_nothing(branched: Repository) -> None:
    branched.commit(b="B = 1\n")

    assert Checkout.open(branched.root, "main").changed == frozenset()


def test_changed_is_relative_to_the_top_whatever_the_settings(branched: Repository) -> None:
    branched.git("config", "diff.relative", "true")
    branched.git("config", "diff.noprefix", "true")
    branched.git("config", "diff.renames", "copies")

    assert Checkout.open(branched.root, "main").changed == {"b.py"}


def test_a_base_that_does_not_exist_is_an_error_that_says_how_to_get_it(branched: Repository) -> None:
    with pytest.raises(CheckoutError, match=r"there is no commit 'mian' to compare with; try: git fetch origin mian"):
        Checkout.open(branched.root, "mian")


@pytest.mark.parametrize("base", ["", "--help", "HEAD:a.py", "a b", "-", "\n"])
def test_a_base_that_is_no_commit_is_an_error(branched: Repository, base: str) -> None:
    with pytest.raises(CheckoutError, match="there is no commit"):
        Checkout.open(branched.root, base)


def test_a_base_without_a_common_commit_is_an_error(branched: Repository) -> None:
    branched.git("checkout", "-q", "--orphan", "lonely")
    branched.commit(d="D = 1\n")

    with pytest.raises(CheckoutError, match="HEAD and 'main' have no common commit"):
        Checkout.open(branched.root, "main")


def test_a_shallow_clone_says_so_and_names_the_remedy(branched: Repository, tmp_path: Path) -> None:
    branched.git("clone", "-q", "--depth=1", "--no-single-branch", f"file://{branched.root}", str(tmp_path / "clone"))

    checkout = Checkout.open(tmp_path / "clone")

    assert checkout.is_shallow
    assert checkout.notes == ("shallow clone: what lies before it cannot be compared with",)
    assert checkout.dirty == ()
    with pytest.raises(CheckoutError, match="no common commit; this clone is shallow: git fetch --unshallow"):
        Checkout.open(tmp_path / "clone", "origin/main")
    with pytest.raises(CheckoutError, match="no commit 'HEAD~1' to compare with; this clone is shallow"):
        Checkout.open(tmp_path / "clone", "HEAD~1")


def test_a_shallow_clone_that_reaches_back_far_enough_can_be_compared(branched: Repository, tmp_path: Path) -> None:
    branched.git("clone", "-q", "--depth=2", "--no-single-branch", f"file://{branched.root}", str(tmp_path / "clone"))

    assert Checkout.open(tmp_path / "clone", "origin/main").changed == {"b.py"}


def test_before_the_first_commit_everything_is_new(repository: Repository) -> None:
    repository.write("staged.py", "A = 1\n")
    repository.git("add", "staged.py")
    repository.write("new.py", "B = 1\n")

    checkout = repository.open()

    assert checkout.commit is None
    assert checkout.tree is None
    assert sorted(checkout.files) == ["new.py", "staged.py"]
    assert checkout.dirty == ("new.py", "staged.py")
    with pytest.raises(CheckoutError, match="there is no commit 'main'"):
        Checkout.open(repository.root, "main")


def test_an_empty_repository_is_an_empty_checkout(repository: Repository) -> None:
    checkout = repository.open()

    assert checkout.files == {}
    assert checkout.dirty == ()
    assert checkout.changed == frozenset()


def test_a_branch_not_born_yet_has_no_commit_to_compare_with(branched: Repository) -> None:
    branched.git("symbolic-ref", "HEAD", "refs/heads/unborn")

    checkout = branched.open()

    assert checkout.commit is None
    assert checkout.dirty == ("a.py", "b.py", "c.py")
    with pytest.raises(CheckoutError, match="HEAD and 'main' have no common commit"):
        Checkout.open(branched.root, "main")


def test_a_detached_head_is_a_commit_like_others(branched: Repository) -> None:
    branched.git("checkout", "-q", "--detach", "main")

    assert branched.open().commit == branched.git("rev-parse", "main")
    assert Checkout.open(branched.root, "topic").changed == {"a.py"}


def test_a_linked_work_tree_is_judged_by_itself(branched: Repository, tmp_path: Path) -> None:
    branched.git("worktree", "add", "-q", str(tmp_path / "linked"), "main")
    (tmp_path / "linked" / "a.py").write_text("A = 3\n")

    checkout = Checkout.open(tmp_path / "linked")

    assert checkout.commit == branched.git("rev-parse", "main")
    assert checkout.dirty == ("a.py",)
    assert branched.open().dirty == ()


def test_a_work_tree_whose_repository_is_gone_is_not_taken_for_a_folder_without_git(
    branched: Repository, tmp_path: Path
) -> None:
    branched.git("worktree", "add", "-q", str(tmp_path / "linked"), "main")
    branched.root.rename(tmp_path / "moved")

    with pytest.raises(CheckoutError, match=r"linked: git cannot read it: .*not a git repository"):
        Checkout.open(tmp_path / "linked")


def test_a_bare_repository_has_nothing_to_judge(tmp_path: Path) -> None:
    bare = Repository(tmp_path / "bare.git", "--bare")

    with pytest.raises(CheckoutError, match="is a bare repository; run gates in a work tree of it"):
        bare.open()


def test_the_inside_of_dot_git_is_no_work_tree(repository: Repository) -> None:
    with pytest.raises(CheckoutError, match="is a bare repository; run gates in a work tree"):
        Checkout.open(repository.root / ".git")


@pytest.mark.parametrize("is_relative", [True, False])
def test_what_a_hook_is_told_about_another_repository_does_not_mislead(
    branched: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_relative: bool
) -> None:
    """As when a pre-push hook of one repository runs the tests, and they judge another."""
    other = Repository(tmp_path / "other")
    other.commit(z="Z = 1\n")
    git_dir = other.root / ".git"
    monkeypatch.setenv("GIT_DIR", ".git" if is_relative else str(git_dir))
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index" if is_relative else str(git_dir / "index"))
    monkeypatch.setenv("GIT_PREFIX", "")
    if not is_relative:
        monkeypatch.setenv("GIT_WORK_TREE", str(other.root))
    monkeypatch.chdir(other.root)
    branched.write("deep/d.py", "D = 1\n")

    checkout = Checkout.open(branched.root / "deep", "main")

    assert sorted(checkout.files) == ["a.py", "b.py", "c.py", "deep/d.py"]
    assert checkout.changed == {"b.py", "deep/d.py"}
    assert sorted(other.open().files) == ["z.py"]


@pytest.mark.skipif(sys.platform == "win32", reason="the hook is a shell script")
def test_within_a_real_hook_the_commit_that_is_being_made_is_judged(branched: Repository, tmp_path: Path) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    code = "from gates.facts.checkout import Checkout; from pathlib import Path; c = Checkout.open(Path('.')); "
    code += "print(c.commit, *c.dirty, c.files['c.py'].blob, file=open('../said', 'w'))"
    ours = Path(gates.__file__).parents[1]
    (hooks / "pre-commit").write_text(f'#!/bin/sh\nPYTHONPATH="{ours}" exec "{sys.executable}" -c "{code}"\n')
    (hooks / "pre-commit").chmod(0o755)
    branched.git("config", "core.hooksPath", str(hooks))
    before = branched.git("rev-parse", "HEAD")
    branched.write("c.py", "C = 5\n")

    branched.git("commit", "-q", "-a", "-m", "with the index that git commit -a makes")

    assert (tmp_path / "said").read_text().split() == [before, "c.py", branched.blob("C = 5\n")]


def test_a_repository_that_git_does_not_trust_is_refused_with_the_remedy(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write("deep/a.py", "A = 1\n")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")

    with pytest.raises(CheckoutError) as refusal:
        Checkout.open(repository.root / "deep")

    assert "git does not trust its owner" in str(refusal.value)
    assert f"git config --global --add safe.directory '{repository.root}'" in str(refusal.value)


def test_a_repository_of_sha256_ids_is_judged_like_any(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository", "--object-format=sha256")
    repository.commit(a="import x\n", b="import y\n")
    repository.write("b.py", "import z\n")
    repository.write("new.py", "import n\n")

    checkout = repository.open()
    found = Extraction(checkout, Store(None), "1").of(
        "gates.facts.extractors.import_statements", list(checkout.files.values())
    )

    assert len(checkout.files["a.py"].blob) == 64
    assert checkout.files["b.py"].blob == repository.blob("import z\n")
    assert checkout.dirty == ("b.py", "new.py")
    assert found == {"a.py": ["x"], "b.py": ["z"], "new.py": ["n"]}


def test_a_merge_that_is_not_finished_is_judged_as_it_stands(branched: Repository) -> None:
    branched.commit(a="A = 3\n", c="C = 3\n")
    branched.git("checkout", "-q", "main")
    branched.git("rm", "-q", "c.py")
    branched.commit()
    with pytest.raises(Exception, match="returned non-zero"):
        branched.git("merge", "topic")
    assert branched.git("ls-files", "-u")

    checkout = branched.open()

    assert checkout.read("a.py").startswith(b"<<<<<<<")
    assert checkout.files["a.py"].blob == branched.blob(checkout.read("a.py"))
    assert checkout.read("c.py") == b"C = 3\n"
    assert checkout.dirty == ("a.py", "b.py", "c.py")


def test_a_conflict_settled_by_deleting_is_gone(branched: Repository) -> None:
    branched.commit(a="A = 3\n")
    branched.git("checkout", "-q", "main")
    with pytest.raises(Exception, match="returned non-zero"):
        branched.git("merge", "topic")
    (branched.root / "a.py").unlink()

    checkout = branched.open()

    assert "a.py" not in checkout.files
    assert "a.py" in checkout.dirty


def test_a_damaged_index_is_an_error_in_words_and_leaves_no_process(branched: Repository) -> None:
    (branched.root / ".git" / "index").write_bytes(b"DIRC not an index")

    with pytest.raises(CheckoutError, match=r"git cannot read it: .*index"):
        branched.open()


def test_a_base_whose_tree_is_lost_is_an_error_in_words(branched: Repository) -> None:
    tree = branched.git("rev-parse", branched.git("merge-base", "main", "topic") + "^{tree}")
    (branched.root / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    checkout = Checkout.open(branched.root, "main")

    with pytest.raises(CheckoutError, match=f"git cannot compare with {checkout.base}"):
        _ = checkout.changed
