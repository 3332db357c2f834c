"""The scripts that workflows call, with a repository on this machine in place of the forge's."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.workflows.environments import HERE, ran, repository

ROOT = Path(__file__).parents[2]
# Stands in for gh: writes down what it was told, and says that no proposal is open.
GH = '#!/usr/bin/env bash\nprintf "%s\\n" "$*" >> "$TOLD"\n[ "$1 $2" != "pr list" ] || echo "${OPEN:-0}"\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with the scripts, this environment, and a stand-in for gh; a change is on a branch."""
    root = tmp_path / "project"
    root.mkdir()
    shutil.copytree(ROOT / ".ci", root / ".ci")
    shutil.copytree(ROOT / "changes", root / "changes")
    shutil.copy(ROOT / "pyproject.toml", root)
    (root / "CHANGELOG.md").write_text("# Changes\n", "utf-8")
    (root / "claude.me").write_text("two gates\n", "utf-8")
    (root / "gates").mkdir()
    (root / "gates" / "a.py").write_text("", "utf-8")
    (root / ".gitignore").write_text("/.venv\n/bin/\n/dist/\n/told\n", "utf-8")
    (root / ".venv").symlink_to(HERE.parent)
    (root / "bin").mkdir()
    (root / "bin" / "gh").write_text(GH, "utf-8")
    (root / "bin" / "gh").chmod(0o755)
    repository(root, "change")
    return root


def commit(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, "utf-8")
    assert ran(root, "git", "add", "--all").returncode == 0
    assert ran(root, "git", "commit", "--quiet", "-m", path).returncode == 0


# Fragments of changes


def test_what_users_do_not_see_needs_no_fragment(project: Path) -> None:
    commit(project, "docs/a.md", "more\n")

    assert ran(project, ".ci/changes-check", BASE="main").returncode == 0


def test_what_users_see_needs_one(project: Path) -> None:
    commit(project, "gates/a.py", "a = 1\n")
    ended = ran(project, ".ci/changes-check", BASE="main")
    assert ended.returncode == 1
    assert "changes/README.md" in ended.stdout

    commit(project, "changes/+a.fixed.md", "It is mended.\n")
    assert ran(project, ".ci/changes-check", BASE="main").returncode == 0


def test_a_base_that_is_none_is_told_and_is_no_pass(project: Path) -> None:
    ended = ran(project, ".ci/changes-check", BASE="origin/nothing")

    assert ended.returncode == 2
    assert "'origin/nothing'" in ended.stdout


def test_every_fragment_of_this_repository_is_one_that_towncrier_reads() -> None:
    fragments = [file for file in (ROOT / "changes").iterdir() if file.name != "README.md"]

    ended = ran(ROOT, "towncrier", "build", "--draft", "--version", "1.0")
    assert ended.returncode == 0, ended.stdout
    assert ended.stdout.count("\n- ") == len(fragments)


# The context files, proposed


@pytest.fixture
def origin(project: Path) -> Path:
    bare = project.parent / "origin.git"
    assert ran(project, "git", "clone", "--quiet", "--bare", ".", str(bare)).returncode == 0
    assert ran(project, "git", "remote", "add", "origin", str(bare)).returncode == 0
    return bare


def test_context_files_that_are_as_they_should_be_are_not_proposed(project: Path, origin: Path) -> None:
    ended = ran(project, ".ci/propose-context", TOLD=str(project / "told"))

    assert ended.returncode == 0, ended.stdout
    assert "as they should be" in ended.stdout
    assert not (project / "told").exists()


def test_what_was_written_anew_is_pushed_to_a_branch_and_proposed_once(project: Path, origin: Path) -> None:
    (project / "claude.me").write_text("three gates\n", "utf-8")
    ended = ran(project, ".ci/propose-context", TOLD=str(project / "told"))
    assert ended.returncode == 0, ended.stdout
    assert ran(project, "git", "--git-dir", str(origin), "show", "context-refresh:claude.me").stdout == "three gates\n"
    assert "pr create --head context-refresh" in (project / "told").read_text("utf-8")

    (project / "told").unlink()
    (project / "claude.me").write_text("four gates\n", "utf-8")
    assert ran(project, ".ci/propose-context", TOLD=str(project / "told"), OPEN="1").returncode == 0
    assert "pr create" not in (project / "told").read_text("utf-8")


