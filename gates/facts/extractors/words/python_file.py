"""The words of a Python file: names, modules, strings, keys, comments, docstrings apart, whether it parses or not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Optional, Union

from gates.facts.extractors.words.hits import COMMENT, IDENTIFIER, KEY, PATH, PROSE, STRING, Found, Layout, hits

_LEXED = re.compile(
    r"(?P<comment>\#[^\n]*)"
    r"|(?P<string>(?<![^\W_])(?P<prefix>[rRbBuUfFtT]{0,2})"
    r"(?:\"\"\"[^\"\\]*(?:(?:\\.|\"(?!\"\"))[^\"\\]*)*\"\"\"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''"
    r"|\"[^\"\\\n]*(?:\\.[^\"\\\n]*)*\"|'[^'\\\n]*(?:\\.[^'\\\n]*)*'))"
    r"|(?P<bracket>[\[\](){}])",
    re.DOTALL,
)
_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import\b|import[ \t]+([\w.,\t ]+))", re.MULTILINE)
_FIELD = re.compile(r"(?<!\{)\{(?!\{)([^{}\n]*)\}")
_CLOSES = {"]": "[", ")": "(", "}": "{"}
_BEFORE = re.compile(r"(\S)[ \t\r\n\\]*\Z")
_AFTER = re.compile(r"[ \t\r\n\\]*(\S)")
_WITHIN = 300


def extract(source: bytes, argument: str) -> Union[str, Found, None]:
    """The hits of a Python file."""
    return hits(source, argument, layout)


def layout(text: str) -> Layout:
    """Strings, comments and imported modules; all else is names."""
    return Layout([*_stretches(text)], otherwise=IDENTIFIER)


def _stretches(text: str) -> Iterator[tuple[int, int, str]]:
    open_brackets: list[str] = []
    taken: list[tuple[int, int]] = []
    last: Optional[str] = None  # the sign of code before this one
    at = 0
    for match in _LEXED.finditer(text):
        between = text[at : match.start()].rstrip(" \t\r\n\\")
        if between:
            last = between[-1]
        at = match.end()
        if match["comment"] is not None:
            taken.append(match.span())
            yield (*match.span(), COMMENT)
        elif match["string"] is not None:
            taken.append(match.span())
            kind = _kind_of_string(text, match, last, open_brackets)
            yield (*match.span(), kind)
            if "f" in match["prefix"].lower() or "t" in match["prefix"].lower():
                yield from _fields(text, match)
            last = '"'
        elif match["bracket"] in "[({":
            open_brackets.append(match["bracket"])
            last = match["bracket"]
        else:
            if open_brackets and open_brackets[-1] == _CLOSES[match["bracket"]]:
                open_brackets.pop()
            last = match["bracket"]
    yield from _imports(text, taken)


def _kind_of_string(text: str, match: re.Match[str], last: Optional[str], brackets: list[str]) -> str:
    """A docstring is prose, a key of a dictionary or of a subscript is a key, all else a string."""
    after = _AFTER.match(text, match.end(), match.end() + _WITHIN)
    following = after[1] if after is not None else ""
    within = brackets[-1] if brackets else ""
    if within == "{" and last in ("{", ",") and following == ":":
        return KEY
    if within == "[" and last == "[" and following == "]" and _is_subscript(text, match.start()):
        return KEY
    line = text.rfind("\n", 0, match.start()) + 1
    is_statement = not within and not text[line : match.start()].strip() and last not in ("=", ",", "\\", "+", "%")
    return PROSE if is_statement else STRING


def _is_subscript(text: str, at: int) -> bool:
    """Whether what stands before the bracket has something to look up in."""
    before = text[max(0, at - _WITHIN) : at].rstrip(" \t\r\n\\")[:-1].rstrip(" \t")
    if not before or not (before[-1].isalnum() or before[-1] in "_])\"'"):
        return False
    word = re.search(r"\w*\Z", before)
    return word is None or word[0] not in ("in", "return", "yield", "and", "or", "not", "if", "else", "is")


def _fields(text: str, match: re.Match[str]) -> Iterator[tuple[int, int, str]]:
    for field in _FIELD.finditer(text, match.start(), match.end()):
        yield (*field.span(1), IDENTIFIER)


def _imports(text: str, taken: list[tuple[int, int]]) -> Iterator[tuple[int, int, str]]:
    """The modules that import statements name, where they stand in no string and no comment."""
    at = 0
    for match in _IMPORT.finditer(text):
        group = 1 if match[1] is not None else 2
        start, end = match.span(group)
        while at < len(taken) and taken[at][1] <= start:
            at += 1
        if at < len(taken) and taken[at][0] <= start:
            continue
        yield start, end, PATH
