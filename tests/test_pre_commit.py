"""The hooks that other repositories take from here, run by the real prek in a scratch repository.

The scratch repository names `language: system`, so that the hook runs the `gates` of this environment: with the
manifest's own `language: python` the hook's environment would be fetched from a registry, and tests do without a
network. That the distribution holds the command is looked at in test_distribution.py.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MANIFEST = ROOT / ".pre-commit-hooks.yaml"
HERE = Path(sys.executable).parent
PREK = shutil.which("prek", path=str(HERE))

pytestmark = pytest.mark.skipif(PREK is None, reason="prek is not installed; `make test` sets it up")

POLICY = """
[gates.dynamic-import]
level = "block"
"""
CONFIGURATION = """
repos:
  - repo: {repository}
    rev: {revision}
    hooks:
      - id: gates
        language: system
"""


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PREK_", "GATES_"))},
        "PATH": f"{HERE}{os.pathsep}{os.environ['PATH']}",
        "PREK_HOME": str(folder.parent / "prek"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.org",
    }
    return subprocess.run(
        words,
        cwd=folder,
        env=environment,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


def git(folder: Path, *words: str) -> str:
    done = command(folder, "git", *words)
    assert done.returncode == 0, done.stdout
    return done.stdout.strip()


def committed(folder: Path) -> str:
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=First")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A repository with a policy and one module, whose configuration takes its hook from a copy of this one."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    shutil.copy(MANIFEST, hooks)
    revision = committed(hooks)

    folder = tmp_path / "scratch"
    (folder / "policies").mkdir(parents=True)
    (folder / "policies" / "gates.toml").write_text(POLICY, encoding="utf-8")
    (folder / "loader.py").write_text("import json\n", encoding="utf-8")
    (folder / ".gitignore").write_text("/.gates/\n", encoding="utf-8")
    configuration = CONFIGURATION.format(repository=hooks, revision=revision)
    (folder / ".pre-commit-config.yaml").write_text(configuration, encoding="utf-8")
    committed(folder)
    return folder


def stage(folder: Path, path: str, text: str) -> None:
    (folder / path).write_text(text, encoding="utf-8")
    git(folder, "add", path)


def test_the_manifest_and_our_own_configuration_are_valid() -> None:
    assert command(ROOT, "prek", "validate-manifest", str(MANIFEST)).returncode == 0
    assert command(ROOT, "prek", "validate-config", str(ROOT / ".pre-commit-config.yaml")).returncode == 0


def test_a_change_that_keeps_the_promises_passes(scratch: Path) -> None:
    stage(scratch, "loader.py", "import json\n\nANSWER = json.loads('42')\n")

    done = command(scratch, "prek", "run", "gates")

    assert done.returncode == 0, done.stdout
    assert "Passed" in done.stdout


def test_a_change_that_breaks_one_is_refused_and_says_where(scratch: Path) -> None:
    stage(scratch, "loader.py", "import importlib\n\nplugin = importlib.import_module('plugin')\n")

    done = command(scratch, "prek", "run", "gates")

    assert done.returncode == 1, done.stdout
    assert "loader.py" in done.stdout
    assert "dynamic-import" in done.stdout


def test_git_itself_refuses_the_commit_once_the_hook_is_installed(scratch: Path) -> None:
    installed = command(scratch, "prek", "install")
    assert installed.returncode == 0, installed.stdout
    stage(scratch, "loader.py", "plugin = __import__('plugin')\n")

    done = command(scratch, "git", "commit", "--message=Second")

    assert done.returncode == 1, done.stdout
    assert "dynamic-import" in done.stdout
    assert git(scratch, "log", "--format=%s") == "First"


@pytest.mark.parametrize("words", [["gates", "run", "--changed"], ["gates", "prove"]])
def test_what_a_hook_runs_is_a_command_that_exists(words: list[str]) -> None:
    assert f"entry: {' '.join(words)}\n" in MANIFEST.read_text(encoding="utf-8")
    assert command(ROOT, *words, "--help").returncode == 0
