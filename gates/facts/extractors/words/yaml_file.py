"""The words of a YAML file: keys, values, comments; what a block scalar holds is a value, whatever it looks like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Optional, Union

from gates.facts.extractors.words.hits import COMMENT, KEY, STRING, Found, Layout, hits

_KEY = re.compile(
    r"([ ]*(?:-[ ]+)*)(\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'"
    r"|[^\s#\"'\[\]{},&*!|>%@`-][^#\n]*?|-\S[^#\n]*?)[ \t]*:(?=\s|$)"
)
_FLOW_KEY = re.compile(r"[{,][ ]*(\"[^\"]*\"|'[^']*'|[\w.\-]+)[ ]*:(?=[\s])")
_COMMENT = re.compile(r"(?:^|(?<=\s))\#.*$")
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'")
_BLOCK = re.compile(r"(?:^|[\s:\-])[|>][+-]?\d?[+-]?[ \t]*(?:\#.*)?$")
_FOREIGN = re.compile(r"\A(?:\s*(?:\#[^\n]*|---)?\n)*[\"']?(?:\$schema|@context)[\"']?\s*:\s*[\"']?https?://")


def extract(source: bytes, argument: str) -> Union[str, Found, None]:
    """The hits of a YAML file."""
    return hits(source, argument, layout)


def layout(text: str) -> Layout:
    """Keys and comments; all else is values."""
    return Layout(stretches(text, 0), otherwise=STRING, has_foreign_keys=_FOREIGN.match(text) is not None)


def stretches(text: str, offset: int) -> Iterator[tuple[int, int, str]]:
    """Of a text that begins at `offset` of another one, such as the front matter of a document."""
    at = offset
    block: Optional[int] = None  # the indent of the key whose value is a block of text
    for whole in text.splitlines(keepends=True):
        line = whole.rstrip("\r\n")
        indent = len(line) - len(line.lstrip(" "))
        if block is not None and line.strip() and indent <= block:
            block = None
        if block is None:
            yield from _of_line(line, at)
            if _BLOCK.search(line):
                block = _indent_of_key(line, indent)
        at += len(whole)


def _indent_of_key(line: str, indent: int) -> int:
    """What must be indented by more than this is the block's."""
    match = _KEY.match(line)
    return match.start(2) if match is not None and ":" in line else indent


def _of_line(line: str, at: int) -> Iterator[tuple[int, int, str]]:
    key = _KEY.match(line)
    after = 0
    if key is not None:
        yield at + key.start(2), at + key.end(2), KEY
        after = key.end()
    for flow in _FLOW_KEY.finditer(line, after):
        yield at + flow.start(1), at + flow.end(1), KEY
    quoted = [match.span() for match in _QUOTED.finditer(line, after)]
    for comment in _COMMENT.finditer(line):
        if not any(start < comment.start() < end for start, end in quoted):
            yield at + comment.start(), at + comment.end(), COMMENT
            break
