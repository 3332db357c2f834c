"""A recording of imports as a file: JSON lines, sorted, without anything of the machine or the clock.

The first line of a recording says of which commit it is and how many files follow; then one line a file, with the id
of its content and what it imported:

    {"recording": "imports", "schema": 1, "commit": "...", "tree": "...", "python": "3.11", "lacks": [], "files": 1}
    {"file": "app/bridge.py", "blob": "...", "ran": [[1, "app.names", "app/names.py", "import"], [7, "json", null, ""]]}

Several recordings may stand one behind the other: `cat` joins them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Optional, TypeVar

import msgspec

from gates.facts.imported import Imported
from gates.facts.recording_file import RecordingError, is_inside

SCHEMA = 1
T = TypeVar("T")


@dataclass(frozen=True)
class Importer:
    """One file, by the id of its content when it ran; "" where it was changed meanwhile."""

    file: str
    blob: str
    ran: tuple[Imported, ...]


@dataclass(frozen=True)
class Recording:
    """`lacks` are reasons why it may not hold all that happened."""

    importers: tuple[Importer, ...]
    commit: Optional[str] = None
    tree: Optional[str] = None
    python: str = ""
    lacks: tuple[str, ...] = ()


class _Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    recording: str
    schema: int
    commit: Optional[str]
    tree: Optional[str]
    python: str
    lacks: tuple[str, ...]
    files: int


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    file: str
    blob: str
    ran: tuple[tuple[int, str, Optional[str], str], ...]


def render(recording: Recording) -> bytes:
    """The file's bytes: the same for the same recording."""
    importers = sorted(recording.importers, key=lambda importer: importer.file)
    lines: list[dict[str, Any]] = [
        {
            "recording": "imports",
            "schema": SCHEMA,
            "commit": recording.commit,
            "tree": recording.tree,
            "python": recording.python,
            "lacks": sorted(recording.lacks),
            "files": len(importers),
        }
    ]
    lines += [{"file": each.file, "blob": each.blob, "ran": _rows(each.ran)} for each in importers]
    return "".join(json.dumps(line) + "\n" for line in lines).encode("ascii")


def _rows(ran: Iterable[Imported]) -> list[list[Any]]:
    ordered = sorted(ran, key=lambda each: (each.line, each.name, each.path or "", each.path is None, each.through))
    return [[each.line, each.name, each.path, each.through] for each in ordered]


def parse(content: bytes) -> tuple[Recording, ...]:
    """The recordings that a file holds. RecordingError where it is none, is cut off, or names what lies outside."""
    lines = content.splitlines()
    found: list[Recording] = []
    at = 0
    while at < len(lines):
        head = _head(lines[at], at + 1)
        rows = lines[at + 1 : at + 1 + head.files]
        if len(rows) != head.files:
            raise RecordingError(f"line {len(lines)}: is cut off: {head.files} files were to follow line {at + 1}")
        importers = tuple(_importer(row, at + 2 + position) for position, row in enumerate(rows))
        found.append(Recording(importers, head.commit, head.tree, head.python, head.lacks))
        at += 1 + head.files
    if not found:
        raise RecordingError("line 1: is empty")
    return tuple(found)


def _head(line: bytes, number: int) -> _Head:
    read = _read(line, number)
    if not isinstance(read, dict) or read.get("recording") != "imports":
        raise RecordingError(f"line {number}: is not the head of a recording of imports")
    if read.get("schema") != SCHEMA:
        found = f"{read.get('schema')!r:.20}"
        raise RecordingError(f"line {number}: its schema is {found}, and this version reads {SCHEMA}")
    head = _as(_Head, read, number)
    if head.files < 0:
        raise RecordingError(f"line {number}: files is below 0")
    return head


def _importer(line: bytes, number: int) -> Importer:
    read = _as(_Line, _read(line, number), number)
    ran = tuple(Imported(*row) for row in read.ran)
    for path in (read.file, *(each.path for each in ran if each.path)):
        if not is_inside(path):
            raise RecordingError(f"line {number}: {path!r:.80} is no path of a repository")
    if any(each.line < 0 for each in ran):
        raise RecordingError(f"line {number}: holds a line number below 0")
    return Importer(read.file, read.blob, ran)


def _read(line: bytes, number: int) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise RecordingError(f"line {number}: is no JSON, or cut off") from None


def _as(kind: type[T], read: object, number: int) -> T:
    try:
        return msgspec.convert(read, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise RecordingError(f"line {number}: is not as it should be: {error}") from None
