"""CODEOWNERS points at what exists; everything has an owner."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINES = [
    line.split()
    for line in (ROOT / ".github" / "CODEOWNERS").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


def exists(pattern: str) -> bool:
    """Whether git tracks something that the pattern means; git reads patterns as CODEOWNERS does, from the top."""
    words = ["git", "ls-files", "--", f":(top,glob){pattern.lstrip('/').rstrip('/')}"]
    return bool(subprocess.run(words, cwd=ROOT, check=True, capture_output=True).stdout)


@pytest.mark.parametrize("pattern", [line[0] for line in LINES])
def test_what_is_owned_exists(pattern: str) -> None:
    assert exists(pattern)


def test_what_does_not_exist_would_be_noticed() -> None:
    assert not exists("/gone/")


def test_every_line_has_owners_by_name_and_the_first_is_for_everything() -> None:
    assert LINES[0][0] == "*"
    assert all(owners and all(re.fullmatch(r"@[\w-]+(/[\w-]+)?", owner) for owner in owners) for _, *owners in LINES)
