"""Files that hold what tests should give, and which of them no test reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, NamedTuple

from gates.facts.checkout import Checkout
from gates.facts.fact import digest_of
from gates.facts.modules import Modules
from gates.facts.test_code import is_near_tests
from gates.globs import any_of

SUFFIXES = (".ambr", ".approved", ".csv", ".expected", ".golden", ".html", ".json", ".md", ".out", ".svg", ".txt",
            ".xml", ".yaml", ".yml")  # fmt: skip
_FOLDERS = re.compile(r"^(?:goldens?|golden_files|(?:__)?snapshots?(?:__)?|expected(?:_outputs?|_results?)?|approved)$")
_NAMES = re.compile(r"(?:[._-]|^)(?:golden|expected|approved)\.")
_SNAPSHOTS = "__snapshots__"
# What may name a file beside the modules near tests: scripts, makefiles, settings, workflows.
_READERS = (".cfg", ".ini", ".mk", ".sh", ".toml", "Makefile", "justfile", "Justfile")
_WORKFLOWS = ".github/"
# How files are read that no text names: all of a folder, or one whose name is made up.
_LISTS = re.compile(rb"glob|iterdir|listdir|scandir|walk")
_MAKES_UP = re.compile(
    rb"\.stem\b|\.name\b|__name__|\bf[\"']|\.format\(|[\"'] ?[%+]|\+ ?[\"']|joinpath|parametrize|with_suffix"
)
_WORD = re.compile(rb"[\w-]+")


class _Reader(NamedTuple):
    """A text that may name goldens: the words in it, and how it may come by names that it does not spell."""

    words: frozenset[bytes]
    lists: bool
    makes_up: bool


@dataclass
class Goldens:
    """Files near tests that their name, or the name of their folder, calls golden, expected, approved or a snapshot."""

    checkout: Checkout = field(repr=False)
    modules: Modules
    unit: ClassVar[str] = "goldens"
    may_be_none: ClassVar[bool] = True  # most repositories have none
    reads: ClassVar[tuple[str, ...]] = (*(f"*{end}" for end in (*SUFFIXES, *_READERS)), f":(literal){_WORKFLOWS[:-1]}")

    @classmethod
    def gather(cls, checkout: Checkout, modules: Modules) -> Goldens:
        """Nothing is read until it is asked for."""
        return cls(checkout, modules)

    @cached_property
    def paths(self) -> Sequence[str]:
        """Theirs, sorted; what tests of other languages snapshot is not among them."""
        return sorted(path for path in self.checkout.files if path.endswith(SUFFIXES) and is_golden(path))

    @cached_property
    def digest(self) -> str:
        """Of their paths, and of all that may name them."""
        readers = [f"{path} {self.checkout.files[path].blob}" for path in self._others]
        return digest_of(self.modules.digest, "\0".join(self.paths), "\0".join(readers))

    def __len__(self) -> int:
        return len(self.paths)

    def unread(self, paths: Iterable[str], allowed: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Path and reason of each golden that no test can compare anything with."""
        asked, left_out = any_of(paths), any_of(allowed)
        for path in self.paths:
            if asked.fullmatch(path) and not left_out.fullmatch(path):
                why = self._why_unread(path)
                if why:
                    yield path, why

    def _why_unread(self, path: str) -> str:
        if any(_may_read(reader, path) for reader in self._readers.values()):
            return ""
        folders = path.split("/")
        if _SNAPSHOTS not in folders:
            return "is named by no test, script or setting, and neither is its folder"
        at = folders.index(_SNAPSHOTS)
        owner = "/".join((*folders[:at], f"{folders[at + 1].partition('.')[0]}.py"))
        if owner not in self.modules.paths:
            return f"is of {owner}, which does not exist"
        return "" if b"snapshot" in self._readers[owner].words else f"is of {owner}, which asks for no snapshot"

    @cached_property
    def _readers(self) -> dict[str, _Reader]:
        near = [file.path for file in self.modules.files if is_near_tests(file.path)]
        wanted = frozenset(word for path in self.paths for word in (*_words_of(path), b"snapshot"))
        read: dict[str, _Reader] = {}
        for path in (*near, *self._others):
            text = self.checkout.read(path)
            words = frozenset(_WORD.findall(text)) & wanted
            read[path] = _Reader(words, _LISTS.search(text) is not None, _MAKES_UP.search(text) is not None)
        return read

    @cached_property
    def _others(self) -> Sequence[str]:
        """Files that may name a golden and are no modules; goldens are not asked of one another."""
        if not self.paths:
            return ()
        goldens, files = set(self.paths), self.checkout.files
        named = (path for path in files if path.endswith(_READERS) or path.startswith(_WORKFLOWS))
        plain = (path for path in named if path not in goldens)
        return sorted(path for path in plain if not (files[path].is_symlink or files[path].is_submodule))


def is_golden(path: str) -> bool:
    """Whether it lies near tests, and it or a folder of it is called golden, expected, approved or a snapshot."""
    *folders, name = path.split("/")
    below = next((at for at, part in enumerate(folders) if is_near_tests(f"{part}/x.py")), None)
    if below is None:
        return False
    return any(_FOLDERS.match(part) for part in folders[below:]) or _NAMES.search(name) is not None


def _may_read(reader: _Reader, path: str) -> bool:
    """Whether it names the file; or its folder, and makes up names; or a folder above it, and lists what is there."""
    *folders, stem = _words_of(path)
    if _SNAPSHOTS.encode() in folders:  # which are called as their tests are, and read by what wrote them
        return {_SNAPSHOTS.encode(), stem} <= reader.words
    if stem in reader.words:
        return True
    if folders and folders[-1] in reader.words and (reader.lists or reader.makes_up):
        return True
    return reader.lists and any(folder in reader.words for folder in folders)


def _words_of(path: str) -> list[bytes]:
    """The words by which a text names a golden: folders that are called so, the innermost one, the file itself."""
    *folders, name = path.split("/")
    words = [part for part in folders[:-1] if _FOLDERS.match(part)] + folders[-1:] + [name.partition(".")[0]]
    return [_WORD.findall(word.encode("utf-8", "surrogateescape") or b"-")[-1] for word in words]
