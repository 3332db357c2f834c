"""The memo of an unchanged tree: it answers while nothing has changed, and never after something has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable

import pytest

GATES = """
[gates.cross-lane-import]
[gates.dynamic-import]
[gates.unparsable-module]
"""
LANES = """
[[lane]]
name = "candidate"
paths = ["candidate/**"]
may_import = ["candidate", "production"]

[[lane]]
name = "production"
paths = ["production/**"]
may_import = ["production"]
"""


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    for name, text in {
        "policies/gates.toml": GATES,
        "policies/lanes.toml": LANES,
        "production/core.py": "import json\n",
        "candidate/new.py": "from production import core\n",
        "notes.txt": "nothing\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    git(tmp_path, "init", "-q", "-b", "main", str(root))
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "a")
    grow_old(root)
    return root


def grow_old(root: Path) -> None:
    """A folder that changed a moment ago is not trusted, and a test does not wait."""
    for folder in [root, *(path for path in root.rglob("*") if path.is_dir() and ".git" not in path.parts)]:
        os.utime(folder, (1_700_000_000, 1_700_000_000))


def run(root: Path, *words: str) -> tuple[int, str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "GATES_"))}
    environ["PYTHONPATH"] = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "gates", "run", *words],
        cwd=root,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def remembered(root: Path, *words: str) -> tuple[int, str]:
    """Run until the answer is kept, and take away the facts that another way of answering would need."""
    kept = root / ".gates/cache/replay"
    for attempt in range(20):
        answer = run(root, *words)
        grow_old(root)
        if attempt >= 2 and kept.is_dir() and any(kept.iterdir()):
            break
        time.sleep(0.1 if attempt >= 2 else 0)  # what changed within this tenth of a second is not trusted
    assert list(kept.iterdir()), "nothing was kept"
    for file in (root / ".gates/cache").glob("facts.sqlite*"):
        file.unlink()
    return answer


def was_replayed(root: Path) -> bool:
    return not (root / ".gates/cache/facts.sqlite").exists()


def test_an_unchanged_tree_is_answered_from_the_memo_with_the_same_words(root: Path) -> None:
    code, said = remembered(root)

    assert run(root) == (code, said) == (0, said)
    assert was_replayed(root)


def test_a_damaged_memo_is_no_memo(root: Path) -> None:
    code, _ = remembered(root)
    for memo in (root / ".gates/cache/replay").iterdir():
        memo.write_bytes(memo.read_bytes()[:-7] + b"garbage")

    assert run(root)[0] == code
    assert not was_replayed(root)


def test_another_command_line_is_another_question(root: Path) -> None:
    remembered(root)

    run(root, "--gate", "dynamic-import")
    assert not was_replayed(root)


def test_a_file_that_no_gate_looks_at_changes_nothing(root: Path) -> None:
    answer = remembered(root)
    (root / "notes.txt").write_text("something else\n", "utf-8")

    assert run(root) == answer
    assert was_replayed(root)


VIOLATION = "import candidate.new\n"


def edited(root: Path) -> None:
    (root / "production/core.py").write_text(VIOLATION, "utf-8")


def edited_with_its_times_put_back(root: Path) -> None:
    file = root / "production/core.py"
    before = file.stat()
    file.write_text(VIOLATION, "utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def added_untracked(root: Path) -> None:
    (root / "production/more.py").write_text(VIOLATION, "utf-8")


def added_in_a_new_folder(root: Path) -> None:
    (root / "production/deep/er").mkdir(parents=True)
    (root / "production/deep/er/more.py").write_text(VIOLATION, "utf-8")


def staged(root: Path) -> None:
    added_untracked(root)
    git(root, "add", "-A")


def committed(root: Path) -> None:
    edited(root)
    git(root, "commit", "-q", "-a", "-m", "b")


def forbidden_by_an_edit_of_the_policy(root: Path) -> None:
    lanes = root / "policies/lanes.toml"
    lanes.write_text(LANES.replace('["candidate", "production"]', '["candidate"]'), "utf-8")


def linked(root: Path) -> None:
    (root / "production/link.py").symlink_to("../candidate/new.py")


def carried(root: Path) -> None:
    (root / "Procfile").write_text("web: python -m candidate.new\n", "utf-8")


def unparsable(root: Path) -> None:
    (root / "candidate/new.py").write_text("def (\n", "utf-8")


@pytest.mark.parametrize(
    "change",
    [
        edited,
        edited_with_its_times_put_back,
        added_untracked,
        added_in_a_new_folder,
        staged,
        committed,
        forbidden_by_an_edit_of_the_policy,
        linked,
        carried,
        unparsable,
    ],
)
def test_a_violation_is_found_however_it_came(root: Path, change: Callable[[Path], None]) -> None:
    assert remembered(root)[0] == 0
    change(root)

    code, said = run(root)
    assert (code, "FAILED" in said) == (1, True)


def test_what_is_not_python_and_is_looked_at_is_watched(root: Path) -> None:
    (root / "Procfile").write_text("web: python -m production.core\n", "utf-8")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "b")
    assert remembered(root)[0] == 0
    carried(root)

    assert run(root)[0] == 1


def test_a_recording_that_git_ignores_is_watched_whatever_else_is_asked(root: Path) -> None:
    """retired-word looks at every file, and says so by saying nothing."""
    sections = '[gates.retired-word]\n[gates.broken-budget]\n[facts.timings]\nfile = ".gates/timings.json"\n'
    (root / "policies" / "gates.toml").write_text(sections, "utf-8")
    (root / "policies" / "vocabulary.toml").write_text('[[term]]\nname = "frobnicate"\nreason = "x"\n', "utf-8")
    (root / ".gates").mkdir(exist_ok=True)
    (root / ".gates" / ".gitignore").write_text("*\n", "utf-8")
    (root / ".gates" / "timings.json").write_text("{}", "utf-8")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "b")
    os.utime(root / ".gates" / "timings.json", (1_700_000_000, 1_700_000_000))
    assert "is no recording of timings" in remembered(root)[1]

    (root / ".gates" / "timings.json").unlink()

    assert "does not exist; run `gates measure`" in run(root)[1]


def test_a_folder_that_was_empty_when_the_answer_was_kept_is_watched(root: Path) -> None:
    (root / "production/empty").mkdir()
    assert remembered(root)[0] == 0
    (root / "production/empty/more.py").write_text(VIOLATION, "utf-8")

    assert run(root)[0] == 1


def test_a_file_that_is_no_longer_ignored_is_found(root: Path) -> None:
    (root / ".gitignore").write_text("hidden.py\n", "utf-8")
    (root / "production/hidden.py").write_text(VIOLATION, "utf-8")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "ignored")
    grow_old(root)
    assert remembered(root)[0] == 0
    (root / ".gitignore").write_text("", "utf-8")

    assert run(root)[0] == 1


def unignored(root: Path) -> None:
    (root / ".gitignore").write_text("", "utf-8")


def unignored_by_a_file_of_its_own(root: Path) -> None:
    (root / "production/.gitignore").write_text("!hidden.py\n", "utf-8")


@pytest.mark.parametrize("change", [edited, added_untracked, unignored, unignored_by_a_file_of_its_own])
def test_what_the_memo_knows_of_untracked_files_is_not_taken_for_what_there_is(
    root: Path, change: Callable[[Path], None]
) -> None:
    (root / ".gitignore").write_text("hidden.py\n", "utf-8")
    (root / "production/hidden.py").write_text(VIOLATION, "utf-8")
    (root / "production/.gitignore").write_text("", "utf-8")
    git(root, "add", ".gitignore")
    git(root, "commit", "-q", "-m", "ignored")
    run(root)
    grow_old(root)
    assert run(root)[0] == 0  # kept with folders that nothing has touched since
    (root / "notes.txt").write_text("something\n", "utf-8")
    change(root)

    assert run(root)[0] == 1


def test_a_fresh_checkout_with_the_cache_kept_is_answered_from_it(root: Path, tmp_path: Path) -> None:
    answer = remembered(root)
    git(tmp_path, "clone", "-q", str(root), "fresh")
    shutil.copytree(root / ".gates/cache", tmp_path / "fresh/.gates/cache")

    assert run(tmp_path / "fresh") == answer
    assert was_replayed(tmp_path / "fresh")


def a_new_file(fresh: Path) -> None:
    (fresh / "production/more.py").write_text(VIOLATION, "utf-8")


def a_new_folder(fresh: Path) -> None:
    (fresh / "production/more").mkdir()
    (fresh / "production/more/x.py").write_text(VIOLATION, "utf-8")


def a_file_that_became_a_folder(fresh: Path) -> None:
    (fresh / "notes.txt").unlink()
    (fresh / "notes.txt").mkdir()
    (fresh / "notes.txt/x.py").write_text("def (:\n", "utf-8")


def a_file_that_took_the_place_of_another(fresh: Path) -> None:
    (fresh / "notes.txt").rename(fresh / "broken.py")
    (fresh / "broken.py").write_text("def (:\n", "utf-8")


@pytest.mark.parametrize(
    "change", [a_new_file, a_new_folder, a_file_that_became_a_folder, a_file_that_took_the_place_of_another]
)
def test_what_lies_in_a_fresh_checkout_besides_is_found(
    change: Callable[[Path], None], root: Path, tmp_path: Path
) -> None:
    remembered(root)
    fresh = tmp_path / "fresh"
    git(tmp_path, "clone", "-q", str(root), str(fresh))
    shutil.copytree(root / ".gates/cache", fresh / ".gates/cache")
    change(fresh)

    assert run(fresh)[0] == 1
    assert not was_replayed(fresh)


def test_a_fresh_checkout_of_another_commit_is_not(root: Path, tmp_path: Path) -> None:
    remembered(root)
    git(tmp_path, "clone", "-q", str(root), "fresh")
    shutil.copytree(root / ".gates/cache", tmp_path / "fresh/.gates/cache")
    committed(tmp_path / "fresh")

    assert run(tmp_path / "fresh")[0] == 1


def test_reports_in_files_are_written_again(root: Path) -> None:
    remembered(root, "--report", "json=.gates/report.json")
    before = (root / ".gates/report.json").read_bytes()
    (root / ".gates/report.json").write_bytes(b"")
    grow_old(root)

    run(root, "--report", "json=.gates/report.json")
    assert (root / ".gates/report.json").read_bytes() == before
