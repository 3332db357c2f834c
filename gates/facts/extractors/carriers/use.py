"""One place where a file that is not Python names code of the tree."""

from __future__ import annotations

from typing import NamedTuple

NAME = "name"
"""A module, or something in one, by its dotted name; `folder` is where it is looked for first."""
FILE = "file"
"""A file that is run, by its path."""
SEARCH = "search"
"""A folder from which modules are imported from then on."""
GIVEN = "given"
"""A folder or file of code that a distribution installs under another name, `folder` being that name, dotted."""
ROOT = "root"
"""A folder whose contents a distribution installs as they are."""
SHIPS = "ships"
"""What a distribution or an image is made of: a folder, a file or a package."""
WORD = "word"
"""A dotted word, `way` being the key that it is the value of: only some keys hold modules."""
UNPARSED = "unparsed"
"""A dotted word of a file that cannot be parsed, `way` being the reason; "" where it holds none."""

REGISTERS = "registers"
STARTS = "registers as a command"
RUNS = "runs"
IMPORTS = "imports"
LOADS = "loads by name"
SEARCHES = "puts on the path of imports"
INSTALLS = "installs under another name"


class Use(NamedTuple):
    """Lines and columns count from 1; column 0 means that only the line is known. `way` is the verb of a message.

    A path may begin with `/` where what stands above it is not known: then any end of it may be meant.
    """

    line: int
    column: int
    kind: str
    text: str
    way: str
    folder: str = ""
