"""Contents that do not stand in the work tree: what is staged, and what commits brought, merges included."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Optional

from gates.errors import FactUnavailable
from gates.facts.checkout import Checkout
from gates.facts.git import GitFailed, git

_AT_ONCE = 2000


class Older(NamedTuple):
    """A blob, and a path that it stood at."""

    path: str
    blob: str


class History(NamedTuple):
    """The blobs of a range of commits, and how many commits there are. `span` is what git was asked for."""

    span: tuple[str, ...]
    commits: int
    blobs: tuple[Older, ...]


NOTHING = History((), 0, ())


def staged(checkout: Checkout) -> tuple[Older, ...]:
    """What the index holds where the work tree holds something else."""
    if checkout.listed is None:
        return ()
    changed = set(checkout.listed.changed)
    found: list[Older] = []
    for entry in os.fsdecode(checkout.listed.listing).split("\0")[:-1] if changed else ():
        said, _, path = entry.partition("\t")
        _, mode, blob, _ = said.split(" ")
        if path in changed and mode in ("100644", "100755") and set(blob) != {"0"}:
            found.append(Older(path, blob))
    return tuple(found)


def history(checkout: Checkout, span: Sequence[str]) -> History:
    """Every blob that the commits of a span brought. FactUnavailable where an end of it is not there.

    Objects are listed and not differences: what only a merge commit brought, or a later commit took away, is among
    them.
    """
    root = checkout.root
    if checkout.is_shallow:
        raise FactUnavailable("this clone is shallow, so its history cannot be searched; git fetch --unshallow")
    try:
        for end in (part for each in span for part in each.split("..")):
            if not end.startswith("-"):
                git(root, "rev-parse", "--verify", "--quiet", f"{end}^{{commit}}")
        commits = int(git(root, "rev-list", "--count", *span))
        listed = os.fsdecode(git(root, "rev-list", "--objects", *span)).splitlines()
        seen = sum(1 for line in listed if " " not in line)
        named = [line.partition(" ") for line in listed if " " in line]
        kinds = git(
            root,
            "cat-file",
            "--batch-check=%(objecttype)",
            feed="".join(f"{blob}\n" for blob, _, _ in named).encode("ascii"),
        ).decode("ascii")
    except GitFailed as failed:
        raise FactUnavailable(f"git cannot list the commits of {' '.join(span)}: {failed}") from None
    blobs = [Older(path, blob) for (blob, _, path), kind in zip(named, kinds.split()) if kind == "blob"]
    if seen < commits or len(kinds.split()) != len(named):
        raise FactUnavailable(f"git lists {seen} commits of {commits}; its objects are not all there")
    return History(tuple(span), commits, tuple(blobs))


def is_first(root: Path, commit: str) -> bool:
    """Whether a commit has no parent."""
    try:
        git(root, "rev-parse", "--verify", "--quiet", f"{commit}^")
    except GitFailed:
        return True
    return False


def contents(checkout: Checkout, olders: Sequence[Older]) -> Iterator[tuple[Older, bytes]]:
    """What the blobs hold, some at a time. FactUnavailable where git does not have one."""
    for start in range(0, len(olders), _AT_ONCE):
        some = olders[start : start + _AT_ONCE]
        found = checkout.indexed([each.blob for each in some])
        for each in some:
            if each.blob not in found:
                raise FactUnavailable(f"git does not have the content of {each.path} ({each.blob[:12]})")
            yield each, found[each.blob]


def commit_of(root: Path, blob: str, span: Sequence[str]) -> Optional[str]:
    """The first commit of the span that brought a blob; its id alone, no name and no address."""
    try:
        told = git(
            root, "log", "--format=%H", "--diff-merges=first-parent", "--reverse", f"--find-object={blob}", *span
        )
    except GitFailed:
        return None
    return told.decode("ascii").partition("\n")[0] or None
