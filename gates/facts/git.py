"""What git is asked, and how it is told apart from a folder without git."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Optional, Sequence

from gates.errors import CheckoutError

# Neither a pager, nor prompts, nor the user's colours, nor a write to the index of the repository under judgement.
_ENVIRONMENT = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "cat", "LC_ALL": "C"}


class GitFailed(Exception):
    """Git ended with an error; the text is what it said."""


def start(root: Path, *arguments: str, feed: bool = False) -> subprocess.Popen[bytes]:
    """Start git in the folder; several at once cost no more than the slowest."""
    command = ["git", "-C", str(root), *arguments]
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **_ENVIRONMENT},
        )
    except OSError as error:
        raise GitFailed(f"git cannot be started ({error.strerror})") from None


def finish(running: subprocess.Popen[bytes], feed: Optional[bytes] = None) -> bytes:
    """What it printed; GitFailed with what it said on standard error where it failed."""
    out, complaint = running.communicate(feed)
    if running.returncode != 0:
        text = complaint.decode("utf-8", "replace").strip()
        raise GitFailed(text or f"git ended with {running.returncode}")
    return out


def git(root: Path, *arguments: str, feed: Optional[bytes] = None) -> bytes:
    """Run git to its end."""
    return finish(start(root, *arguments, feed=feed is not None), feed)


def top_of(folder: Path) -> Optional[Path]:
    """The top of the work tree that holds the folder; None where there is no git, or it is no repository.

    CheckoutError where there is one that git refuses to read, because a walk of its files would then judge a tree
    that git does not vouch for.
    """
    try:
        return Path(os.fsdecode(git(folder, "rev-parse", "--show-toplevel").rstrip(b"\n")))
    except GitFailed as failed:
        said = str(failed)
    if "not a git repository" in said or "cannot be started" in said:
        return None
    if "dubious ownership" in said:
        remedy = f"git config --global --add safe.directory {folder}"
        raise CheckoutError(f"{folder}: git does not trust its owner; if you do: {remedy}")
    if "must be run in a work tree" in said:
        raise CheckoutError(f"{folder}: is a bare repository; run gates in a work tree of it")
    raise CheckoutError(f"{folder}: git cannot read it: {said}")


def hash_files(root: Path, paths: Sequence[str]) -> dict[str, str]:
    """The blob ids that git would give these files as they are in the work tree, clean filters applied."""
    plain = [path for path in paths if "\n" not in path and not path.startswith('"')]
    feed = b"".join(os.fsencode(path) + b"\n" for path in plain)
    ids = git(root, "hash-object", "--stdin-paths", feed=feed).decode("ascii").split() if plain else []
    known = dict(zip(plain, ids))
    for path in set(paths) - set(plain):
        known[path] = git(root, "hash-object", "--", path).decode("ascii").strip()
    return known
