"""A copy of the repository for tests to run in, and to be put back to what it was after each run."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

# Made anew wherever they lack, and of no interest to tests.
_LEFT_OUT = frozenset((".git", ".gates", ".hypothesis", ".mypy_cache", ".nox", ".pytest_cache", ".ruff_cache", ".tox",
                       "node_modules"))  # fmt: skip
# What a run may leave without being said to have left something.
_OF_NO_ACCOUNT = frozenset((".git", "__pycache__", ".pytest_cache"))
_ENVIRONMENT = "pyvenv.cfg"


class _Seen(NamedTuple):
    size: int
    changed_ns: int


class Scratch:
    """`folder` holds the copy, with git's history borrowed from the original; environments in it are linked."""

    def __init__(self, original: Path, folder: Path) -> None:
        self.original = original
        self.folder = folder
        self._borrow_history()
        self._copy("")
        self._before = dict(self._files())

    def _borrow_history(self) -> None:
        """A `.git` of its own, for tests that ask git about the repository; without git they do without."""
        words = ("clone", "--quiet", "--shared", "--no-checkout", str(self.original), str(self.folder))
        done = subprocess.run(["git", *words], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode or not (self.original / ".git").exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            return
        asked = ["git", "-C", str(self.original), "rev-parse", "--git-path", "index"]
        index = subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        place = self.original / os.fsdecode(index.stdout.rstrip(b"\n"))
        if place.is_file():
            shutil.copy2(place, self.folder / ".git" / "index")

    def _copy(self, below: str) -> None:
        target = self.folder / below
        target.mkdir(exist_ok=True)
        for entry in os.scandir(self.original / below):
            place = f"{below}/{entry.name}" if below else entry.name
            if entry.is_dir(follow_symlinks=False):
                if os.path.exists(os.path.join(entry.path, _ENVIRONMENT)):
                    os.symlink(entry.path, self.folder / place)
                elif entry.name not in _LEFT_OUT:
                    self._copy(place)
            elif entry.is_file() or entry.is_symlink():
                shutil.copy2(entry.path, self.folder / place, follow_symlinks=False)

    def _files(self, below: str = "") -> Iterator[tuple[str, _Seen]]:
        for entry in os.scandir(self.folder / below):
            place = f"{below}/{entry.name}" if below else entry.name
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _OF_NO_ACCOUNT:
                    yield place, _Seen(-1, 0)
                    yield from self._files(place)
            else:
                found = entry.stat(follow_symlinks=False)
                yield place, _Seen(found.st_size, found.st_mtime_ns)

    def restore(self) -> list[str]:
        """Put it back; the paths that were made, changed or taken away."""
        now = dict(self._files())
        if now == self._before:
            return []
        left = sorted(path for path, seen in now.items() if self._before.get(path) != seen)
        gone = sorted(self._before.keys() - now.keys())
        for path in reversed(left):
            self._take_away(self.folder / path)
        for path in sorted({*gone, *left} & self._before.keys()):
            source, target = self.original / path, self.folder / path
            if source.is_dir() and not source.is_symlink():
                target.mkdir(exist_ok=True)
            else:
                shutil.copy2(source, target, follow_symlinks=False)
        return sorted([*left, *gone])

    @staticmethod
    def _take_away(place: Path) -> None:
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place, ignore_errors=True)
        else:
            place.unlink()
