"""Text from a repository, as Markdown that shows it and obeys nothing in it."""

from __future__ import annotations

import re

from gates.reporters.printable import printable

# What means something within a line; an underscore between letters means nothing. And what does at a line's start.
_WITHIN = re.compile(r"[\\`*\[\]~$&<>|]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_AT_START = re.compile(r"^(\s*)([#+=-]|\d+(?=[.)]))")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"}
_BACKTICKS = re.compile("`+")


def escaped(text: str) -> str:
    """Plain text, also within a table: no HTML, no emphasis, no link, no new block."""
    shown = _WITHIN.sub(lambda match: _ENTITIES.get(match.group(), f"\\{match.group()}"), printable(text))
    return _AT_START.sub(_not_a_block, shown)


def _not_a_block(match: re.Match[str]) -> str:
    blank, mark = match.groups()
    return f"{blank}&#{ord(mark[0])};{mark[1:]}"


def code(text: str) -> str:
    """A code span, fenced by more backticks than the text has in a row. Not for tables: a `|` would end the cell."""
    shown = printable(text) or " "
    fence = "`" * (1 + max((len(run) for run in _BACKTICKS.findall(shown)), default=0))
    blank = " " if shown.startswith(("`", " ")) or shown.endswith(("`", " ")) else ""
    return f"{fence}{blank}{shown}{blank}{fence}"
