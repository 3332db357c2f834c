"""Where files lie that were once elsewhere: what git knows of renames, staged ones first."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from gates.facts.checkout import Checkout
from gates.facts.fact import digest_of
from gates.facts.git import GitFailed, git

_COMMITS = "400"


@dataclass
class Renames:
    """Former paths with the paths of today. Asked for only when something is missed."""

    checkout: Checkout
    unit: ClassVar[str] = "former paths"
    reads: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def gather(cls, checkout: Checkout) -> Renames:
        """Git is asked when a former path is looked up."""
        return cls(checkout)

    @property
    def digest(self) -> str:
        """Of the commit; what is staged shows in the tree's paths."""
        return digest_of(self.checkout.commit or "")

    def __len__(self) -> int:
        return 1

    def now(self, path: str) -> str:
        """Where a file lies now, or the files of a folder that moved as one; "" where that is not known."""
        moved = path
        for _ in range(len(self._moves) + 1):
            if moved in self.checkout.files:
                return moved
            if moved not in self._moves:
                break
            moved = self._moves[moved]
        folders = {
            new[: -len(old[len(path) :])]
            for old, new in self._moves.items()
            if old.startswith(f"{path}/") and new.endswith(old[len(path) :]) and new in self.checkout.files
        }
        return folders.pop() if len(folders) == 1 else ""

    def before(self, path: str) -> str:
        """Where a file lay before its latest move; "" where it never moved."""
        return self._former.get(path, "")

    @cached_property
    def _former(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for old, new in self._moves.items():
            found.setdefault(new, old)
        return found

    @cached_property
    def _moves(self) -> Mapping[str, str]:
        """The latest move of each path."""
        found: dict[str, str] = {}
        if self.checkout.has_git and self.checkout.commit is not None:
            log = ("log", "-n", _COMMITS, "--format=", "--diff-filter=R", "-M", "--name-status", "-z", "HEAD")
            for asked in (("diff", "--cached", "-M", "--diff-filter=R", "--name-status", "-z", "HEAD"), log):
                for old, new in _pairs(self.checkout, asked):
                    found.setdefault(old, new)
        return found


def _pairs(checkout: Checkout, asked: tuple[str, ...]) -> list[tuple[str, str]]:
    try:
        fields = [os.fsdecode(field) for field in git(checkout.root, *asked).split(b"\0") if field]
    except GitFailed:
        return []
    return [(fields[at + 1], fields[at + 2]) for at in range(0, len(fields) - 2, 3) if fields[at].lstrip()[:1] == "R"]
