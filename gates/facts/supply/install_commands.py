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
_OPTIONS = r"(?:[ \t]+--?[A-Za-z][\w-]*(?:=\S+)?(?:[ \t]+(?!install\b|sync\b|pip\b)[^\s;&|-]\S*)?)*"
_COMMAND = re.compile(rf"(?:\bpip[\d.]*[\"']?{_OPTIONS}\s+install|\buv{_OPTIONS}\s+pip{_OPTIONS}\s+sync)(?![\w-])")
_QUOTED = r"""(?:"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_ARRAY = re.compile(rf"\[[ \t]*{_QUOTED}(?:[ \t]*,[ \t]*{_QUOTED})+[ \t]*\]")  # RUN ["pip", "install"]
_PART = rf"\\.|{_QUOTED}|`[^`\n]*`|\$\{{\{{.*?\}}\}}|\$\{{[^}}\n]*\}}|\$\([^()\n]*\)|[^\s;&|<>()'\"`\\]"
_WORD = re.compile(rf"[ \t]*(?:(?:\d|&)?(?:>>?|<)(?:&[\d-]|[ \t]*(?:{_PART})+)|(?P<word>(?!#)(?:{_PART})+))")
# What stands in a message, or names a step, is not run; what it substitutes is.
_TELLS = re.compile(
    r"(?:(?<![\w./-])(?:echo|printf|print|die|warn|warning|error|info|fail|abort)[\s(]"
    rf"(?:{_QUOTED}|\\.|[^;&|\"'\\])*(?:\"(?:\\.|[^\"\\])*|'[^']*)?|"
    r"^\s*(?:-\s+)?(?:name|description|title|summary)\s*:.*)$"
)
_SUBSTITUTED = re.compile(r"\$\((?!info|warning|error)[^()]*$")
_FILES = ("-r", "--requirement", "--requirements")
_WITH_VALUE = frozenset(
    "-c --constraint -i --index-url --extra-index-url -f --find-links --trusted-host -t --target --prefix --python "
    "--only-binary --no-binary --cache-dir --timeout --retries --root --platform --progress-bar --log --proxy --cert "
    "--client-cert --upgrade-strategy --report --src --python-version --implementation --abi --exists-action "
    "--keyring-provider --use-feature --use-deprecated --root-user-action --config-settings -C --global-option --group "
    "--build-constraint -b --override --index --default-index --index-strategy --resolution --prerelease -p "
    "--exclude-newer --link-mode --python-platform --torch-backend --upgrade-package -P --config-file --extra".split()
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
        return "--require-hashes" in self.options and not self.options.isdisjoint(("--only-binary=:all:", "--no-build"))


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
    """Those that a file holds, comments, messages and credentials apart."""
    if b"pip" not in content:
        return
    text = without_credentials(content.decode("utf-8", "replace"))
    joined = re.sub(r"\\\r?\n", lambda found: " " * len(found[0]), text)  # a command may go on in the next line
    joined = _ARRAY.sub(lambda found: _as_words(found[0]).ljust(len(found[0])), joined)
    for found in _COMMAND.finditer(joined):
        before = joined[joined.rfind("\n", 0, found.start()) + 1 : found.start()]
        if re.search(r"(?:^|\s)#", before) or (_TELLS.search(before) and not _SUBSTITUTED.search(before)):
            continue
        rest = _up_to_quote(joined[found.end() :].partition("\n")[0], _open_quote(before + found[0]))
        yield _command(path, text.count("\n", 0, found.start()) + 1, found[0], rest)


def _as_words(array: str) -> str:
    return " ".join(shlex.quote(_unquoted(each)) for each in re.findall(_QUOTED, array))


def _open_quote(text: str) -> str:
    """The quote in which a text ends; an apostrophe within a word is none."""
    quote = ""
    for each in re.findall(r"[\"'`]", re.sub(r"\\.|\b'\b", "", text)):
        if each == (quote or each):
            quote = "" if quote else each
    return quote


def _up_to_quote(rest: str, quote: str) -> str:
    if quote != '"':
        return rest.partition(quote)[0] if quote else rest
    match = re.match(r'(?:\\.|[^"\\])*', rest)
    return re.sub(r"\\([\"\\$`])", r"\1", match[0]) if match else ""


def _command(path: str, line: int, start: str, rest: str) -> InstallCommand:
    files: list[str] = []
    others: list[str] = []
    options: set[str] = set()
    said, length = _words(rest)
    words = iter(said)
    for word in words:
        name, equals, value = word.partition("=")
        if name in _FILES:
            files.append(value if equals else next(words, ""))
        elif joined := re.fullmatch(r"-[qvU]*r(.*)", word):
            files.append(joined[1] or next(words, ""))
        elif word in ("-e", "--editable"):
            others.append(next(words, ""))
        elif name in _WITH_VALUE:
            options.add(word if equals else f"{name}={next(words, '')}")
        elif word.startswith("-"):
            options.add(word)
        else:
            others.append(word)
    # What a variable holds cannot be known here.
    known = [word for word in others if word and not re.search(r"[$`{(]", word)]
    paths = [word for word in known if word.startswith((".", "/")) or word.endswith((".whl", ".gz", ".zip"))]
    names = [word for word in known if word not in paths and re.match(r"[A-Za-z0-9]", word)]
    if start.endswith("sync"):  # it takes files alone
        files, names, paths = known, [], []
    shown = re.sub(r"\s+", " ", start + rest[:length]).strip()
    return InstallCommand(path, line, shown, tuple(files), tuple(names), tuple(paths), frozenset(options))


def _words(rest: str) -> tuple[list[str], int]:
    """The words of a command up to its end, those that redirect apart, and how long it is."""
    words: list[str] = []
    length = 0
    while found := _WORD.match(rest, length):
        length = found.end()
        words += [_unquoted(found["word"])] if found["word"] else []
    return words, length


def _unquoted(word: str) -> str:
    return re.sub(r"\\(.)|'([^']*)'|\"((?:\\.|[^\"\\])*)\"", lambda found: found[found.lastindex or 0], word)
