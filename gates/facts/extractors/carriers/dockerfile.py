"""What a Dockerfile runs, with its variables, its working directory and what it copies where."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple, Optional

from gates.facts.extractors.carriers.places import Places
from gates.facts.extractors.carriers.running import by_script, by_source, by_variable, by_words
from gates.facts.extractors.carriers.shell import ran
from gates.facts.extractors.carriers.use import FILE, INSTALLS, NAME, SEARCH, SHIPS, Use

_INSTRUCTION = re.compile(r"\s*(?P<name>[A-Za-z]+)\s+(?P<rest>.*)", re.DOTALL)
_HERE = re.compile(r"<<-?\s*['\"]?(\w+)['\"]?")
_OPTION = re.compile(r"--[\w-]+(?:=\S+)?\s+")
_RUNNING = frozenset({"RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"})


class Instruction(NamedTuple):
    """One instruction: its name in capitals, its text with its line ends, and the line of it."""

    name: str
    text: str
    line: int


def extract(source: bytes) -> Optional[tuple[Use, ...]]:
    """What it names, by paths of what it is built from."""
    text = source.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    return tuple(dict.fromkeys(_Image(text).uses())) or None


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions; a comment between the lines of one is none of it."""
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        first = number
        held: list[str] = []
        while number < len(lines):
            line = lines[number].rstrip()
            number += 1
            if held and (not line or line.lstrip().startswith("#")):
                held.append("\\")
                continue
            held.append(line)
            if not line.endswith("\\"):
                break
        match = _INSTRUCTION.match("\n".join(held)) if not held[0].lstrip().startswith("#") else None
        if match is None:
            continue
        body = match["rest"]
        for delimiter in _HERE.findall(body) if match["name"].upper() in ("RUN", "COPY") else ():
            while number < len(lines):
                body += "\n" + lines[number]
                number += 1
                if lines[number - 1].strip() == delimiter:
                    break
        yield Instruction(match["name"].upper(), body, first + 1 + held[0].count("\n"))


class _Image:
    """What is known of the image so far."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._places = Places(text)
        self._folder = "/"
        self._variables: dict[str, tuple[str, ...]] = {}
        self._copied: list[tuple[str, str]] = []

    def uses(self) -> Iterator[Use]:
        for instruction in instructions(self._text):
            name, text, line = instruction
            if name == "ONBUILD":
                match = _INSTRUCTION.match(text)
                name, text = (match["name"].upper(), match["rest"]) if match else ("", "")
            if name == "FROM":
                self._folder = "/"
            elif name in ("ARG", "ENV"):
                yield from self._set(name, text, line)
            elif name == "WORKDIR":
                self._folder = posixpath.normpath(posixpath.join(self._folder, self._word(text)))
            elif name in ("COPY", "ADD"):
                yield from self._copy(text, line)
            elif name in _RUNNING:
                for use in self._run(name, text, line):
                    yield from self._in_tree(use)

    def _set(self, name: str, text: str, line: int) -> Iterator[Use]:
        if name == "ENV" and "=" not in text.split(None, 1)[0]:  # `ENV NAME value`, as it was once
            variable, _, value = text.strip().partition(" ")
            pairs = [(variable, value.strip())]
        else:
            words = [said.text for command in ran(f": {text}", self._variables) for said in command.words[1:]]
            pairs = [(word.partition("=")[0], word.partition("=")[2]) for word in words]
        for variable, value in pairs:
            self._variables[variable] = (value,)
            last = self._places.reaching(text.count("\n"))
            for use in by_variable(variable, value, last, line):
                yield from self._in_tree(use)

    def _word(self, text: str) -> str:
        words = [said.text for command in ran(f": {text}", self._variables) for said in command.words[1:]]
        return words[0] if words else ""

    def _copy(self, text: str, line: int) -> Iterator[Use]:
        if "--from" in text:
            return
        words = _listed(_OPTION.sub("", text)) or [
            said.text for command in ran(f": {_OPTION.sub('', text)}", self._variables) for said in command.words[1:]
        ]
        *sources, target = words or [""]
        place = posixpath.normpath(posixpath.join(self._folder, target))
        for one in sources:
            plain = posixpath.normpath(one.lstrip("/") or ".")
            is_file = re.search(r"\.\w+$", posixpath.basename(plain)) is not None
            is_into = is_file and target.endswith(("/", "."))
            into = posixpath.join(place, posixpath.basename(plain)) if is_into else place
            self._copied.insert(0, (into, "" if plain == "." else plain))
            yield Use(line, 0, SHIPS, "" if plain == "." else plain, INSTALLS)

    def _run(self, name: str, text: str, line: int) -> Iterator[Use]:
        text = _OPTION.sub("", text) if name in ("RUN", "HEALTHCHECK") else text
        if name == "HEALTHCHECK":
            text = re.sub(r"^\s*CMD\s+", "", text)
        words = _listed(text)
        places = self._places.reaching(text.count("\n"))
        if words is not None:
            yield from by_words(words, places, line)
            return
        shebang = re.match(r"<<-?\s*['\"]?\w+['\"]?\s*\n(#!.*python.*)", text)
        if shebang is not None:
            yield from by_source(text.partition("\n")[2].rpartition("\n")[0], line + 1, self._places)
        elif text.startswith("<<"):
            yield from by_script(text.partition("\n")[2].rpartition("\n")[0], self._places, line + 1, self._variables)
        else:
            yield from by_script(text, self._places, line, self._variables)

    def _in_tree(self, use: Use) -> Iterator[Use]:
        """The use with what it means in the tree that the image is built from; as it stands, too."""
        here = posixpath.normpath(posixpath.join(self._folder, use.folder))
        if use.kind == NAME:
            yield from (use._replace(folder=folder) for folder in dict.fromkeys([*self._sources(here), ""]))
        elif use.kind in (FILE, SEARCH):
            place = posixpath.normpath(posixpath.join(here, use.text))
            yield from (use._replace(text=text, folder="") for text in self._sources(place) if text)
            yield use._replace(text=place if use.text.startswith("/") else use.text)
        else:
            yield use

    def _sources(self, place: str) -> list[str]:
        """What was copied to a place of the image."""
        found = []
        for into, one in self._copied:
            if place == into or place.startswith(f"{into.rstrip('/')}/"):
                rest = place[len(into) :].strip("/")
                found.append("/".join(part for part in (one, rest) if part))
        return found


def _listed(text: str) -> Optional[list[str]]:
    """The words of the exec form, `["a", "b"]`; None of the other."""
    if not text.lstrip().startswith("["):
        return None
    try:
        words = json.loads(text.replace("\\\n", "\n"))
    except ValueError:
        return None
    return words if isinstance(words, list) and all(isinstance(word, str) for word in words) else None
