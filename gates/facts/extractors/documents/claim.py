"""A claim: something that a document says of its repository, and that can be held against the tree."""

from __future__ import annotations

from typing import NamedTuple

PATH = "path"
GLOB = "glob"
TREE = "entry of a tree"
COMMAND = "command"
TEST = "test"
SYMBOL = "symbol"
IMPORT = "import"
INCLUDE = "@import"
LINK = "link"
COUNT = "count"
VERSION = "version"
PYTHON = "Python range"
EXTRA = "extra"
SETTING = "setting"
LANE = "lane"
MATRIX = "CI matrix"
HOME = "home path"
FRONT = "front matter"


class Claim(NamedTuple):
    """What a document says at one line.

    `text` is how it says it, `parts` what was understood of it; which parts there are, the kind says. `hedge` is why
    nothing is asserted (an example, something that is to be made), "" where it is. `listing` is the line of the list or
    table of which it is the first word, 0 for any other.
    """

    kind: str
    line: int
    text: str
    parts: tuple[str, ...]
    hedge: str = ""
    listing: int = 0


class Entry(NamedTuple):
    """One key of front matter: its line, and its values (a list's, or a mapping's with their keys before `=`)."""

    key: str
    line: int
    values: tuple[str, ...]


class Front(NamedTuple):
    """The entries of a document's front matter, how long it is, and why it cannot be read, "" where it can."""

    entries: tuple[Entry, ...] = ()
    end: int = 0
    error: str = ""
    error_line: int = 1
