"""What a command in a document claims: targets, scripts, modules, tests and extras that it takes for granted."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Optional

from gates.facts.extractors.documents.claim import COMMAND, EXTRA, PATH, TEST, Claim

_PROMPT = re.compile(r"^\s*(?:\(\S+\)\s*)?[$>%#\u276f]\s+(?=\S)")
_AND = re.compile(r"\s*(?:&&|\|\||;|(?<!\|)\|(?!\|))\s*")
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_ASSIGNED = re.compile(r"[A-Za-z_]\w*=.*")
_HOLE = re.compile(r"[<>{}$*?…]|\.\.\.|\[")
_TARGET = re.compile(r"[A-Za-z0-9_][\w./:-]*")
_TEST = re.compile(r"(?P<path>[\w./-]+\.py)(?:::(?P<names>.+))?")
_REQUIREMENT = re.compile(r"(?P<name>[\w./-]*?)\[(?P<extras>[\w, -]+)\]")
_PYTHON = re.compile(r"(?:\S*/)?python(?:\d(?:\.\d+)?)?|py")
_SHELLS = ("bash", "sh", "zsh", "source", ".")
_SCRIPT = re.compile(r"[\w./-]+\.(?:py|sh|bash|js|mjs|ts|rb|pl)")
# Wrappers, and which of their options take a word of their own.
_WRAPPERS = {
    "uv": ("run",),
    "poetry": ("run",),
    "pdm": ("run",),
    "hatch": ("run",),
    "pipenv": ("run",),
    "rye": ("run",),
    "pixi": ("run",),
    "sudo": (),
    "time": (),
    "env": (),
    "exec": (),
    "npx": (),
    "nohup": (),
    "uvx": (),
}
_TAKES_A_WORD = frozenset(
    "--with --extra --group --python -p --directory --project --env-file --index --package --only-group -e"
    " --environment --manifest-path"
    " --no-group --with-editable --with-requirements --frozen-lockfile".split()
)
_NPM_SHORT = frozenset("test start stop restart".split())
# Words after make, in a sentence, that are English.
_ENGLISH = frozenset("sure it the a an this that use changes them your any all-caps sense up".split())


def commands(text: str, line: int, hedge: str, folder: str = "", is_block: bool = False) -> Iterator[Claim]:
    """The claims of one line of a shell; `folder` is where it is run, as far as the document says."""
    bare = _COMMENT.sub("", _PROMPT.sub("", text))
    for part in _AND.split(bare):
        words = _words(part)
        if words[:1] == ["cd"] and len(words) == 2:
            folder = posixpath.normpath(posixpath.join(folder, words[1])) if not _HOLE.search(words[1]) else "?"
        else:
            yield from _command(words, text, line, hedge, folder, is_block)


def folder_after(text: str, folder: str) -> str:
    """The folder in which the next line is run."""
    for part in _AND.split(_COMMENT.sub("", _PROMPT.sub("", text))):
        words = _words(part)
        if words[:1] == ["cd"] and len(words) == 2:
            there = words[1]
            lost = _HOLE.search(there) or there.startswith(("/", "~", "-")) or folder == "?"
            folder = "?" if lost else posixpath.normpath(posixpath.join(folder, there))
    return folder


def _words(part: str) -> list[str]:
    try:
        words = shlex.split(part)
    except ValueError:
        words = part.split()
    while words and _ASSIGNED.fullmatch(words[0]):
        words = words[1:]
    return words


def _command(words: Sequence[str], text: str, line: int, hedge: str, folder: str, is_block: bool) -> Iterator[Claim]:
    words, extras = _unwrapped(words)
    for flag, extra in extras:
        yield Claim(EXTRA, line, text, ("", extra, flag), hedge)
    if not words:
        return
    program, rest = words[0], list(words[1:])
    said = _Said(text, line, hedge, folder)
    if program in ("make", "gmake"):
        yield from said.make(rest)
    elif program in ("npm", "pnpm", "yarn", "bun"):
        yield from said.npm(program, rest)
    elif program in ("just", "tox", "nox", "poe"):
        yield from said.runner(program, rest)
    elif _PYTHON.fullmatch(program):
        yield from said.python(rest)
    elif posixpath.basename(program) in ("pytest", "py.test"):
        yield from said.pytest(rest)
    elif program in ("pip", "pip3", "pipx"):
        yield from said.pip(rest)
    elif program in ("uv", "poetry", "pdm", "hatch"):
        yield from said.manager(program, rest)
    elif program in _SHELLS and rest and _SCRIPT.fullmatch(rest[0]):
        yield from said.file(rest[0])
    elif program.startswith("./") or (is_block and _SCRIPT.fullmatch(program) and "/" in program):
        yield from said.file(program)
    elif re.fullmatch(r"[a-z][\w.-]*", program) and (rest or is_block or len(words) < len(_words(text))):
        yield Claim(COMMAND, line, text, ("script", program, folder), hedge)


def _unwrapped(words: Sequence[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """A command without `uv run` and the like, with the extras and groups that those were told."""
    left = list(words)
    extras: list[tuple[str, str]] = []
    while left and left[0] in _WRAPPERS:
        needed = _WRAPPERS[left[0]]
        rest = left[1:]
        rest, found = _past_options(rest)
        if needed and rest[:1] != list(needed):
            break
        extras += found
        rest, found = _past_options(rest[1:] if needed else rest)
        extras += found
        if left[0] in ("uvx", "npx"):
            return [], extras
        left = [word for position, word in enumerate(rest) if position or not _ASSIGNED.fullmatch(word)]
        while left and _ASSIGNED.fullmatch(left[0]):
            left = left[1:]
    return left, extras


def _past_options(words: Sequence[str]) -> tuple[list[str], list[tuple[str, str]]]:
    left = list(words)
    found: list[tuple[str, str]] = []
    while left and left[0].startswith("-"):
        if left[0] in ("-m", "--module"):  # `uv run -m package`
            return ["python", "-m", *left[1:]], found
        option, _, value = left[0].partition("=")
        left = left[1:]
        if option in _TAKES_A_WORD and not value and left:
            value, left = left[0], left[1:]
        if option in ("--extra", "--group", "--only-group") and value:
            found.append(("extra" if option == "--extra" else "group", value))
    return left, found


class _Said:
    """One command as it stands in the document."""

    def __init__(self, text: str, line: int, hedge: str, folder: str) -> None:
        self._text = text
        self._line = line
        self._hedge = hedge
        self._folder = folder

    def _claim(self, kind: str, *parts: str) -> Claim:
        return Claim(kind, self._line, self._text, parts, self._hedge)

    def file(self, path: str, line: str = "") -> Iterator[Claim]:
        """A file that is run."""
        if not _HOLE.search(path) and not path.startswith(("/", "~")) and self._folder != "?":
            yield self._claim(PATH, path, line or "run", self._folder)

    def make(self, words: Sequence[str]) -> Iterator[Claim]:
        """Each target; what follows a folder or a file of its own is looked for there."""
        folder, left = self._folder, list(words)
        while left:
            word = left.pop(0)
            if word in ("-C", "--directory", "-f", "--file", "--makefile") and left:
                place = left.pop(0)
                folder = posixpath.join(folder, place if word in ("-C", "--directory") else posixpath.dirname(place))
            elif word.startswith("-C") and len(word) > 2:
                folder = posixpath.join(folder, word[2:])
            elif word in ("-j", "-l", "-o", "-W") and left and left[0].isdigit():
                left.pop(0)
            elif word in _ENGLISH or not (word.startswith("-") or "=" in word or _TARGET.fullmatch(word)):
                return
            elif not word.startswith("-") and "=" not in word:
                yield self._claim(COMMAND, "make", word, posixpath.normpath(folder) if folder else "")

    def npm(self, program: str, words: Sequence[str]) -> Iterator[Claim]:
        """A script of package.json, where it can be nothing else."""
        left = [word for word in words if not word.startswith("-")]
        flags = [word for word in words if word.startswith("-") and word not in ("-s", "--silent", "--")]
        before = flags and words and words[0].startswith("-")
        if before or any(flag.split("=")[0] in ("--prefix", "-w", "--workspace", "--filter", "-C") for flag in flags):
            return
        if left[:1] in (["run"], ["run-script"]) and len(left) > 1 and program in ("npm", "pnpm"):
            yield self._claim(COMMAND, "npm", left[1], self._folder) if _TARGET.fullmatch(left[1]) else self._none()
        elif program == "npm" and left[:1] and left[0] in _NPM_SHORT and left[0] not in ("start", "restart", "stop"):
            yield self._claim(COMMAND, "npm", left[0], self._folder)
        elif (
            program in ("yarn", "pnpm", "bun") and left[:1] == ["run"] and len(left) > 1 and _TARGET.fullmatch(left[1])
        ):
            yield self._claim(COMMAND, "maybe npm", left[1], self._folder)

    def _none(self) -> Claim:
        return self._claim(COMMAND, "unknown", "", self._folder)

    def runner(self, program: str, words: Sequence[str]) -> Iterator[Claim]:
        """A recipe, an environment, a session, a task."""
        left = list(words)
        if program in ("tox", "nox"):
            wanted = ("-e",) if program == "tox" else ("-s", "-e", "--session", "--sessions")
            for position, word in enumerate(left[:-1]):
                if word in wanted:
                    for name in left[position + 1].partition("(")[0].split(","):
                        if not _HOLE.search(name):
                            yield self._claim(COMMAND, program, name, self._folder)
            return
        if left and _TARGET.fullmatch(left[0]):
            yield self._claim(COMMAND, program, left[0], self._folder)

    def python(self, words: Sequence[str]) -> Iterator[Claim]:
        """A module, a script, or the tests that are named."""
        left = list(words)
        while left and left[0].startswith("-") and left[0] not in ("-m", "-c"):
            left = left[2:] if left[0] in ("-W", "-X") else left[1:]
        if left[:1] == ["-m"] and len(left) > 1:
            if left[1] == "pytest":
                yield from self.pytest(left[2:])
            elif left[1] == "pip":
                yield from self.pip(left[2:])
            elif re.fullmatch(r"[A-Za-z_][\w.]*", left[1]):
                yield self._claim(COMMAND, "python -m", left[1], self._folder)
        elif left and _SCRIPT.fullmatch(left[0]):
            yield from self.file(left[0])

    def pytest(self, words: Sequence[str]) -> Iterator[Claim]:
        """The files and the tests that are named."""
        skip = False
        for word in words:
            if skip:
                skip = False
            elif word.startswith("-"):
                skip = word in (
                    "-k",
                    "-m",
                    "-n",
                    "-p",
                    "-c",
                    "-o",
                    "--cov",
                    "--durations",
                    "--tb",
                    "-W",
                    "--maxfail",
                    "-r",
                )
            else:
                yield from self._test(word)

    def _test(self, word: str) -> Iterator[Claim]:
        match = _TEST.fullmatch(word)
        if _HOLE.search(word.partition("[")[0]) or self._folder == "?":
            return
        if match and match["names"]:
            yield self._claim(TEST, match["path"], match["names"], self._folder)
        elif match or "/" in word:
            yield self._claim(PATH, word, "run", self._folder)

    def pip(self, words: Sequence[str]) -> Iterator[Claim]:
        """Extras, and files of requirements."""
        if words[:1] != ["install"]:
            return
        for position, word in enumerate(words):
            if word in ("-r", "--requirement", "-c", "--constraint") and position + 1 < len(words):
                yield from self.file(words[position + 1])
            match = _REQUIREMENT.fullmatch(word)
            if match and word != words[position - 1]:
                for extra in match["extras"].split(","):
                    yield self._claim(EXTRA, match["name"], extra.strip(), "extra")

    def manager(self, program: str, words: Sequence[str]) -> Iterator[Claim]:
        """Extras and groups that uv, poetry and pdm are told."""
        if words[:2] == ["pip", "install"]:
            yield from self.pip(words[1:])
            return
        if words[:1] not in (["sync"], ["install"]):
            return
        left = list(words[1:])
        while left:
            option, _, value = left.pop(0).partition("=")
            flag = _flag_of(program, option)
            if flag is None:
                continue
            value = value or (left.pop(0) if left else "")
            for name in value.split(","):
                if name and not _HOLE.search(name):
                    yield self._claim(EXTRA, ".", name, flag)


def _flag_of(program: str, option: str) -> Optional[str]:
    if option == "--extra" or (program == "poetry" and option in ("-E", "--extras")):
        return "extra"
    if option in ("--group", "--only-group") or (program == "poetry" and option in ("--with", "--only")):
        return "group"
    return None
