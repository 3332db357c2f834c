"""An adapter: Markdown and plain text into passages, each with the line where it begins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*$")
_FENCE = re.compile(r"\s*(```|~~~)")


class DocumentPassage(NamedTuple):
    """A piece of a document. `heading` is the path of headings above it; `line` counts from 1."""

    text: str
    heading: str
    line: int


class Documents:
    """Splits at headings and empty lines; short paragraphs of one section stay together up to `most` characters."""

    name = "documents"
    lane = "production"
    suffixes = (".md", ".markdown", ".rst", ".txt")

    def __init__(self, most: int = 800) -> None:
        self._most = most

    def passages(self, text: str) -> Iterator[DocumentPassage]:
        """In order. A passage begins with its headings, so that it is found by what it is about."""
        gathered: list[str] = []
        begins, above = 1, ""
        for heading, line, paragraph in _paragraphs(text):
            for piece in _cut(paragraph, self._most):
                if gathered and (heading != above or sum(map(len, gathered)) + len(piece) > self._most):
                    yield _passage(gathered, above, begins)
                    gathered = []
                if not gathered:
                    begins, above = line, heading
                gathered.append(piece)
        if gathered:
            yield _passage(gathered, above, begins)


def _passage(paragraphs: list[str], heading: str, line: int) -> DocumentPassage:
    body = "\n\n".join(paragraphs)
    return DocumentPassage(f"{heading}\n\n{body}" if heading else body, heading, line)


def _paragraphs(text: str) -> Iterator[tuple[str, int, str]]:
    """Each paragraph with its headings and line; an empty line within a fence ends none."""
    path: list[str] = []
    lines: list[str] = []
    begins, fenced = 1, ""
    for number, line in enumerate(text.splitlines(), start=1):
        fence = _FENCE.match(line)
        if fence and (not fenced or fence.group(1) == fenced):
            fenced = "" if fenced else fence.group(1)
        heading = None if fenced else _HEADING.match(line)
        if (heading or not line.strip()) and not fenced:
            if lines:
                yield " > ".join(path), begins, "\n".join(lines)
                lines = []
            if heading:
                path[len(heading.group(1)) - 1 :] = [heading.group(2)]
            continue
        if not lines:
            begins = number
        lines.append(line)
    if lines:
        yield " > ".join(path), begins, "\n".join(lines)


def _cut(paragraph: str, most: int) -> Iterator[str]:
    while len(paragraph) > most:
        place = paragraph.rfind(" ", most // 2, most)
        place = most if place < 0 else place
        yield paragraph[:place]
        paragraph = paragraph[place:].lstrip()
    if paragraph.strip():
        yield paragraph
