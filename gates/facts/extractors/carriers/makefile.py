"""What the recipes of a makefile or a justfile run, with the variables that it sets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Optional

from gates.facts.extractors.carriers.places import Places
from gates.facts.extractors.carriers.running import by_script, by_variable
from gates.facts.extractors.carriers.use import Use
from gates.facts.extractors.commands import HOLE

_SET = re.compile(r"(?:[\w./%-]+:(?!=)\s*)?(?:export\s+)?(?P<name>[\w.-]+)\s*(?P<sign>[:?+!]{0,3}=)\s*(?P<value>.*)")
_USED = re.compile(
    r"\$\$|\$\((?P<round>[\w.-]+)\)|\$\{(?P<curly>[\w.-]+)\}|\{\{\s*(?P<just>[\w-]+)\s*\}\}|\$\([^)]*\)|\$[@<^*?]"
)
_INLINE = re.compile(r"[^\t#=]+:[^;=]*;(?P<command>.*)")
_DEEPEST = 8
_PREFIX = re.compile(r"^[@+-]+\s*")


def extract(source: bytes) -> Optional[tuple[Use, ...]]:
    """What it names."""
    text = source.decode("utf-8", "replace").replace("\r\n", "\n")
    return tuple(dict.fromkeys(_uses(text))) or None


def _uses(text: str) -> Iterator[Use]:
    places = Places(text)
    variables: dict[str, str] = {}
    found = list(_whole_lines(text))
    for number, line in found:  # a recipe runs when all is read
        match = _SET.match(line)
        if match is not None and line[:1] not in "\t ":
            value = match["value"].strip().strip("'\"")
            before = variables.get(match["name"], "")
            variables[match["name"]] = f"{before} {value}" if match["sign"].startswith("+") else value
            yield from by_variable(match["name"], _expanded(value, variables), places, number)
    for number, line in found:
        inline = _INLINE.match(line)
        command = line.strip() if line[:1] in ("\t", " ") else inline["command"].strip() if inline else ""
        if command and not command.startswith("#"):
            yield from by_script(_expanded(_PREFIX.sub("", command), variables), places, number)


def _whole_lines(text: str) -> Iterator[tuple[int, str]]:
    """Each line with those that continue it, which keep their ends."""
    number, held = 0, ""
    for at, line in enumerate(text.split("\n"), 1):
        number = number if held else at
        held += line
        if line.endswith("\\"):
            held += "\n"
        else:
            yield number, held
            held = ""
    if held:
        yield number, held


def _expanded(text: str, variables: dict[str, str], depth: int = 0) -> str:
    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        name = match["round"] or match["curly"] or match["just"]
        if name in ("CURDIR", "PWD"):
            return "."
        if name in variables and variables[name] and depth < _DEEPEST:
            return _expanded(variables[name], variables, depth + 1)
        return "python" if name and name.upper() in ("PYTHON", "PY", "PYTHON3") else HOLE

    return _USED.sub(value, text)
