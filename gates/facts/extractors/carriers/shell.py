"""What Python code a shell script runs, command by command, with its variables, loops and folders followed.

A variable that is not known leaves a HOLE in the word that it stands in.
"""

from __future__ import annotations

import itertools
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Optional, Union

from gates.facts.extractors.carriers.shell_words import CLOSES, OPENS, Command, Part, Word, commands
from gates.facts.extractors.commands import HOLE

Variables = Mapping[str, tuple[str, ...]]
"""What each variable may be worth."""

_MANY = 16
_LEADING = frozenset("if then else elif while until do ! { time".split())
_BLOCKS = frozenset("if for while until case select {".split())
_ENDS = frozenset("fi done esac }".split())
_DECLARING = frozenset("export declare typeset local readonly".split())


class Said(NamedTuple):
    """A word as it is when the command runs, and its line."""

    text: str
    line: int


class Ran(NamedTuple):
    """One command, its assignments first; `folder` is where it runs, "" being where the script does."""

    words: tuple[Said, ...]
    fed: Optional[tuple[str, int]]
    folder: str


def ran(text: str, variables: Variables, folder: str = "", line: int = 1) -> Iterator[Ran]:
    """The commands of a script, each in every way that it may be spelled out."""
    return _Shell(variables, folder).run(commands(text, line))


class _Shell:
    def __init__(self, variables: Variables, folder: str) -> None:
        self._variables = dict(variables)
        self._folder = folder
        self._outer: list[str] = []
        self._depth = 0

    def run(self, found: Iterable[Union[Command, str]]) -> Iterator[Ran]:
        for command in found:
            if command == OPENS:
                self._outer.append(self._folder)
            elif command == CLOSES:
                self._folder = self._outer.pop() if self._outer else self._folder
            elif isinstance(command, Command):
                yield from self._command(command)

    def _command(self, command: Command) -> Iterator[Ran]:
        words = self._without_keywords(command.words)
        if len(words) > 2 and words[0].parts == (Part("for"),):
            name = words[1].parts[0].text
            values = [said.text for line in self._spelled(words[3:]) for said in line]
            self._variables[name] = tuple(dict.fromkeys(values))[:_MANY]
            return
        for said in self._spelled(words):
            assigned = list(itertools.takewhile(_is_assignment, said))
            if said and said[0].text in _DECLARING:
                assigned = [word for word in said[1:] if _is_assignment(word)]
                said = assigned
            if len(assigned) == len(said):
                self._assign(assigned)
            if said and said[0].text in ("cd", "pushd") and len(said) > 1:
                self._folder = moved(self._folder, said[-1].text)
            elif said:
                yield Ran(tuple(said), command.fed, self._folder)

    def _without_keywords(self, words: Sequence[Word]) -> Sequence[Word]:
        """The words behind `if`, `then` and their kin; how deep in blocks they stand is counted on the way."""
        rest = list(words)
        while rest:
            first = rest[0].parts[0].text if len(rest[0].parts) == 1 and rest[0].parts[0].name is None else ""
            self._depth += (first in _BLOCKS) - (first in _ENDS)
            if first not in _LEADING and first not in _ENDS:
                return rest
            rest.pop(0)
        return rest

    def _assign(self, words: Sequence[Said]) -> None:
        for word in words:
            name, _, value = word.text.partition("=")
            before = self._variables.get(name, ()) if self._depth > 0 else ()  # a branch may not be taken
            self._variables[name] = tuple(dict.fromkeys((*before, value)))[:_MANY]

    def _spelled(self, words: Sequence[Word]) -> Iterator[list[Said]]:
        """The words with their variables replaced, in each of the ways that there are."""
        used = {part.name for word in words for part in word.parts if part.name}
        several = [name for name in sorted(used) if len(self._variables.get(name, ())) > 1]
        chosen = itertools.product(*(self._variables[name] for name in several))
        for values in itertools.islice(chosen, _MANY):
            now = dict(zip(several, values))
            yield [said for word in words for said in self._words_of(word, now)]

    def _words_of(self, word: Word, now: Mapping[str, str]) -> Iterator[Said]:
        text = ""
        pieces: list[str] = []
        for part in word.parts:
            value = self._value(part, now)
            if part.name and not part.is_quoted and len(value.split()) > 1:  # a shell makes several words of it
                first, *middle, last = value.split()
                pieces += [text + first, *middle]
                text = last
            else:
                text += value
        yield from (Said(piece, word.line) for piece in (*pieces, text) if piece or word.parts)

    def _value(self, part: Part, now: Mapping[str, str]) -> str:
        if part.name is None:
            return part.text
        if part.name in now:
            return now[part.name]
        known = self._variables.get(part.name, ()) if part.name else ()
        return known[0] if known else (part.text or HOLE)


def _is_assignment(word: Said) -> bool:
    name, equals, _ = word.text.partition("=")
    return bool(equals) and name.isidentifier()


def moved(folder: str, to: str) -> str:
    """Where `cd` leads. What stands before something unknown is not known either."""
    to = to.rpartition(HOLE)[2].lstrip("/") if HOLE in to else to
    if to in ("", "-", "~"):
        return ""
    path = posixpath.normpath(posixpath.join(folder, to))
    return "" if path == "." else path