# Releases


def test_a_tag_of_another_version_is_refused(project: Path) -> None:
    ended = ran(project, ".ci/release", TAG="v99.0", PYTHONPATH=str(ROOT))

    assert ended.returncode == 2
    assert "v99.0" in ended.stdout


def test_without_evidence_of_the_commit_nothing_is_released(project: Path) -> None:
    ended = ran(project, ".ci/release", PYTHONPATH=str(ROOT))

    assert ended.returncode == 3
    assert "make acceptance" in ended.stdout
    assert not (project / "dist").exists()


def test_what_was_altered_since_its_checksum_is_not_published(project: Path) -> None:
    dist = project / "dist"
    dist.mkdir()
    (dist / "a.whl").write_text("a", "utf-8")
    sums = ran(dist, "sha256sum", "a.whl").stdout
    (dist / "SHA256SUMS").write_text(sums, "utf-8")
    assert ran(project, ".ci/publish", TAG="v1", TOLD=str(project / "told")).returncode == 0
    assert "release create v1 --verify-tag" in (project / "told").read_text("utf-8")

    (project / "told").unlink()
    (dist / "a.whl").write_text("b", "utf-8")
    assert ran(project, ".ci/publish", TAG="v1", TOLD=str(project / "told")).returncode != 0
    assert not (project / "told").exists()


# The action


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    """Somebody else's repository, and a runner's folder in which the gates were installed."""
    root = tmp_path / "shop"
    (root / "policies").mkdir(parents=True)
    (root / "policies" / "gates.toml").write_text("[gates.unparsable-module]\n", "utf-8")
    (root / "shop.py").write_text("price = 1\n", "utf-8")
    repository(root)
    (tmp_path / "runner").mkdir()
    (tmp_path / "runner" / "gates").symlink_to(HERE.parent)
    return root


def action(root: Path, arguments: str = "", **more: str) -> tuple[int, str]:
    runner = root.parent / "runner"
    variables = {"RUNNER_TEMP": str(runner), "ARGUMENTS": arguments, "EVIDENCE": ".gates/evidence", **more}
    files = {name: str(runner / name) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    ended = ran(root, str(ROOT / ".ci" / "action"), "judge", **variables, **files)
    return ended.returncode, ended.stdout


def test_the_action_judges_the_repository_that_it_is_used_in_and_names_its_bundle(judged: Path) -> None:
    code, said = action(judged)

    assert code == 0, said
    told = (judged.parent / "runner" / "GITHUB_OUTPUT").read_text("utf-8")
    assert told.startswith("bundle=.gates/evidence/evidence-")
    assert (judged / told.strip().partition("=")[2]).is_file()
    assert "unparsable-module" in (judged.parent / "runner" / "GITHUB_STEP_SUMMARY").read_text("utf-8")
    assert {"gates.sarif", "gates.junit.xml"} <= set(os.listdir(judged / ".gates"))


def test_the_action_fails_where_a_gate_does_and_leaves_its_evidence_all_the_same(judged: Path) -> None:
    commit(judged, "shop.py", "price = (\n")

    code, said = action(judged)

    assert code == 1, said
    assert "::error" in said
    assert "bundle=" in (judged.parent / "runner" / "GITHUB_OUTPUT").read_text("utf-8")


def test_the_action_compares_with_the_base_that_it_is_told(judged: Path) -> None:
    code, said = action(judged, BASE="nothing")

    assert code == 2
    assert "'nothing'" in said


def test_what_the_action_is_told_is_split_into_words_and_is_never_a_command(judged: Path) -> None:
    code, said = action(judged, "--strict ; touch hacked $(touch hacked)")

    assert code == 2, said
    assert not (judged / "hacked").exists()
