"""Which lines of the modules differ from the base: what a pull request, or the last commit, brought."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, NamedTuple, Optional

from gates.errors import CheckoutError, FactUnavailable
from gates.facts.checkout import Checkout
from gates.facts.fact import digest_of
from gates.facts.git import GitFailed, git
from gates.facts.modules import SUFFIXES, Modules

_HUNK = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)
_HEAD_OF_PATCH = re.compile(rb"^diff --git ", re.MULTILINE)
# Whatever the user's own configuration says of a diff stays out of it.
_PLAIN = ("-c", "diff.algorithm=myers", "-c", "diff.noprefix=false", "-c", "diff.renameLimit=2000")
_OPTIONS = (
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--no-relative",
    "--ignore-submodules=all",
    "--find-renames",
)
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


@dataclass(frozen=True)
class DiffSettings:
    """`[facts.diff]`: the branch that changes are compared with, where `--base` does not say."""

    policy_section: ClassVar[str] = "diff"
    base: Optional[str] = None
    """A branch, like "origin/main"; without it, and on the branch itself, HEAD is compared with its first parent."""


class Change(NamedTuple):
    """One module that differs. `before` is its path at the base, None for a new one; `path` None for one that is gone.

    `added` are lines of it as it is now, `removed` lines of it as it was; both count from 1. `cuts` are the lines
    behind which something was only taken out.
    """

    path: Optional[str]
    before: Optional[str]
    blob_before: Optional[str]
    added: frozenset[int] = frozenset()
    removed: frozenset[int] = frozenset()
    cuts: frozenset[int] = frozenset()


class _Entry(NamedTuple):
    """What `git diff --raw` says of one file."""

    blob: str
    status: str
    before: str
    path: str


@dataclass(frozen=True)
class Diff:
    """The modules compared with the base; an overlay is compared like an edit. Without git everything is new.

    `base` is a commit, or the empty tree for a first commit.
    """

    checkout: Checkout = field(repr=False)
    modules: Modules
    base: str
    watched: tuple[str, ...] = ()
    unit: ClassVar[str] = "files compared"

    @classmethod
    def gather(cls, checkout: Checkout, modules: Modules, settings: DiffSettings) -> Diff:
        """Find the base; FactUnavailable where there is none to compare with."""
        if not checkout.has_git:
            return cls(checkout, modules, "")
        return cls(checkout, modules, _base(checkout, settings), _watched(checkout, settings))

    @property
    def commit(self) -> Optional[str]:
        """The base, where it is a commit."""
        return None if self.base in ("", EMPTY_TREE) else self.base

    @property
    def reads(self) -> tuple[str, ...]:
        """Where git keeps the branch that changes are compared with."""
        return tuple(f":(literal){path}" for path in self.watched)

    @cached_property
    def digest(self) -> str:
        """Of the base and of the modules."""
        return digest_of(self.base, self.modules.digest)

    def __len__(self) -> int:
        return len(self.modules)

    def account(self) -> dict[str, int]:
        """How many of them differ."""
        return {"changed": sum(1 for change in self.changes if change.path is not None)}

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """Every module that differs, with its lines; by path."""
        paths = self.modules.paths
        found = [*self._on_disk(paths), *self._laid_over(paths)]
        told = {change.path for change in found}
        found += [self._new(path) for path in paths - self.paths_before if path not in told]
        return tuple(sorted(found, key=lambda change: (change.path or "", change.before or "")))

    def before(self, path: str) -> Optional[bytes]:
        """The content of any file at the base; None where it had none."""
        if not self.base:
            return None
        try:
            return git(self.checkout.root, "cat-file", "blob", f"{self.base}:{path}")
        except GitFailed:
            return None

    @cached_property
    def paths_before(self) -> frozenset[str]:
        """Every file of the base; a module that is none of them and in no diff of git is untracked, and new."""
        if not self.base:
            return frozenset()
        listed = self._git("ls-tree", "-r", "-z", "--name-only", "--full-tree", self.base)
        return frozenset(os.fsdecode(path) for path in listed.split(b"\0") if path)

    def _on_disk(self, paths: frozenset[str]) -> Iterator[Change]:
        if not self.base:
            return
        overlaid = self.checkout.overlay
        without_suffix = (path for path in paths if not path.endswith(SUFFIXES))
        python = (*(f"*{suffix}" for suffix in SUFFIXES), *(f":(literal){path}" for path in without_suffix))
        asked = (*_OPTIONS, self.base, "--", *python)
        raw = self._git(*_PLAIN, "diff", "--raw", "-z", "--no-abbrev", *asked)
        patches = _HEAD_OF_PATCH.split(self._git(*_PLAIN, "diff", "--patch", "--unified=0", *asked))[1:]
        at = 0
        for entry in _entries(raw):
            if entry.status == "U":  # an unfinished merge: judged as what stands in the work tree
                continue
            # a change of type is shown as two patches, one that deletes and one that adds
            patch = b"".join(patches[at : at + (2 if entry.status == "T" else 1)])
            at += 2 if entry.status == "T" else 1
            if entry.path in overlaid or (entry.path not in paths and entry.status not in "DR"):
                continue
            path = entry.path if entry.status != "D" and entry.path in paths else None
            before = None if entry.status == "A" else entry.before
            yield Change(path, before, None if before is None else entry.blob, *_lines(_hunks(patch)))

    def _laid_over(self, paths: frozenset[str]) -> Iterator[Change]:
        for path in self.checkout.overlay:
            if not path.endswith(SUFFIXES):
                continue
            before = self.before(path)
            now = self.checkout.read(path) if path in paths else None
            if before == now:
                continue
            blob = git(self.checkout.root, "rev-parse", f"{self.base}:{path}").decode().strip() if before else None
            gone, new = now is None, before is None
            yield Change(None if gone else path, None if new else path, blob, *compared(before or b"", now or b""))

    def _new(self, path: str) -> Change:
        many = self.checkout.read(path).count(b"\n") + 1
        return Change(path, None, None, frozenset(range(1, many + 1)))

    def _git(self, *arguments: str) -> bytes:
        try:
            return git(self.checkout.root, *arguments)
        except GitFailed as failed:
            raise FactUnavailable(f"git cannot compare with {self.base}: {failed}") from None


_Lines = tuple[frozenset[int], frozenset[int], frozenset[int]]
_Hunk = tuple[int, int, int, int]


def compared(before: bytes, now: bytes) -> _Lines:
    """Lines added, lines removed and cuts, where git is not asked."""
    old, new = before.split(b"\n"), now.split(b"\n")
    opcodes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    # as git writes a hunk: one that takes or gives nothing begins behind the line before
    hunks = [(i + (j > i), j - i, k + (m > k), m - k) for tag, i, j, k, m in opcodes if tag != "equal"]
    return _lines(hunks)


def _entries(raw: bytes) -> Iterator[_Entry]:
    """`diff --raw -z`: ":<mode> <mode> <id> <id> <status>\\0<path>\\0", with a second path for a rename."""
    fields = os.fsdecode(raw).split("\0")
    at = 0
    while at < len(fields) and fields[at]:
        _, _, blob, _, status = fields[at].split(" ")
        two = status[0] in "RC"
        before, path = fields[at + 1], fields[at + (2 if two else 1)]
        yield _Entry(blob, status[0], before, path)
        at += 3 if two else 2


def _lines(hunks: Iterable[_Hunk]) -> _Lines:
    added: set[int] = set()
    removed: set[int] = set()
    cuts: set[int] = set()
    for start, many, to, count in hunks:
        removed.update(range(start, start + many))
        added.update(range(to, to + count))
        if not count:
            cuts.add(to)
    return frozenset(added), frozenset(removed), frozenset(cuts)


def _hunks(patch: bytes) -> Iterator[_Hunk]:
    for found in _HUNK.finditer(patch):
        start, many, to, count = found.groups()
        yield int(start), 1 if many is None else int(many), int(to), 1 if count is None else int(count)


def _base(checkout: Checkout, settings: DiffSettings) -> str:
    if checkout.base is not None:
        return checkout.base
    if checkout.commit is None:
        return EMPTY_TREE
    parted = _parted(checkout, settings.base) if settings.base is not None else None
    if parted is not None and parted != checkout.commit:
        return parted
    try:  # on the branch itself, and where none is named: what the last commit brought
        return git(checkout.root, "rev-parse", "-q", "--verify", "HEAD^1^{commit}").decode("ascii").strip()
    except GitFailed:
        if checkout.is_shallow:
            remedy = "git fetch --unshallow (actions/checkout: fetch-depth: 0)"
            raise FactUnavailable(f"this clone is shallow, so there is no base to compare with; {remedy}") from None
        return EMPTY_TREE


def _parted(checkout: Checkout, branch: str) -> str:
    try:
        return git(checkout.root, "merge-base", branch, "HEAD").decode("ascii").strip()
    except GitFailed:
        deep = "; this clone is shallow: git fetch --unshallow" if checkout.is_shallow else ""
        remedy = f"fetch it, or name another in [facts.diff] base, or say --base REF{deep}"
        raise FactUnavailable(f"there is no '{branch}' to compare with; {remedy}") from None


def _watched(checkout: Checkout, settings: DiffSettings) -> tuple[str, ...]:
    """Files that change when the branch does. In a linked work tree they lie outside: then nothing is replayed."""
    if settings.base is None or checkout.base is not None:
        return ()
    own = ".git"
    if not (checkout.root / ".git").is_dir():
        try:
            own = os.fsdecode(git(checkout.root, "rev-parse", "--git-common-dir").rstrip(b"\n"))
        except GitFailed as failed:
            raise CheckoutError(f"{checkout.root}: git cannot read it: {failed}") from None
    kinds = ("refs/heads", "refs/remotes", "refs/tags")
    return (f"{own}/packed-refs", *(f"{own}/{kind}/{settings.base}" for kind in kinds))
