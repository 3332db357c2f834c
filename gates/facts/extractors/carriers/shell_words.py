"""The commands of a shell script as words, each with its line. Nothing is run or expanded.

Lenient: what a shell would refuse (a quote that is not closed) is read as far as it goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, Optional, Union

OPENS, CLOSES = "(", ")"
_PLAIN = re.compile(r"[^\s\\'\"$`;&|()<>#]+")  # none of them means anything to a shell
_QUOTED = re.compile(r"[^\"\\$`]+")
_NAME = re.compile(r"[A-Za-z_]\w*")
_BRACED = re.compile(r"\{([A-Za-z_]\w*)(?::?(-|=)([^${}`]*))?\}")
_IF_SET = re.compile(r"\{[A-Za-z_]\w*:?\+(?P<text>[^{}$`]*)[^{}]*\}")
_HERE = re.compile(r"<<(-?)[ \t]*(['\"]?)([\w.-]+)\2")


class Part(NamedTuple):
    """A piece of a word: text, or a variable. `name` is None for text, and "" for what cannot be known."""

    text: str
    name: Optional[str] = None
    is_quoted: bool = False


class Word(NamedTuple):
    """One word of a command, and the line on which it begins."""

    parts: tuple[Part, ...]
    line: int


class Command(NamedTuple):
    """One simple command. `fed` is the text of its here-document with the line on which that begins; `joined` is the
    operator that stands before it, `||`, and "" for a new line."""

    words: tuple[Word, ...]
    fed: Optional[tuple[str, int]] = None
    joined: str = ""


def commands(text: str, line: int = 1) -> Iterator[Union[Command, str]]:
    """The commands in order, those of a substitution before the one that it stands in; OPENS and CLOSES around a
    subshell."""
    return iter(_Reader(text, line).read())


class _Reader:
    def __init__(self, text: str, line: int) -> None:
        self._text = text.replace("\r\n", "\n")
        self._at = 0
        self._line = line
        self._found: list[Union[Command, str]] = []
        self._words: list[Word] = []
        self._parts: Optional[list[Part]] = None
        self._begun = line
        self._awaited: list[tuple[str, bool, int]] = []  # here-documents: delimiter, tabs taken off, command
        self._skips_word = False
        self._joined = ""

    def read(self) -> list[Union[Command, str]]:
        while self._at < len(self._text):
            self._step(self._text[self._at])
        self._end_command()
        return self._found

    def _step(self, letter: str) -> None:
        if letter == "\n":
            self._at += 1
            self._end_command()
            self._line += 1
            self._read_here_documents()
        elif letter in " \t\r":
            self._at += 1
            self._end_word()
        elif letter == "\\":
            self._escaped()
        elif letter == "#" and self._parts is None:
            end = self._text.find("\n", self._at)
            self._at = len(self._text) if end < 0 else end
        elif letter == "'":
            self._single_quoted()
        elif letter == '"':
            self._double_quoted()
        elif letter in "$`":
            self._expansion(is_quoted=False)
        elif letter in ";&|()":
            self._operator(letter)
        elif letter in "<>":
            self._redirection(letter)
        else:
            plain = _PLAIN.match(self._text, self._at)
            text = plain[0] if plain is not None else letter
            self._add(text)
            self._at += len(text)

    def _add(self, text: str) -> None:
        self._part(Part(text))

    def _part(self, part: Part) -> None:
        if self._parts is None:
            self._parts = []
            self._begun = self._line
        last = self._parts[-1] if self._parts else None
        if part.name is None and last is not None and last.name is None and last.is_quoted == part.is_quoted:
            self._parts[-1] = last._replace(text=last.text + part.text)
        else:
            self._parts.append(part)

    def _end_word(self) -> None:
        if self._parts is not None:
            if not self._skips_word:
                self._words.append(Word(tuple(self._parts), self._begun))
            self._skips_word = False
            self._parts = None

    def _end_command(self) -> None:
        self._end_word()
        self._skips_word = False
        if self._words:
            self._found.append(Command(tuple(self._words), joined=self._joined))
            self._words = []
            self._joined = ""
        elif self._awaited and self._awaited[-1][2] == len(self._found):
            self._found.append(Command(()))

    def _escaped(self) -> None:
        following = self._text[self._at + 1 : self._at + 2]
        if following == "\n":
            self._line += 1
        else:
            self._part(Part(following, is_quoted=True))
        self._at += 2

    def _single_quoted(self) -> None:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            self._add("'")
            self._at += 1
            return
        inside = self._text[self._at + 1 : end]
        self._part(Part(inside, is_quoted=True))
        self._line += inside.count("\n")
        self._at = end + 1

    def _double_quoted(self) -> None:
        self._part(Part("", is_quoted=True))
        self._at += 1
        while self._at < len(self._text):
            letter = self._text[self._at]
            if letter == '"':
                self._at += 1
                return
            plain = _QUOTED.match(self._text, self._at)
            if plain is not None:
                self._part(Part(plain[0], is_quoted=True))
                self._line += plain[0].count("\n")
                self._at = plain.end()
                continue
            if letter in "$`":
                self._expansion(is_quoted=True)
                continue
            if letter == "\\" and self._text[self._at + 1 : self._at + 2] in ('"', "\\", "$", "`", "\n"):
                self._at += 1
                letter = self._text[self._at]
                self._line += letter == "\n"
                letter = "" if letter == "\n" else letter
            self._part(Part(letter, is_quoted=True))
            self._at += 1

    def _expansion(self, is_quoted: bool) -> None:
        text, at = self._text, self._at
        if text.startswith("$((", at):
            end = text.find("))", at)
            self._unknown(len(text) if end < 0 else end + 2, is_quoted)
        elif text.startswith("$(", at):
            self._substituted(at + 2, _closing(text, at + 2), is_quoted)
        elif text[at] == "`":
            end = text.find("`", at + 1)
            self._substituted(at + 1, len(text) if end < 0 else end, is_quoted)
        elif text.startswith("${", at):
            self._braced(is_quoted)
        else:
            name = _NAME.match(text, at + 1)
            if name is not None:
                self._part(Part("", name[0], is_quoted))
                self._at = name.end()
            elif text[at + 1 : at + 2] and text[at + 1] in "@*#?-$!0123456789":
                self._unknown(at + 2, is_quoted)
            else:
                self._part(Part("$", is_quoted=is_quoted) if text[at + 1 : at + 2] not in ("'", '"') else Part(""))
                self._at = at + 1

    def _braced(self, is_quoted: bool) -> None:
        match = _BRACED.match(self._text, self._at + 1)
        if_set = _IF_SET.match(self._text, self._at + 1)
        if match is not None:
            self._part(Part(match[3] or "", match[1], is_quoted))
            self._at = match.end()
        elif if_set is not None:  # `${PATHS:+:$PATHS}`
            self._part(Part(if_set["text"], is_quoted=is_quoted))
            self._unknown(if_set.end(), is_quoted)
        else:
            end = self._text.find("}", self._at)
            self._unknown(len(self._text) if end < 0 else end + 1, is_quoted)

    def _unknown(self, end: int, is_quoted: bool) -> None:
        self._line += self._text.count("\n", self._at, end)
        self._part(Part("", "", is_quoted))
        self._at = end

    def _substituted(self, first: int, end: int, is_quoted: bool) -> None:
        before = len(self._found)
        self._found += [OPENS, *commands(self._text[first:end], self._line), CLOSES]
        more = len(self._found) - before
        self._awaited = [(word, tabs, at + (more if at >= before else 0)) for word, tabs, at in self._awaited]
        self._unknown(end + 1, is_quoted)

    def _operator(self, letter: str) -> None:
        if letter == "&" and self._text[self._at + 1 : self._at + 2] == ">":
            self._at += 1
            return
        self._end_command()
        if letter in "()":
            self._found.append(OPENS if letter == "(" else CLOSES)
        else:
            self._joined += letter
        self._at += 1

    def _redirection(self, letter: str) -> None:
        here = _HERE.match(self._text, self._at) if not self._text.startswith("<<<", self._at) else None
        if self._parts is not None and all(part.name is None and part.text.isdigit() for part in self._parts):
            self._parts = None  # the number of a stream
        self._end_word()
        if here is not None:
            self._awaited.append((here[3], bool(here[1]), len(self._found)))
            self._at = here.end()
            return
        if self._text[self._at + 1 : self._at + 2] == "(":  # a process whose output is read
            self._at += 1
            return
        while self._text[self._at : self._at + 1] in ("<", ">", "&", "|") and self._at < len(self._text):
            self._at += 1
        self._skips_word = True

    def _read_here_documents(self) -> None:
        for delimiter, without_tabs, number in self._awaited:
            first, lines = self._line, []
            while self._at < len(self._text):
                end = self._text.find("\n", self._at)
                end = len(self._text) if end < 0 else end
                line = self._text[self._at : end]
                self._at = end + 1
                self._line += 1
                line = line.lstrip("\t") if without_tabs else line
                if line.rstrip("\r") == delimiter:
                    break
                lines.append(line)
            command = self._found[number] if number < len(self._found) else None
            if isinstance(command, Command):
                self._found[number] = command._replace(fed=("\n".join(lines) + "\n", first))
        self._awaited = []


def _closing(text: str, at: int) -> int:
    """Where the bracket closes that stands before `at`."""
    depth = 1
    quote = ""
    while at < len(text):
        letter = text[at]
        if letter == "\\":
            at += 1
        elif quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "()":
            depth += 1 if letter == "(" else -1
            if not depth:
                return at
        at += 1
    return len(text)
