"""The files of a checkout by path, each with the id of its content; taken apart when they are asked for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Optional

SYMLINK = 0o120000
SUBMODULE = 0o160000
EXECUTABLE = 0o100755
PLAIN = 0o100644
UNREADABLE = "unreadable"

# How `ls-files -s -v` begins the line of an ordinary file: tag, mode.
_ORDINARY = "H 100644 "


class File(NamedTuple):
    """One file: its path with `/`, the id of its content as git counts it, and its git mode."""

    path: str
    blob: str
    mode: int

    @property
    def is_symlink(self) -> bool:
        """Whether it is a symbolic link; its content is then its target."""
        return self.mode == SYMLINK

    @property
    def is_submodule(self) -> bool:
        """Whether another repository stands there; its id is then a commit."""
        return self.mode == SUBMODULE


class Files(Mapping[str, File]):
    """Path to file. There may be tens of thousands, of which a run looks at some.

    `entries` hold what the index says of a path, "H 100644 <id> 0"; `others` the files that it says more of, or that
    are not as it says.
    """

    def __init__(self, entries: dict[str, str], others: Mapping[str, File]) -> None:
        self._entries = entries
        self._others = dict(others)

    @classmethod
    def of(cls, files: Iterable[File]) -> Files:
        """These files."""
        known = {file.path: file for file in files}
        return cls(dict.fromkeys(known, ""), known)

    def __getitem__(self, path: str) -> File:
        entry = self._entries[path]
        return self._others.get(path) or File(path, entry[len(_ORDINARY) : -2], PLAIN)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, path: object) -> bool:
        return path in self._entries

    def of_mode(self, mode: int) -> list[File]:
        """The files of a mode other than PLAIN."""
        return [file for file in self._others.values() if file.mode == mode]

    def with_changes(self, changes: Mapping[str, Optional[File]]) -> Files:
        """The same with these files put in place, and those that are None taken out."""
        changed = Files(dict(self._entries), self._others)
        for path, file in changes.items():
            if file is None:
                changed._entries.pop(path, None)
                changed._others.pop(path, None)
            else:
                changed._entries[path] = ""
                changed._others[path] = file
        return changed


class Listing(NamedTuple):
    """The index: its files, the paths of an unfinished merge, and those whose changes git was told not to see."""

    files: Files
    unmerged: list[str]
    flagged: list[str]


def parse_listing(listing: bytes) -> Listing:
    """`ls-files -s -v -z`: tag, mode, id and stage of every entry. Tag H is a plain one, M unmerged."""
    lines = os.fsdecode(listing).split("\0")[:-1]
    # "H 100644 <id> 0\t<path>": cut at fixed places, since there may be tens of thousands
    tab = lines[0].index("\t") if lines else 0
    entries = {line[tab + 1 :]: line[:tab] for line in lines}
    others: dict[str, File] = {}
    unmerged: list[str] = []
    flagged: list[str] = []
    for line in lines:
        if not line.startswith(_ORDINARY):
            path = line[tab + 1 :]
            if line[tab - 1] != "0":
                unmerged.append(path)
            elif line[0] != "H":  # assume-unchanged (lower case) or skip-worktree (S)
                flagged.append(path)
            others[path] = File(path, line[len(_ORDINARY) : tab - 2], int(line[2:8], 8))
    return Listing(Files(entries, others), unmerged, flagged)
