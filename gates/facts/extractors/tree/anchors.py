"""The anchors of a Markdown file: those of its headings as GitHub makes them, and those that HTML gives."""

from __future__ import annotations

import re

from gates.facts.extractors.documents.markdown import Text, pieces
from gates.facts.extractors.tree.sections import EXPLICIT, slug

_HTML = re.compile(r"<[^<>]*\b(?:id|name)\s*=\s*[\"']?([^\"'\s>]+)")


def extract(source: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Anchors in order, those of headings numbered where two are the same; and the texts of the headings."""
    text = source.decode("utf-8-sig", "replace")
    seen: dict[str, int] = {}
    anchors: list[str] = []
    headings: list[str] = []
    for piece in pieces(text):
        if isinstance(piece, Text) and piece.level:
            headings.append(piece.text)
            explicit = EXPLICIT.search(piece.text)
            anchors += [explicit[1]] if explicit else []
            anchor = slug(piece.text)
            count = seen.get(anchor, 0)
            seen[anchor] = count + 1
            anchors.append(f"{anchor}-{count}" if count else anchor)
    return tuple(dict.fromkeys([*anchors, *_HTML.findall(text)])), tuple(headings)
