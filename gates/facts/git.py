"""What git is asked, and how it is told apart from a folder without git."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from gates.errors import CheckoutError

# Neither a pager, nor prompts, nor the user's colours, nor a write to the index of the repository under judgement.
_ENVIRONMENT = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "cat", "LC_ALL": "C"}
# A hook inherits these from the git that runs it: they may mean another repository than the folder that was named.
_OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_NAMESPACE")
_DISTRUSTED = re.compile(r"(?:dubious ownership in|unsafe) repository (?:at )?\(?'(.+?)'", re.DOTALL)


class GitFailed(Exception):
    """Git ended with an error; the text is what it said."""


def start(root: Path, *arguments: str, feed: bool = False) -> subprocess.Popen[bytes]:
    """Start git in the folder; several at once cost no more than the slowest."""
    command = ["git", "-C", str(root), *arguments]
    inherited = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**inherited, **_ENVIRONMENT},
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


def abandon(running: subprocess.Popen[bytes]) -> None:
    """End a git whose answer nobody waits for any more."""
    if running.returncode is None:
        running.kill()
        running.communicate()


def git(root: Path, *arguments: str, feed: Optional[bytes] = None) -> bytes:
    """Run git to its end."""
    return finish(start(root, *arguments, feed=feed is not None), feed)


def top_of(folder: Path) -> Optional[Path]:
    """The top of the work tree that holds the folder; None where there is no git, or it is no repository.

    CheckoutError where there is one that git refuses to read, because a walk of its files would then judge a tree
    that git does not vouch for.
    """
    try:
        return Path(os.fsdecode(git(folder, "rev-parse", "--show-toplevel").removesuffix(b"\n")))
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
