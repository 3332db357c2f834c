"""What stands around a word and sets it aside: an address, a home folder, a coded blob, a marked quotation, evidence.

A quotation is marked by a block quote of Markdown (but for admonitions, `> [!NOTE]`), by a line that says
`gates:quote`, or by everything between lines that say `gates:quote-begin` and `gates:quote-end`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Optional

ADDRESS, HOME, BLOB, QUOTATION, EVIDENCE, SCHEMA = "address", "home folder", "blob", "quotation", "evidence", "schema"
ASIDE = (ADDRESS, HOME, BLOB, QUOTATION, EVIDENCE, SCHEMA)
"""Why an occurrence is set aside."""

Span = tuple[int, int]

_ADDRESS = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.\-]{1,19}://|\bwww\.|\bmailto:|\bgit@)[^\s<>\"'`)\]}|]+"
    r"|[\w.+\-]+@[\w\-]+\.[\w.\-]*\w"
)
# Whose home it is says nothing of the project; what lies below does.
_HOME = re.compile(
    r"(?:(?<![\w.])(?:/home/|/Users/|/export/home/)|[A-Za-z]:\\{1,2}Users\\{1,2}|(?<![\w/])~)([A-Za-z_][\w.\-]*)"
)
_BLOB = re.compile(r"[A-Za-z0-9+/=_\-]{24,}")
_BEGINNING = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
# Base64 changes between small letters, capitals and digits every second letter; names do every sixth.
_BLOB_DENSITY = 0.36
# What stands farther away than this is no part of a paragraph that anybody reads.
_PARAGRAPH = 4000
_MARKED = re.compile(r"gates:quote(?P<side>-begin|-end)?\b")
_QUOTED_LINE = re.compile(r"[ ]{0,3}>")
_ADMONITION = re.compile(r"[ ]{0,3}>\s*\[!")
_CITED = re.compile(r"\]\([^)\s]+|\]\[[^\]]+\]|https?://|\[\^[^\]]+\]|<https?:|:cite:|\bdoi:")


class Spans:
    """Stretches of a text, sorted and apart from each other."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(spans):
            if not self._ends or start >= self._ends[-1]:
                self._starts.append(start)
                self._ends.append(end)

    def at(self, position: int) -> Optional[Span]:
        """The stretch that holds a position."""
        found = bisect_right(self._starts, position) - 1
        if found < 0 or position >= self._ends[found]:
            return None
        return self._starts[found], self._ends[found]

    def holds(self, position: int) -> bool:
        """Whether a position is in one of them."""
        return self.at(position) is not None


def line_span(text: str, position: int) -> Span:
    """The line that holds a position, without its end."""
    end = text.find("\n", position)
    return text.rfind("\n", 0, position) + 1, len(text) if end < 0 else end


def set_aside(text: str, start: int, end: int) -> Optional[str]:
    """Why an occurrence is none by what stands in its own line: an address, a home folder, a blob."""
    first, last = line_span(text, start)
    first, last = max(first, start - 2000), min(max(last, end), end + 2000)  # a line may be a whole file
    line = text[first:last]
    here, there = start - first, end - first
    for match in _ADDRESS.finditer(line):
        if match.start() <= here < match.end():
            return ADDRESS
    for match in _HOME.finditer(line):
        if match.start(1) <= here and there <= match.end(1):
            return HOME
    for match in _BLOB.finditer(line):
        if match.start() <= here and there <= match.end() and _is_coded(match[0]):
            return BLOB
    return None


def _is_coded(run: str) -> bool:
    letters = sum(1 for letter in run if letter.isalnum())
    return letters > 0 and len(_BEGINNING.findall(run)) / letters > _BLOB_DENSITY


def quotations(text: str, is_markdown: bool) -> Spans:
    """The marked quotations of a text."""
    found = list(_marked(text)) if "gates:quote" in text else []
    if is_markdown and ">" in text:
        found += _block_quotes(text)
    return Spans(found)


def _marked(text: str) -> Iterator[Span]:
    begun: Optional[int] = None
    for match in _MARKED.finditer(text):
        first, last = line_span(text, match.start())
        if match["side"] == "-begin" and begun is None:
            begun = first
        elif match["side"] == "-end" and begun is not None:
            yield begun, last
            begun = None
        elif match["side"] is None and begun is None:
            yield first, last


def _block_quotes(text: str) -> Iterator[Span]:
    at = 0
    before: Optional[str] = None  # the first line of the block quote that goes on here
    for line in text.splitlines(keepends=True):
        is_quoted = _QUOTED_LINE.match(line) is not None
        before = (before or line) if is_quoted else None
        if before is not None and not _ADMONITION.match(before):
            yield at, at + len(line)
        at += len(line)


def has_evidence(text: str, start: int, end: int) -> bool:
    """Whether something is cited in the paragraph around an occurrence: a link, a reference, a footnote."""
    first = max(text.rfind("\n\n", max(0, start - _PARAGRAPH), start) + 1, start - _PARAGRAPH, 0)
    last = text.find("\n\n", end, end + _PARAGRAPH)
    return _CITED.search(text, first, end + _PARAGRAPH if last < 0 else last) is not None
