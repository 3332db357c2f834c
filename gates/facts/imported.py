"""One import that really happened, as a recording holds it."""

from __future__ import annotations

from typing import NamedTuple, Optional

STATEMENT = "import"
"""`through` of what an import statement did: a word that no module can be called."""


class Imported(NamedTuple):
    """What one line imported.

    `name` is the module's, "" where only its file is known. `path` is its file, "" where it has none (a namespace
    package, a module made by hand), None where it lies outside the repository. `through` is the library that the line
    called and that did the importing ("<C>" where it is written in C), STATEMENT, or "" where the line itself called
    what imports.
    """

    line: int
    name: str
    path: Optional[str]
    through: str = ""
