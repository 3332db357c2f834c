"""A Markdown text as pieces in order: paragraphs with their code spans and links, table rows, fences, headings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Union
from urllib.parse import unquote

from markdown_it import MarkdownIt

# The parser is asked for what CommonMark has, and for the tables and the struck-out text of GitHub's.
_PARSER = MarkdownIt("commonmark", {"linkify": False}).enable(["table", "strikethrough"])
_SPLIT = re.compile(r"(?<!e\.g\.)(?<!i\.e\.)(?<!etc\.)(?<!vs\.)(?<=[.!?])\s+(?=[A-Z`*(\[])")


class Code(NamedTuple):
    """A code span: its line, its text, and where it begins in the text of its paragraph."""

    line: int
    text: str
    at: int
    is_struck: bool = False


class Link(NamedTuple):
    """A link or an image: its line and where it leads, as it is written but for percent signs."""

    line: int
    target: str
    text: str


class Text(NamedTuple):
    """A paragraph, a list item's or a cell's: its text with code in backticks, the code spans and the links.

    `lines` holds where each line begins, as (place in the text, line of the file). `listing` is the line of the list or
    table of which the paragraph is the first of an item, 0 for any other; `headings` are those above it; `level` is a
    heading's own, 0 for any other. `lead` is what stands before the lists that it is in, the outermost first.
    """

    line: int
    text: str
    codes: tuple[Code, ...]
    links: tuple[Link, ...]
    lines: tuple[tuple[int, int], ...]
    listing: int
    headings: tuple[str, ...]
    level: int = 0
    lead: tuple[str, ...] = ()

    def sentence(self, at: int) -> str:
        """The sentence around a place of the text."""
        return next(text for start, text in self.sentences() if at <= start + len(text))

    def sentences(self) -> Iterator[tuple[int, str]]:
        """Each sentence, with the place at which it begins."""
        start = 0
        for match in _SPLIT.finditer(self.text):
            yield start, self.text[start : match.start()]
            start = match.end()
        yield start, self.text[start:]

    def line_at(self, at: int) -> int:
        """The line of the file on which a place of the text stands."""
        return max((line for place, line in self.lines if place <= at), default=self.line)


class Fence(NamedTuple):
    """A block of code: the line of its first line, the word after its fence, its text; and the headings above it."""

    line: int
    info: str
    text: str
    headings: tuple[str, ...]
    before: str


class Row(NamedTuple):
    """A row of a table: its cells' texts with those of the head above them."""

    line: int
    head: tuple[str, ...]
    cells: tuple[str, ...]


Piece = Union[Text, Fence, Row]


def pieces(text: str) -> Iterator[Piece]:
    """All of a text, from top to bottom."""
    return _Reader().pieces(_PARSER.parse(text))


class _Reader:
    def __init__(self) -> None:
        self._headings: list[tuple[int, str]] = []
        self._lists: list[int] = []
        self._leads: list[str] = []
        self._is_first = False
        self._head: list[str] = []
        self._cells: list[str] = []
        self._in_head = False
        self._before = ""

    def pieces(self, tokens: Sequence[Any]) -> Iterator[Piece]:
        level = 0
        for token in tokens:
            kind = token.type
            if kind in ("fence", "code_block"):
                line = token.map[0] + (2 if kind == "fence" else 1)
                yield Fence(line, token.info.strip().lower(), token.content, self._above, self._before)
            elif kind in ("bullet_list_open", "ordered_list_open", "table_open"):
                self._lists.append(token.map[0] + 1)
                self._leads.append(self._before)
            elif kind in ("bullet_list_close", "ordered_list_close", "table_close"):
                self._lists.pop()
                self._leads.pop()
            elif kind in ("list_item_open", "tr_open"):
                self._is_first = True
                self._cells = []
            elif kind in ("thead_open", "thead_close"):
                self._in_head = kind == "thead_open"
            elif kind == "tr_close":
                yield from self._row(token)
            elif kind == "heading_open":
                level = int(token.tag[1])
            elif kind == "inline":
                yield from self._inline(token, level)
            elif kind == "heading_close":
                level = 0

    @property
    def _above(self) -> tuple[str, ...]:
        return tuple(text for _, text in self._headings)

    def _row(self, token: Any) -> Iterator[Row]:
        if self._in_head:
            self._head = self._cells
        else:
            yield Row(self._row_line, tuple(self._head), tuple(self._cells))

    def _inline(self, token: Any, level: int) -> Iterator[Text]:
        listing = self._lists[-1] if self._lists and self._is_first else 0
        found = _text(token, listing, self._above)._replace(level=level, lead=tuple(self._leads))
        self._is_first = False
        self._before = found.text
        self._row_line = found.line
        self._cells.append(found.text)
        if level:
            self._headings = [entry for entry in self._headings if entry[0] < level] + [(level, found.text)]
        yield found


def _text(token: Any, listing: int, headings: tuple[str, ...]) -> Text:
    line = first = token.map[0] + 1
    written = ""
    codes: list[Code] = []
    links: list[Link] = []
    lines = [(0, first)]
    struck = 0
    children = token.children or ()
    for child, after in zip(children, [*children[1:], None]):
        kind = child.type
        if kind in ("softbreak", "hardbreak"):
            line += 1
            written += "\n"
            lines.append((len(written), line))
        elif kind == "code_inline":
            codes.append(Code(line, child.content, len(written), bool(struck)))
            written += f"`{child.content}`"
        elif kind == "link_open":
            links.append(
                Link(line, unquote(str(child.attrs.get("href", ""))), child.info or (after.content if after else ""))
            )
        elif kind == "image":
            links.append(Link(line, unquote(str(child.attrs.get("src", ""))), ""))
            written += child.content
        elif kind in ("s_open", "s_close"):
            struck += 1 if kind == "s_open" else -1
        elif kind in ("text", "text_special"):
            written += child.content
    return Text(first, written, tuple(codes), tuple(links), tuple(lines), listing, headings)
