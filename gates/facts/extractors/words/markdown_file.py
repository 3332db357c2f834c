"""The words of a Markdown file: code and links apart from prose; front matter as the YAML that it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Optional, Union

from gates.facts.extractors.words import yaml_file
from gates.facts.extractors.words.hits import COMMENT, IDENTIFIER, PATH, PROSE, STRING, Found, Layout, hits

_FRONT_MATTER = re.compile(r"\A(?:\ufeff)?---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*$", re.DOTALL | re.MULTILINE)
_FENCE = re.compile(r"[ \t]*(?:[-*+>]|\d+[.)])*[ \t]*(`{3,}|~{3,})([^\n`]*)")
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
_LINK = re.compile(
    r"\]\(\s*<?([^\s)>]+)|^[ ]{0,3}\[[^\]\n]+\]:[ \t]*<?(\S+)|\b(?:href|src)=[\"']([^\"']+)", re.MULTILINE
)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def extract(source: bytes, argument: str) -> Union[str, Found, None]:
    """The hits of a Markdown file."""
    return hits(source, argument, layout)


def layout(text: str) -> Layout:
    """Code is names, what a link leads to is a path; all else is prose."""
    return Layout([*_stretches(text)], otherwise=PROSE, is_markdown=True)


def _stretches(text: str) -> Iterator[tuple[int, int, str]]:
    front = _FRONT_MATTER.match(text)
    begin = 0
    if front is not None:
        begin = front.end()
        yield (*front.span(1), STRING)
        yield from yaml_file.stretches(front[1], front.start(1))
    fenced = list(_fences(text, begin))
    yield from ((start, end, IDENTIFIER) for start, end in fenced)
    for start, end in _between(begin, len(text), fenced):
        yield from _inline(text, start, end)


def _fences(text: str, begin: int) -> Iterator[tuple[int, int]]:
    """Blocks of code between fences; one that is never closed goes on to the end."""
    at = begin
    opened: Optional[tuple[str, int]] = None
    for line in text[begin:].splitlines(keepends=True):
        fence = _FENCE.match(line)
        if fence is not None and opened is None:
            opened = (fence[1], at)
        elif fence is not None and opened is not None and fence[1].startswith(opened[0]) and not fence[2].strip():
            yield opened[1], at + len(line)
            opened = None
        at += len(line)
    if opened is not None:
        yield opened[1], len(text)


def _between(begin: int, end: int, stretches: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    at = begin
    for start, stop in stretches:
        yield at, start
        at = stop
    yield at, end


def _inline(text: str, begin: int, end: int) -> Iterator[tuple[int, int, str]]:
    for match in _COMMENT.finditer(text, begin, end):
        yield (*match.span(), COMMENT)
    for match in _CODE.finditer(text, begin, end):
        if not _PARAGRAPH.search(match[2]):
            yield (*match.span(2), PATH if "/" in match[2] and not match[2].strip().count(" ") else IDENTIFIER)
    for match in _LINK.finditer(text, begin, end):
        group = next(number for number in (1, 2, 3) if match[number] is not None)
        yield (*match.span(group), PATH)
