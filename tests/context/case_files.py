"""Case files: a context file with what must be said of a line at its end, laid into one small repository."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

HERE = Path(__file__).parent
_AT = re.compile(r"\A<!-- at: (\S+) -->\n")
_SAID = re.compile(r"\s*(?:\#\s*)?<!-- (?P<verdict>stale|true)(?:: (?P<nearest>.*?))? -->\s*$")


@dataclass(frozen=True)
class Expected:
    """What must be said of a line: "stale", "true", or "" where nothing may be found; and what would be right."""

    verdict: str
    nearest: Optional[str] = None


@dataclass(frozen=True)
class Case:
    """A context file at its path, and what is expected of each of its lines."""

    name: str
    path: str
    text: str
    lines: dict[int, Expected]


def tree() -> dict[str, str]:
    """Path to text of the repository that the cases are laid into."""
    parts = re.split(r"^=== (.+)\n", (HERE / "tree.txt").read_text("utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def cases() -> list[Case]:
    """Every case file."""
    return [_case(file) for file in sorted((HERE / "cases").glob("*.md"))]


def _case(file: Path) -> Case:
    text = file.read_text("utf-8")
    at = _AT.match(text)
    kept: list[str] = []
    lines: dict[int, Expected] = {}
    for number, line in enumerate(text[at.end() if at else 0 :].split("\n"), 1):
        said = _SAID.search(line)
        lines[number] = Expected(said["verdict"], said["nearest"]) if said else Expected("")
        kept.append(line[: said.start()] if said else line)
    return Case(file.stem, at[1] if at else "AGENTS.md", "\n".join(kept), lines)
