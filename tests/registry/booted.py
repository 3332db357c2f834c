"""A boot in a process of its own, with real packages on its path."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]


class Booted(NamedTuple):
    """What the process printed, and the lines that it logged."""

    status: dict[str, Any]
    fault: str
    warned: list[str]
    answers: dict[str, Any]
    imported: list[str]
    opened: list[str]
    is_unchanged: bool
    log: list[dict[str, Any]]

    def plugin(self, name: str) -> dict[str, Any]:
        """The record of the plugin of this name."""
        (found,) = [each for each in self.status["plugins"] if each["plugin"] == name]
        return dict(found)

    def logged(self, name: str) -> dict[str, Any]:
        """The line that says what became of it."""
        (found,) = [line for line in self.log if f"{line['kind']}:{line['name']}" == name]
        return found


def booted(
    *folders: Path,
    lanes: str = "production",
    on_duplicate: str = "error",
    required: Sequence[str] = (),
    discovery: str = "auto",
) -> Booted:
    """Boot with these folders in front of the path."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.registry.boot", lanes, on_duplicate, *required],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, folders)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LUKHAS_PLUGIN_DISCOVERY": discovery,
        },
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    log = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    return Booted(**json.loads(done.stdout), log=log)
