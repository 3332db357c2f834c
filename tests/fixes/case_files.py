"""Cases of a fix: a file before and after, and what is left, in one text with a line of "====" between the parts."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

CASES = Path(__file__).parent / "cases"


class Case(NamedTuple):
    """`files` are laid beside service.py. Nothing `after` means that the file stays as it is."""

    name: str
    files: dict[str, str]
    after: str
    left: tuple[str, ...]


def cases() -> list[Case]:
    """All of them, by the name of their file."""
    return [_read(file) for file in sorted(CASES.glob("*.txt"))]


def _read(file: Path) -> Case:
    parts: dict[str, str] = {}
    title = ""
    for line in file.read_text("utf-8").splitlines(keepends=True)[1:]:
        if line.startswith("==== "):
            title = line[5:].strip()
            parts[title] = ""
        else:
            parts[title] = parts.get(title, "") + line
    after, left = parts.pop("after", ""), parts.pop("left", "")
    return Case(file.stem, parts, after, tuple(left.splitlines()))
