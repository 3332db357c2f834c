"""The command line as a person types it, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import gates

OURS = str(Path(gates.__file__).parents[1])
_NOT_OURS = ("GIT_", "GATES_", "COLUMNS", "FORCE_COLOR")


class Said(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    complaint: str


def gates_in(root: Path, *words: str, **environ: str) -> Said:
    """Run `gates` in the folder."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_OURS)}
    # No repository above the folder of a test is meant.
    own = {"PYTHONPATH": OURS, "GIT_CEILING_DIRECTORIES": str(root.parent), **environ}
    done = subprocess.run(
        [sys.executable, "-m", "gates", *words],
        cwd=root,
        env={**inherited, **own},
        capture_output=True,
        text=True,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)
