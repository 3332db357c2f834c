"""The instructions of a Dockerfile, each with its line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple, Optional

_INSTRUCTION = re.compile(r"\s*(?P<name>[A-Za-z]+)\s+(?P<rest>.*)", re.DOTALL)
_HERE = re.compile(r"<<-?\s*['\"]?(\w+)['\"]?")


class Instruction(NamedTuple):
    """One instruction: its name in capitals, its text with its line ends, and the line on which that begins."""

    name: str
    text: str
    line: int

    @property
    def words(self) -> Optional[list[str]]:
        """The words of the exec form, `["a", "b"]`; None of the other."""
        if not self.text.lstrip().startswith("["):
            return None
        try:
            words = json.loads(self.text.replace("\\\n", "\n"))
        except ValueError:
            return None
        return words if isinstance(words, list) and all(isinstance(word, str) for word in words) else None


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions in order; that of an ONBUILD for itself."""
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        first = number
        held, number = _whole(lines, number)
        match = _INSTRUCTION.match(held)
        if match is None or held.lstrip().startswith("#"):
            continue
        name, body = match["name"].upper(), match["rest"]
        for delimiter in _HERE.findall(body) if name in ("RUN", "COPY") else ():
            document, number = _document(lines, number, delimiter)
            body += document
        inner = _INSTRUCTION.match(body) if name == "ONBUILD" else None
        if inner is not None:
            name, body = inner["name"].upper(), inner["rest"]
        yield Instruction(name, body, first + 1)


def _whole(lines: list[str], number: int) -> tuple[str, int]:
    """A line with those that continue it, and the number of the next. A comment between them is none of it."""
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
    return "\n".join(held), number


def _document(lines: list[str], number: int, delimiter: str) -> tuple[str, int]:
    """A here-document up to its delimiter, and the number of the next line."""
    document = ""
    while number < len(lines):
        document += "\n" + lines[number]
        number += 1
        if lines[number - 1].strip() == delimiter:
            break
    return document, number
