"""The list of what a bundle holds: name, size and SHA-256 of every file, and what they are evidence of."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

from gates.attestation import merkle, strict_json
from gates.attestation.statement import Descriptor, StatementError, refuse_digest, table_of

NAME = "manifest.json"
SIGNATURES = "signatures/"
"""What lies below is not covered by the manifest, so that signatures of the manifest can be added to the bundle."""
SCHEMA = 2
KIND = "gates evidence"

_KEYS = frozenset("kind schema tool interpreter today commit tree base work_tree files merkle_root not_covered".split())
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Entry:
    """One file: its name, its size in bytes, and its SHA-256."""

    name: str
    size: int
    sha256: str

    @classmethod
    def of(cls, name: str, content: bytes) -> Entry:
        """Of a file's content."""
        return cls(name, len(content), hashlib.sha256(content).hexdigest())

    @property
    def leaf(self) -> bytes:
        """The file, as a leaf of the Merkle tree."""
        return f"{self.sha256} {self.size} {self.name}".encode("ascii", "backslashreplace")

    @property
    def descriptor(self) -> Descriptor:
        """The file, as a statement names it."""
        return Descriptor(self.name, {"sha256": self.sha256})


@dataclass(frozen=True)
class Manifest:
    """What the files are evidence of, and the files.

    `commit` and `tree` are HEAD's. With `dirty` paths the files are evidence of a work tree that differs from that
    commit, and the rendered manifest claims no commit: it names HEAD as what the work tree differs from.
    """

    tool: str
    interpreter: str
    today: str
    commit: str
    tree: str
    base: Optional[str]
    dirty: tuple[str, ...]
    files: tuple[Entry, ...]

    @property
    def merkle_root(self) -> str:
        """The root of the tree over the list of files (RFC 6962), in hex: short enough to be kept in a log."""
        return merkle.root([file.leaf for file in self.files]).hex()

    def subjects(self, report: Entry) -> tuple[Descriptor, ...]:
        """What each statement is about: the commit and its tree; or, for a dirty work tree, no more than its report."""
        if not self.dirty:
            return (Descriptor("commit", {"gitCommit": self.commit}), Descriptor("tree", {"gitTree": self.tree}))
        annotations = {"dirty": True, "paths": list(self.dirty), "differs_from": self.commit}
        return (Descriptor("report of a dirty work tree", {"sha256": report.sha256}, annotations),)

    def render(self) -> bytes:
        """As JSON; the same bytes for the same manifest."""
        work_tree = {"dirty": list(self.dirty), "differs_from": {"commit": self.commit, "tree": self.tree}}
        table = {
            "kind": KIND,
            "schema": SCHEMA,
            "tool": {"name": "gates", "version": self.tool},
            "interpreter": self.interpreter,
            "today": self.today,
            "commit": None if self.dirty else self.commit,
            "tree": None if self.dirty else self.tree,
            "base": self.base,
            "work_tree": work_tree if self.dirty else None,
            "files": [{"name": file.name, "size": file.size, "sha256": file.sha256} for file in self.files],
            "merkle_root": self.merkle_root,
            "not_covered": [SIGNATURES],
        }
        return strict_json.dumps(table)

    @classmethod
    def parse(cls, content: bytes) -> Manifest:
        """Read one. StatementError for whatever `render` would not have written."""
        try:
            table = strict_json.loads(content)
        except ValueError as error:
            raise StatementError(str(error)) from None
        if isinstance(table, Mapping) and table.get("schema") != SCHEMA:
            raise StatementError(f"its schema is {table.get('schema')!r}, and this version reads {SCHEMA}")
        table = table_of(table, "it", _KEYS)
        dirty, commit, tree = _place(table)
        this = cls(
            tool=_text(table_of(table["tool"], "tool", {"name", "version"})["version"], "tool.version"),
            interpreter=_text(table["interpreter"], "interpreter"),
            today=_text(table["today"], "today", _DATE),
            commit=_digest("gitCommit", commit, "commit"),
            tree=_digest("gitTree", tree, "tree"),
            base=None if table["base"] is None else _digest("gitCommit", table["base"], "base"),
            dirty=dirty,
            files=_files(table["files"]),
        )
        if table["merkle_root"] != this.merkle_root:
            raise StatementError("its merkle_root is not that of the files that it lists: it was edited")
        if this.render() != content:
            raise StatementError("it is not written as a manifest is written")
        return this


def _place(table: Mapping[str, Any]) -> tuple[tuple[str, ...], object, object]:
    if table["work_tree"] is None:
        return (), table["commit"], table["tree"]
    work_tree = table_of(table["work_tree"], "work_tree", {"dirty", "differs_from"})
    dirty, head = work_tree["dirty"], table_of(work_tree["differs_from"], "differs_from", {"commit", "tree"})
    if not isinstance(dirty, list) or not dirty or not all(isinstance(path, str) for path in dirty):
        raise StatementError("work_tree.dirty is no list of paths")
    return tuple(dirty), head["commit"], head["tree"]


def _files(value: object) -> tuple[Entry, ...]:
    if not isinstance(value, list) or not value:
        raise StatementError("files is no list, or an empty one")
    entries: list[Entry] = []
    for item in value:
        table = table_of(item, "a file", {"name", "size", "sha256"})
        name, size = _text(table["name"], "a file's name"), table["size"]
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise StatementError(f"the size of {name} is {size!r}")
        entries.append(Entry(name, size, _digest("sha256", table["sha256"], name)))
    names = [entry.name for entry in entries]
    if names != sorted(set(names)):
        raise StatementError("files are not in order, or one is listed twice")
    return tuple(entries)


def _digest(algorithm: str, value: object, what: str) -> str:
    refuse_digest(algorithm, value, what)
    return str(value)


def _text(value: object, what: str, pattern: re.Pattern[str] = re.compile(r"(?s).+")) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise StatementError(f"{what} is {value!r}")
    return value
