"""The commands by which workflows, makefiles, images and scripts install distributions."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, NamedTuple

from gates.facts.carrier_files import CarrierSettings
from gates.facts.carrier_kinds import carriers, pathspecs
from gates.facts.checkout import Checkout, tree_digest
from gates.facts.files import File
from gates.facts.supply.credentials import without_credentials
from gates.globs import any_of

_KINDS = frozenset({"CI", "Dockerfile", "compose file", "makefile", "shell script", "command", "YAML"})
_INSTALL = re.compile(rb"\bpip[\d.]*[\"']?\s+install\b|\buv\s+pip\s+(?:install|sync)\b")
_COMMAND = re.compile(r"(?:\bpip[\d.]*[\"']?\s+install|\buv\s+pip\s+(?:install|sync))(?![\w-])(?P<rest>[^\n;&|]*)")
_FILES = ("-r", "--requirement", "--requirements")
_WITH_VALUE = frozenset(
    "-c --constraint -i --index-url --extra-index-url -f --find-links --trusted-host -t --target --prefix --python "
    "--only-binary --no-binary --cache-dir --timeout --retries --root --platform --progress-bar".split()
)


class InstallCommand(NamedTuple):
    """One command: the requirements `files` that it names, the `names` of distributions, the local `paths`."""

    path: str
    line: int
    text: str
    files: tuple[str, ...]
    names: tuple[str, ...]
    paths: tuple[str, ...]
    options: frozenset[str]

    @property
    def demands_hashes(self) -> bool:
        """Whether what the lock does not know by its hash is refused, and nothing is built."""
        return "--require-hashes" in self.options and "--only-binary=:all:" in self.options


@dataclass(frozen=True)
class InstallCommands:
    """Each file that may hold commands, and those in it that install."""

    checkout: Checkout = field(repr=False)
    files: tuple[File, ...]
    unit: ClassVar[str] = "files with commands"
    may_be_none: ClassVar[bool] = True

    @classmethod
    def gather(cls, checkout: Checkout, settings: CarrierSettings) -> InstallCommands:
        """By the names of the files; none is read until it is asked for."""
        left_out = any_of(settings.leave_out)
        found = (path for path, kind in carriers(checkout.files) if kind in _KINDS and not left_out.fullmatch(path))
        files = (checkout.files[path] for path in sorted(found))
        return cls(checkout, tuple(file for file in files if not file.is_symlink and not file.is_submodule))

    @cached_property
    def digest(self) -> str:
        """Of the files."""
        return tree_digest(self.files)

    @property
    def reads(self) -> tuple[str, ...]:
        """Git pathspecs of the files."""
        return pathspecs([file.path for file in self.files])

    def __len__(self) -> int:
        return len(self.files)

    def account(self) -> dict[str, int]:
        """How many commands there are."""
        return {"commands that install": len(self.commands)}

    @cached_property
    def commands(self) -> tuple[InstallCommand, ...]:
        """By path and line."""
        return tuple(found for file in self.files for found in commands(file.path, self.checkout.read(file.path)))


def commands(path: str, content: bytes) -> Iterator[InstallCommand]:
    """Those that a file holds, comments and credentials apart."""
    if not _INSTALL.search(content):
        return
    text = without_credentials(content.decode("utf-8", "replace"))
    joined = re.sub(r"\\\r?\n", lambda found: " " * len(found[0]), text)  # a command may go on in the next line
    for found in _COMMAND.finditer(joined):
        start = joined.rfind("\n", 0, found.start()) + 1
        if "#" not in joined[start : found.start()]:
            line = text.count("\n", 0, found.start()) + 1
            yield _command(path, line, found[0], found["rest"])


def _command(path: str, line: int, text: str, rest: str) -> InstallCommand:
    files: list[str] = []
    others: list[str] = []
    options: set[str] = set()
    words = iter(_words(rest))
    for word in words:
        name, equals, value = word.partition("=")
        if name in _FILES:
            files.append(value if equals else next(words, ""))
        elif word.startswith("-r") and len(word) > 2 and not word.startswith("--"):
            files.append(word[2:])
        elif word in ("-e", "--editable"):
            others.append(next(words, ""))
        elif name in _WITH_VALUE:
            options.add(word if equals else f"{name}={next(words, '')}")
        elif word.startswith("-"):
            options.add(word)
        else:
            others.append(word)
    # What a variable holds cannot be known here.
    said = [word for word in others if word and not re.search(r"[$`{<>(]", word)]
    paths = [word for word in said if word.startswith((".", "/")) or word.endswith((".whl", ".gz", ".zip"))]
    names = [word for word in said if word not in paths and re.match(r"[A-Za-z0-9]", word)]
    shown = re.sub(r"\s+", " ", text).strip()
    return InstallCommand(path, line, shown, tuple(files), tuple(names), tuple(paths), frozenset(options))


def _words(rest: str) -> list[str]:
    try:
        return shlex.split(rest, comments=True)
    except ValueError:  # a quote that belongs to the file around it
        return rest.replace('"', " ").replace("'", " ").split()
