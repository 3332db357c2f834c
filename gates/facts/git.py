"""What git is asked, and how it is told apart from a folder without git."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from gates.asking import TOP, ask, environment
from gates.errors import CheckoutError

_DISTRUSTED = re.compile(r"(?:dubious ownership in|unsafe) repository (?:at )?\(?'(.+?)'", re.DOTALL)


class GitFailed(Exception):
    """Git ended with an error; the text is what it said."""


def answer(root: Path, *arguments: str) -> bytes:
    """What git prints, asked ahead where it could be; GitFailed with what it says on standard error where it fails."""
    try:
        printed = ask(str(root), *arguments).printed()
    except OSError:
        printed = None
    return git(root, *arguments) if printed is None else printed  # asked again, to hear why


def git(root: Path, *arguments: str, feed: Optional[bytes] = None) -> bytes:
    """Run git to its end."""
    import subprocess  # an ordinary run gets by with what was asked ahead

    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            input=b"" if feed is None else feed,
            capture_output=True,
            env=environment(),
            check=False,
        )
    except OSError as error:
        raise GitFailed(f"git cannot be started ({error.strerror})") from None
    if done.returncode != 0:
        text = done.stderr.decode("utf-8", "replace").strip()
        raise GitFailed(text or f"git ended with {done.returncode}")
    return done.stdout


def top_of(folder: Path) -> Optional[Path]:
    """The top of the work tree that holds the folder; None where there is no git, or it is no repository.

    CheckoutError where there is one that git refuses to read, because a walk of its files would then judge a tree
    that git does not vouch for.
    """
    try:
        return Path(os.fsdecode(answer(folder, *TOP).removesuffix(b"\n")))
    except GitFailed as failed:
        said = str(failed)
    # "not a git repository: '/gone'" is another thing: a .git file that leads nowhere.
    if "not a git repository (or any" in said or "cannot be started" in said:
        return None
    distrusted = _DISTRUSTED.search(said)
    if distrusted:
        remedy = f"git config --global --add safe.directory '{distrusted[1]}'"
        raise CheckoutError(f"{folder}: git does not trust its owner; if you do: {remedy}")
    if "must be run in a work tree" in said:
        raise CheckoutError(f"{folder}: is a bare repository; run gates in a work tree of it")
    raise CheckoutError(f"{folder}: git cannot read it: {said}")


def hash_files(root: Path, paths: Sequence[str]) -> dict[str, str]:
    """The blob ids that git would give these files as they are in the work tree, clean filters applied."""
    # In git's list a path ends with its line, with a carriage return before it too, and a quote begins C quoting.
    plain = [path for path in paths if "\n" not in path and not path.startswith('"') and not path.endswith("\r")]
    feed = b"".join(os.fsencode(path) + b"\n" for path in plain)
    ids = git(root, "hash-object", "--stdin-paths", feed=feed).decode("ascii").split() if plain else []
    known = dict(zip(plain, ids))
    for path in set(paths) - set(plain):
        known[path] = git(root, "hash-object", "--", path).decode("ascii").strip()
    return known


def read_blobs(root: Path, blobs: Sequence[str]) -> dict[str, bytes]:
    """The contents of these blobs; those that git does not have are left out."""
    if not blobs:
        return {}
    answer = git(root, "cat-file", "--batch", feed="".join(f"{blob}\n" for blob in blobs).encode("ascii"))
    found: dict[str, bytes] = {}
    at = 0
    for blob in blobs:
        end = answer.index(b"\n", at)
        facts = answer[at:end].split()
        at = end + 1
        if len(facts) == 3:
            size = int(facts[2])
            found[blob] = answer[at : at + size]
            at += size + 1
    return found
