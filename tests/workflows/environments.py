"""The environment in which a script of .ci/ is run by a test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(sys.executable).parent


def path(*before: Path) -> dict[str, str]:
    """This environment's programs first, behind those of the given folders; git knows nobody but who stands here."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "GITHUB_", "GATES_"))
    }
    people = {f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    folders = os.pathsep.join([*map(str, before), str(HERE), os.environ["PATH"]])
    return {**inherited, **people, "GIT_CONFIG_GLOBAL": os.devnull, "PATH": folders}


def ran(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run it in the folder; PATH begins with the folder's `bin`."""
    environment = {**path(folder / "bin"), **variables}
    return subprocess.run(
        words, cwd=folder, env=environment, check=False, stdout=-1, stderr=subprocess.STDOUT, encoding="utf-8"
    )


def repository(folder: Path, *branches: str) -> None:
    """A repository of what lies in the folder, on main, then on each branch."""
    for words in (["init", "--quiet", "--initial-branch=main"], ["add", "--all"], ["commit", "--quiet", "-m", "First"]):
        assert ran(folder, "git", *words).returncode == 0
    for branch in branches:
        assert ran(folder, "git", "switch", "--quiet", "--create", branch).returncode == 0
