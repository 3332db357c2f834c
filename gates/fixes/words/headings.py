"""The anchors of a document's headings, before and after its words are respelled."""

from __future__ import annotations

import re
from collections.abc import Iterator

_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_NO_PART = re.compile(r"[^\w\- ]")


def headings(text: str) -> Iterator[tuple[int, int]]:
    """Where the words of each heading begin and end."""
    return (match.span(1) for match in _HEADING.finditer(text))


def anchor(heading: str) -> str:
    """As GitHub makes it of a heading."""
    return _NO_PART.sub("", _LINK.sub(r"\1", heading).strip().lower()).replace(" ", "-")
