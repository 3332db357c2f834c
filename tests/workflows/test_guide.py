"""The guide of CONTRIBUTING.md builds a gate that works: its blocks are written into a clone, its commands run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(
    r"^```(?:python|toml|bash)\n# (?P<what>file|append|run)(?:: (?P<path>\S+))?\n(?P<text>.*?)^```$", re.M | re.S
)


class Block(NamedTuple):
    """A fenced block, and what its first line says is to be done with the rest."""

    what: str
    path: str
    text: str


def blocks() -> list[Block]:
    guide = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert guide.count("```") == 2 * len(_BLOCK.findall(guide)), "a block that says nothing of what it is for"
    return [Block(found["what"], found["path"] or "", found["text"]) for found in _BLOCK.finditer(guide)]


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    return [os.fsdecode(path) for path in listed.split(b"\0") if path and (ROOT / os.fsdecode(path)).exists()]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git tracks here, as it is now, with the files of the guide."""
    root = tmp_path_factory.mktemp("guide") / "clone"
    for path in tracked():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes((ROOT / path).read_bytes())
        (root / path).chmod((ROOT / path).stat().st_mode)
    for block in blocks():
        if block.what == "run":
            continue
        (root / block.path).parent.mkdir(parents=True, exist_ok=True)
        before = (root / block.path).read_text("utf-8") if block.what == "append" else ""
        (root / block.path).write_text(before + block.text, "utf-8")
    commit = ["-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "--message", "A gate"]
    for words in (["init", "--quiet", "--initial-branch=main"], ["add", "--all"], commit):
        subprocess.run(["git", *words], cwd=root, check=True)
    (root / ".venv").symlink_to(sys.prefix)  # as `make setup` leaves it, without the minute that it takes
    return root


def ran(root: Path, words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(root)}  # the clone's own modules, before those that are installed
    return subprocess.run(
        words.split(), cwd=root, env=environment, check=False, stdout=-1, stderr=subprocess.STDOUT, encoding="utf-8"
    )


@pytest.mark.parametrize(
    "command", [line for each in blocks() if each.what == "run" for line in each.text.splitlines()]
)
def test_a_command_of_the_guide_does_what_the_guide_says(built: Path, command: str) -> None:
    ended = ran(built, command)

    assert ended.returncode == 0, ended.stdout
    if " prove " in command:
        assert "left-breakpoint passed: found what was planted" in ended.stdout
    if "pytest" in command:
        assert re.search(r"^\d\d passed|^\d+ passed", ended.stdout, re.M)


def test_the_gate_of_the_guide_is_held_to_what_ours_are(built: Path) -> None:
    written = [block.path for block in blocks() if block.what == "file" and block.path.startswith("gates/")]

    assert ran(built, f".venv/bin/ruff check {' '.join(written)}").stdout.strip() == "All checks passed!"
    assert ran(built, f".venv/bin/ruff format --check {' '.join(written)}").returncode == 0
    assert not (ROOT / "gates/checks/source/left_breakpoint.py").exists(), "this repository has it now: choose another"


def test_what_was_left_behind_is_found(built: Path) -> None:
    module = built / "runtime" / "left.py"
    module.write_text("def total():\n    breakpoint()\n", "utf-8")
    try:
        ended = ran(built, ".venv/bin/gates run --gate left-breakpoint")
    finally:
        module.unlink()

    assert ended.returncode == 1
    assert "total stops for a debugger" in ended.stdout
