"""INI text as `configparser` reads it, with the line of every entry; what it refuses (an entry twice) is read too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_SECTION = re.compile(r"\[(?P<name>.+)\]")
_ENTRY = re.compile(r"(?P<key>.*?)\s*(?:(?P<sign>[=:])\s*(?P<value>.*))?$")


class Line(NamedTuple):
    """One line of a value."""

    text: str
    number: int


class Entry(NamedTuple):
    """One entry: its key in small letters, as `configparser` has it, and as it is spelled; the lines of its value."""

    section: str
    key: str
    spelled: str
    lines: tuple[Line, ...]

    @property
    def value(self) -> str:
        """The value, line by line."""
        return "\n".join(line.text for line in self.lines).strip("\n")

    @property
    def number(self) -> int:
        """The line on which it begins."""
        return self.lines[0].number


class NotIni(ValueError):
    """A text that is no INI, with the line where that shows."""


def entries(text: str) -> Iterator[Entry]:
    """Every entry, in order. NotIni for a text that begins with something else than a section."""
    section = ""
    key = ""
    lines: list[Line] = []
    indent = 0
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.rstrip()
        bare = line.strip()
        if bare.startswith(("#", ";")):
            bare = line = ""
        depth = len(line) - len(line.lstrip())
        if not bare or (lines and depth > indent):
            if lines:
                lines.append(Line(bare, number))
            continue
        if lines:
            yield _entry(section, key, lines)
            lines = []
        indent = depth
        head = _SECTION.match(bare)
        if head is not None:
            section = head["name"]
            continue
        if not section:
            raise NotIni(f"line {number}: is in no section")
        match = _ENTRY.match(bare)
        assert match is not None  # the pattern matches any line
        key = match["key"]
        lines = [Line(match["value"] or "", number)]
    if lines:
        yield _entry(section, key, lines)


def _entry(section: str, key: str, lines: list[Line]) -> Entry:
    while len(lines) > 1 and not lines[-1].text:
        lines.pop()
    return Entry(section, key.lower(), key, tuple(lines))
