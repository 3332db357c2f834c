"""Markdown and reStructuredText as blocks: headings, text without its markup, code; each with the line it begins at.

No more of either is read than what tells headings from text and text from code: a plain text is a document, too.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Optional

HEADING, TEXT, CODE = "heading", "text", "code"

_HASHES = re.compile(r"(#{1,6})\s+(.+?)\s*#*$")
_FENCE = re.compile(r"\s*(```+|~~~+)")
_RULE = re.compile(r"([=\-~^\"'`*+#<>:._])\1{2,}\s*$")
_DIRECTIVE = re.compile(r"\s*\.\. ([A-Za-z][\w:.+-]*)::(?:\s+(.*?))?\s*$")
_OPTION = re.compile(r"\s+:[\w-]+:")
_COMMENT = re.compile(r"\s*\.\.(\s|$)")
_ROLE = re.compile(r":[A-Za-z][\w:.+-]*:`([^`]+)`")
_TITLED = re.compile(r"(.+?)\s*<[^<>]*>$", re.DOTALL)
_LINK = re.compile(r"`([^`<>]+?)\s*<[^`<>]+>`__?")
_LITERAL = re.compile(r"``([^`]+)``")

_OF_CODE = frozenset("code code-block sourcecode parsed-literal literalinclude console doctest testcode math".split())
_OF_THE_PAGE = frozenset("contents currentmodule figure highlight image include index module toctree".split())


class Block(NamedTuple):
    """`level` is that of a heading, from 1; `line` counts from 1."""

    kind: str
    text: str
    line: int
    level: int = 0


def blocks(text: str) -> Iterator[Block]:
    """In order; what only arranges a page is left out."""
    return _Reader(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")).blocks()


def plain(text: str) -> str:
    """A paragraph without roles and links: their words stay, and what is code is in single backticks."""
    return _LITERAL.sub(r"`\1`", _LINK.sub(r"\1", _ROLE.sub(_role, text))).replace("`\\", "`")


def _role(found: re.Match[str]) -> str:
    named = _TITLED.match(found[1])
    if named:
        return named[1]
    target = found[1].lstrip("!")
    return f"`{target.rpartition('.')[2] if target.startswith('~') else target}`"


class _Reader:
    """Goes through the lines once; `_at` is the next one, from 0."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._at = 0
        self._styles: list[tuple[str, bool]] = []

    def blocks(self) -> Iterator[Block]:
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if not line.strip():
                self._at += 1
            elif _FENCE.match(line):
                yield from self._fenced()
            elif _DIRECTIVE.match(line):
                yield from self._directive()
            elif _COMMENT.match(line):
                self._at += 1
                self._indented(_indent(line), to_an_empty_line=True)
            else:
                heading = self._heading()
                yield from [heading] if heading else self._paragraph()

    # Headings

    def _heading(self) -> Optional[Block]:
        line, number = self._lines[self._at], self._at + 1
        hashes = _HASHES.match(line)
        if hashes:
            self._at += 1
            return Block(HEADING, plain(hashes[2]), number, len(hashes[1]))
        rule = _RULE.match(line)
        over = rule is not None and self._rule_of(self._at + 2) == rule[1]
        place = self._at + over
        title = self._line(place)
        below = self._rule_of(place + 1)
        if below is None or not title.strip() or _RULE.match(title) or (title[0].isspace() and not over):
            return None
        style = (below, over)
        if style not in self._styles:
            self._styles.append(style)
        self._at = place + 2
        return Block(HEADING, plain(title.strip()), place + 1, self._styles.index(style) + 1)

    def _rule_of(self, place: int) -> Optional[str]:
        """The character of which this line is made, where it underlines something."""
        rule = _RULE.match(self._line(place))
        return rule[1] if rule else None

    def _line(self, place: int) -> str:
        return self._lines[place] if place < len(self._lines) else ""

    # Text

    def _paragraph(self) -> Iterator[Block]:
        first = self._at
        lines = [self._lines[first]]
        self._at += 1
        while self._at < len(self._lines) and not self._ends_paragraph():
            lines.append(self._lines[self._at])
            self._at += 1
        text = textwrap.dedent("\n".join(lines))
        is_introduction = text.rstrip().endswith("::")
        if is_introduction:
            text = text.rstrip()[:-1]
        if text.strip(": "):
            yield Block(TEXT, plain(text), first + 1)
        if is_introduction:
            yield from self._literal(_indent(lines[0]))

    def _ends_paragraph(self) -> bool:
        line = self._lines[self._at]
        is_another = _FENCE.match(line) or _DIRECTIVE.match(line) or _HASHES.match(line)
        return not line.strip() or bool(is_another)

    def _directive(self) -> Iterator[Block]:
        line, number = self._lines[self._at], self._at + 1
        found = _DIRECTIVE.match(line)
        assert found is not None, "it was looked at before"
        self._at += 1
        while self._at < len(self._lines) and _OPTION.match(self._lines[self._at]):
            self._at += 1
        if found[1] in _OF_THE_PAGE:
            self._indented(_indent(line))
        elif found[1] in _OF_CODE:
            yield from self._literal(_indent(line))
        elif found[2]:
            yield Block(TEXT, plain(found[2]), number)

    # Code

    def _fenced(self) -> Iterator[Block]:
        opened = _FENCE.match(self._lines[self._at])
        assert opened is not None, "it was looked at before"
        mark, first = opened[1], self._at + 1
        self._at = first
        while self._at < len(self._lines) and not self._lines[self._at].strip().startswith(mark):
            self._at += 1
        code = "\n".join(self._lines[first : self._at])
        self._at += 1
        if code.strip():
            yield Block(CODE, code, first + 1)

    def _literal(self, indent: int) -> Iterator[Block]:
        while self._at < len(self._lines) and not self._lines[self._at].strip():
            self._at += 1
        first = self._at
        code = textwrap.dedent("\n".join(self._indented(indent))).strip("\n")
        if code.strip():
            yield Block(CODE, code, first + 1)

    def _indented(self, indent: int, to_an_empty_line: bool = False) -> list[str]:
        """The lines from here on that stand further in than that."""
        first = self._at
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if _indent(line) <= indent if line.strip() else to_an_empty_line:
                break
            self._at += 1
        return list(self._lines[first : self._at])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
