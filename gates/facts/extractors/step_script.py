"""Where a step's script passes over its own failure, and what it asks make for. Nothing is run or expanded."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from getopt import GetoptError, getopt
from typing import NamedTuple, Union

from gates.facts.extractors.carriers.shell_words import CLOSES, OPENS, Command, Word, commands
from gates.facts.extractors.commands import HOLE

_EXPRESSION = re.compile(r"\$\{\{.*?\}\}")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_SHELLS = frozenset("sh bash dash zsh".split())
_KEYWORDS = frozenset("if then else elif while until do ! {".split())
_RUN_ANOTHER = frozenset("env sudo exec command builtin nice nohup time timeout".split())
_VALUED = frozenset("-u -g -n -k -s --user --group --unset --signal --kill-after --adjustment".split())
_SUCCEED = frozenset("true : echo printf".split())
_LEAVE = frozenset("exit return false".split())
_ERREXIT_OFF = re.compile(r"\+\w*e\w*")
# What make takes. A number may follow some of it, or may not, which getopt does not know.
_NUMBER = re.compile(r"[\d.]+")
_COUNTING = re.compile(r"-[^-CfIoWE]*[jlO][\w.]*|--(?:jobs|load-average|max-load|output-sync|debug|shuffle)(?:=.*)?")
_SHORT = "bBdeikLmnpqrRsStvwhC:f:I:o:W:E:"
_LONG = (
    "always-make environment-overrides help ignore-errors keep-going no-keep-going check-symlink-times just-print "
    "dry-run recon print-data-base question no-builtin-rules no-builtin-variables silent quiet no-silent stop touch "
    "trace version print-directory no-print-directory warn-undefined-variables directory= file= makefile= "
    "include-dir= eval= old-file= assume-old= what-if= new-file= assume-new="
).split()

Read = Sequence[Union[Command, str]]


class Made(NamedTuple):
    """A target that make is asked for in `folder`; whether it was a `cd` that led there."""

    line: int
    target: str
    folder: str
    is_elsewhere: bool


def read(script: str, line: int) -> Read:
    """Its commands, in brackets also those that it hands to another shell. What GitHub puts in is not known."""
    return list(_read(_EXPRESSION.sub("${_}", script), line))


def passed_over(script: Read) -> Iterator[int]:
    """The lines of `|| true` and the like, and of `set +e`."""
    for number, command in enumerate(script):
        if not isinstance(command, Command):
            continue
        name, *words = _spelled(command) or [""]
        if name == "set" and (any(map(_ERREXIT_OFF.fullmatch, words)) or "+o errexit" in " ".join(words)):
            yield command.words[0].line
        if command.joined == "||" and _succeeds(*_alternative(command, script, number)):
            yield command.words[0].line


def made(script: Read, folder: str) -> Iterator[Made]:
    """Each target, but for those in folders, and of makefiles, that cannot be told from here."""
    start = here = _moved("", folder)
    outer: list[str] = []
    pushed: list[str] = []
    for command in script:
        if not isinstance(command, Command):
            outer += [here] if command == OPENS else []
            here = outer.pop() if command == CLOSES and outer else here
            continue
        name, *words = _spelled(command) or [""]
        if name in ("cd", "pushd"):
            pushed += [here] if name == "pushd" else []
            here = _moved(here, words[-1] if words else HOLE)
        elif name == "popd":
            here = pushed.pop() if pushed else HOLE
        elif name in ("make", "gmake"):
            place, targets = _asked(words, here)
            known = [target for target in targets if HOLE not in target and HOLE not in place]
            yield from (Made(command.words[0].line, target, place, here != start) for target in known)


def _read(text: str, line: int) -> Iterator[Union[Command, str]]:
    for command in commands(text, line):
        yield command
        words = _spelled(command) if isinstance(command, Command) else []
        if words and words[0] in _SHELLS and isinstance(command, Command):
            flagged = [number + 1 for number, word in enumerate(words[:-1]) if re.fullmatch(r"-\w*c", word)][:1]
            handed = [(words[number], command.words[number - len(words)].line) for number in flagged]
            fed = [command.fed] if command.fed else []
            yield from (OPENS, *(inner for each in handed + fed for inner in _read(*each)), CLOSES)


def _spelled(command: Command) -> list[str]:
    """The words from the program's name on: without keywords, assignments, and `env` and its kin."""
    words = [_text(word) for word in command.words]
    while words:
        if words[0] in _KEYWORDS or _ASSIGNMENT.match(words[0]):
            del words[0]
        elif posixpath.basename(words[0]) in _RUN_ANOTHER:
            is_timed = posixpath.basename(words.pop(0)) == "timeout"
            while words and words[0].startswith("-"):
                del words[: 2 if words[0] in _VALUED else 1]
            del words[: 1 if is_timed else 0]
        else:
            return [posixpath.basename(words[0]), *words[1:]]
    return []


def _text(word: Word) -> str:
    return "".join(part.text if part.name is None else HOLE for part in word.parts)


def _alternative(first: Command, script: Read, number: int) -> tuple[Command, list[Command]]:
    """What decides how it ends where the command before `||` failed, and all that runs then: it may be a group."""
    end = number + 1
    is_subshell = number > 0 and script[number - 1] == OPENS
    depth = 1 if is_subshell or _begins(first, "{") else 0
    while end < len(script) and depth:
        one = script[end]
        depth += one == OPENS if is_subshell else _begins(one, "{")
        depth -= one == CLOSES if is_subshell else _begins(one, "}")
        end += 1
    inside = (one for one in script[number + 1 : end] if isinstance(one, Command) and not _begins(one, "}"))
    group = [first, *inside]
    behind = [one for one in script[end : end + 1] if isinstance(one, Command) and one.joined == "&&"]
    return group[-1], group + behind


def _begins(one: Union[Command, str], word: str) -> bool:
    return isinstance(one, Command) and bool(one.words) and _text(one.words[0]) == word


def _succeeds(last: Command, others: Sequence[Command]) -> bool:
    """Whether it ends well, whatever happened: the last one does, and none leaves with a failure."""
    said = [_spelled(one) or [""] for one in others]
    if any(words[0] in _LEAVE and words[1:] != ["0"] for words in said):
        return False
    return (_spelled(last) or [""])[0] in _SUCCEED | _LEAVE


def _asked(words: Sequence[str], folder: str) -> tuple[str, list[str]]:
    """The folder and the targets of one call of make; no target where it is given a makefile of another name."""
    plain = [word for word in words if not _COUNTING.fullmatch(word) and not _NUMBER.fullmatch(word)]
    options: list[tuple[str, str]] = []
    targets: list[str] = []
    try:
        while plain:  # gnu_getopt heeds a variable of the environment
            found, plain = getopt(plain, _SHORT, _LONG)
            options += found
            targets += [word for word in plain[:1] if "=" not in word]
            del plain[:1]
    except GetoptError:
        return HOLE, []
    if any(name in ("-f", "--file", "--makefile") for name, _ in options):
        return HOLE, []
    for name, value in options:
        folder = _moved(folder, value) if name in ("-C", "--directory") else folder
    return folder, targets


def _moved(folder: str, to: str) -> str:
    """Where `cd` leads; a HOLE where that is not known, or is no part of the repository."""
    path = posixpath.join(folder, to)
    if HOLE in path or "${{" in path or to == "-" or to.startswith(("/", "~")):
        return HOLE
    path = posixpath.normpath(path)
    return HOLE if path.startswith("..") else "" if path == "." else path
