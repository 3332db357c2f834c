"""The sections of a Markdown text: what stands between a heading and the next of its rank."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Optional

EXPLICIT = re.compile(r"\{#([\w:.-]+)[^}]*\}\s*$")
"""An anchor that a heading gives itself: `## Tests {#tests}`."""
_DROPPED = re.compile(r"[^\w\- ]")
_HEADING = re.compile(r"^(?P<marks>#{1,6})[ \t]+(?P<text>[^\n]*?)[ \t]*#*[ \t]*$", re.MULTILINE)
_FENCE = re.compile(r"^(?P<fence>```+|~~~+)[^\n]*\n.*?(?:^(?P=fence)[^\n]*$|\Z)", re.MULTILINE | re.DOTALL)


def headings(text: str) -> Iterator[tuple[int, str, int, int]]:
    """Rank, text, where each begins and where it ends; those within code are none."""
    code = [(match.start(), match.end()) for match in _FENCE.finditer(text)]
    for match in _HEADING.finditer(text):
        if not any(start <= match.start() < end for start, end in code):
            yield len(match["marks"]), match["text"], match.start(), match.end() + 1


def section(text: str, anchor: str) -> Optional[str]:
    """The section with this anchor, without its heading; None where there is none."""
    found = list(headings(text))
    for position, (rank, title, _, end) in enumerate(found):
        if slug(title) == anchor:
            after = (start for other, _, start, _ in found[position + 1 :] if other <= rank)
            return text[end : next(after, len(text))].strip("\n") + "\n"
    return None


def sections(text: str) -> dict[str, tuple[int, str]]:
    """The text of each heading to its line and to what stands below it, up to the next heading of any rank."""
    found = list(headings(text))
    starts = [start for _, _, start, _ in found[1:]] + [len(text)]
    held: dict[str, tuple[int, str]] = {}
    for (_, title, start, end), next_start in zip(found, starts):
        held.setdefault(title, (text.count("\n", 0, start) + 1, text[end:next_start].strip()))
    return held


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    plain = re.sub(r"[`*~]", "", EXPLICIT.sub("", heading)).strip().lower()
    return _DROPPED.sub(_mark, plain).replace(" ", "-")


def _mark(match: re.Match[str]) -> str:
    """A mark stays, such as the one behind an emoji that is dropped."""
    return match[0] if unicodedata.category(match[0]).startswith("M") else ""
