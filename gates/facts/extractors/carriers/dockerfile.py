"""What a Dockerfile runs, with its variables, its working directory and what it copies where."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Optional

from gates.facts.extractors.carriers.dockerfile_text import Instruction, instructions
from gates.facts.extractors.carriers.places import Places
from gates.facts.extractors.carriers.running import by_script, by_source, by_variable, by_words
from gates.facts.extractors.carriers.shell import ran
from gates.facts.extractors.carriers.use import FILE, INSTALLS, NAME, SEARCH, SHIPS, Use

_OPTION = re.compile(r"--[\w-]+(?:=\S+)?\s+")
_DOCUMENT = re.compile(r"<<-?[^\n]*\n(?P<first>[^\n]*)")


def extract(source: bytes) -> Optional[tuple[Use, ...]]:
    """What it names, by paths of what it is built from."""
    text = source.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    return tuple(dict.fromkeys(_Image(text).uses())) or None


class _Image:
    """What is known of the image so far."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._places = Places(text)
        self._folder = "/"
        self._variables: dict[str, tuple[str, ...]] = {}
        self._copied: list[tuple[str, str]] = []
        self._entrypoint: Optional[Instruction] = None
        self._command: Optional[Instruction] = None

    def uses(self) -> Iterator[Use]:
        for instruction in instructions(self._text):
            for use in self._named_by(instruction):
                yield from self._in_tree(use)
        for use in self._started():
            yield from self._in_tree(use)

    def _named_by(self, instruction: Instruction) -> Iterator[Use]:
        name, text, line = instruction
        if name == "FROM":
            self._folder, self._entrypoint, self._command = "/", None, None
        elif name in ("ARG", "ENV"):
            yield from self._set(instruction)
        elif name == "WORKDIR":
            place = next(iter(self._words(text)), "")
            self._folder = posixpath.normpath(posixpath.join(self._folder, place))
        elif name in ("COPY", "ADD"):
            yield from self._copy(instruction)
        elif name == "HEALTHCHECK":
            yield from self._run(Instruction("CMD", re.sub(r"^\s*CMD\s+", "", _OPTION.sub("", text)), line))
        elif name == "RUN":
            yield from self._run(instruction._replace(text=_OPTION.sub("", text)))
        elif name == "ENTRYPOINT":
            self._entrypoint = instruction
            yield from self._run(instruction)
        elif name == "CMD":
            self._command = instruction
            yield from self._run(instruction)

    def _words(self, text: str) -> list[str]:
        """The words of a line, its variables replaced."""
        return [said.text for command in ran(f": {text}", self._variables) for said in command.words[1:]]

    def _set(self, instruction: Instruction) -> Iterator[Use]:
        name, text, line = instruction
        if name == "ENV" and "=" not in text.split(None, 1)[0]:  # `ENV NAME value`, as it was once
            variable, _, value = text.strip().partition(" ")
            pairs = [(variable, value.strip())]
        else:
            pairs = [(word.partition("=")[0], word.partition("=")[2]) for word in self._words(text)]
        near = self._places.reaching(text.count("\n"))
        for variable, value in pairs:
            self._variables[variable] = (value,)
            yield from by_variable(variable, value, near, line)

    def _copy(self, instruction: Instruction) -> Iterator[Use]:
        if "--from" in instruction.text:
            return
        plainly = instruction._replace(text=_OPTION.sub("", instruction.text))
        *sources, target = plainly.words or self._words(plainly.text) or [""]
        place = posixpath.normpath(posixpath.join(self._folder, target))
        for source in sources:
            one = posixpath.normpath(source.lstrip("/") or ".")
            name = posixpath.basename(one)
            is_into = target.endswith(("/", ".")) and re.search(r"\.\w+$", name) is not None
            self._copied.insert(0, (posixpath.join(place, name) if is_into else place, "" if one == "." else one))
            yield Use(instruction.line, 0, SHIPS, "" if one == "." else one, INSTALLS)

    def _run(self, instruction: Instruction) -> Iterator[Use]:
        _, text, line = instruction
        document = _DOCUMENT.match(text)
        if instruction.words is not None:
            yield from by_words(instruction.words, self._places.reaching(text.count("\n")), line)
        elif document is None:
            yield from by_script(text, self._places, line, self._variables)
        else:
            script = text.partition("\n")[2].rpartition("\n")[0]
            if re.match(r"#!.*python", document["first"]):
                yield from by_source(script, line + 1, self._places)
            else:
                yield from by_script(script, self._places, line + 1, self._variables)

    def _started(self) -> Iterator[Use]:
        """What the words of ENTRYPOINT and those of CMD run together."""
        entrypoint, command = self._entrypoint, self._command
        if entrypoint is not None and command is not None and entrypoint.words and command.words:
            near = self._places.reaching(command.text.count("\n"))
            alone = {use.text for use in self._run(entrypoint)}
            together = by_words([*entrypoint.words, *command.words], near, command.line)
            yield from (use for use in together if use.text not in alone)

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
