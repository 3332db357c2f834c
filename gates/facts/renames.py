"""Where files lie that were once elsewhere: what git knows of renames, staged ones first."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from gates.facts.checkout import Checkout
from gates.facts.fact import digest_of
from gates.facts.git import GitFailed, git

_COMMITS = "400"
# Where a content is lacking (a partial clone), what moved as it was is told by its identity alone.
_LIKENESS = ("-M", "-M100%")


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
        folders = self._folders.get(path, set())
        return next(iter(folders)) if len(folders) == 1 else ""

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
    def _folders(self) -> Mapping[str, set[str]]:
        """Each folder to those in which files lie now that were below it, by the same rest of their paths."""
        found: dict[str, set[str]] = {}
        for old, new in self._moves.items():
            if new in self.checkout.files:
                for here, there in _ancestors(old, new):
                    found.setdefault(here, set()).add(there)
        return found

    @property
    def why_not(self) -> str:
        """Why git cannot say what moved, "" where it can."""
        return self._told[1]

    @property
    def _moves(self) -> Mapping[str, str]:
        """The latest move of each path."""
        return self._told[0]

    @cached_property
    def _told(self) -> tuple[Mapping[str, str], str]:
        found: dict[str, str] = {}
        failed = ""
        if self.checkout.has_git and self.checkout.commit is not None:
            for asked in (("diff", "--cached"), ("log", "-n", _COMMITS, "--format=")):
                pairs, why_not = _pairs(self.checkout, asked)
                failed = failed or why_not
                for old, new in pairs:
                    found.setdefault(old, new)
        return found, failed


def _pairs(checkout: Checkout, asked: tuple[str, ...]) -> tuple[list[tuple[str, str]], str]:
    failed = ""
    for likeness in _LIKENESS:
        try:
            said = git(checkout.root, *asked, "--diff-filter=R", likeness, "--name-status", "-z", "HEAD")
        except GitFailed as failure:
            failed = str(failure).partition("\n")[0]
            continue
        fields = [os.fsdecode(field) for field in said.split(b"\0") if field]
        moves = (fields[at : at + 3] for at in range(0, len(fields) - 2, 3))
        return [(old, new) for kind, old, new in moves if kind.lstrip()[:1] == "R"], ""
    return [], failed


def _ancestors(old: str, new: str) -> Iterator[tuple[str, str]]:
    """The folders above two paths, as far as the rest of both is the same."""
    while old and new and posixpath.basename(old) == posixpath.basename(new):
        old, new = posixpath.dirname(old), posixpath.dirname(new)
        if old and new:
            yield old, new
