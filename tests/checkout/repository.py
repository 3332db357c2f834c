"""A small git repository for a test: whatever the machine's own git is configured to do stays out of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Union

from gates.facts.checkout import Checkout

# Written as a text: a process for each setting takes longer than most tests. Without maintenance.auto every commit
# starts one more process, which finds nothing to do.
_SETTINGS = f"""
[user]
    name = Tester
    email = tester@example.org
[core]
    autocrlf = false
    symlinks = true
    hooksPath = {os.devnull}
    excludesFile = {os.devnull}
    attributesFile = {os.devnull}
[commit]
    gpgSign = false
[gc]
    auto = 0
[maintenance]
    auto = false
[protocol "file"]
    allow = always
"""


class Repository:
    """What a person does to a repository, in words."""

    def __init__(self, root: Path, *arguments: str) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.git("-c", "init.defaultBranch=main", "init", "-q", *arguments)
        place = root if "--bare" in arguments else root / ".git"
        if place.is_file():  # of a submodule
            place = Path(self.git("rev-parse", "--absolute-git-dir"))
        with (place / "config").open("a", encoding="utf-8") as config:
            config.write(_SETTINGS)

    def git(self, *arguments: str, feed: bytes = b"") -> str:
        """Run git here; what it printed, without the last line's end."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments], input=feed, check=True, capture_output=True, env=environ
        )
        return os.fsdecode(done.stdout).rstrip("\n")

    def write(self, path: str, content: Union[str, bytes] = "") -> Path:
        """Put a file into the work tree."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def commit(self, **files: str) -> str:
        """Commit all there is, and these files (`name` for name.py); the commit's id."""
        for name, content in files.items():
            self.write(f"{name}.py", content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "change")
        return self.git("rev-parse", "HEAD")

    def open(self) -> Checkout:
        """The checkout, read anew."""
        return Checkout.open(self.root)

    def blob(self, content: Union[str, bytes]) -> str:
        """The id that git gives this content."""
        feed = content.encode() if isinstance(content, str) else content
        return self.git("hash-object", "--stdin", feed=feed)
