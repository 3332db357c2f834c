"""Where words stand in a text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Optional


class Places:
    """The lines of a text. `reach`: how many lines further a word is looked for where nobody says how far."""

    def __init__(self, text: str, reach: int = 0) -> None:
        self.lines: Sequence[str] = text.split("\n")
        self.reach = reach

    def reaching(self, reach: int) -> Places:
        """The same lines."""
        other = Places("", reach)
        other.lines = self.lines
        return other

    def find(self, word: str, first: int = 1, last: Optional[int] = None) -> tuple[int, int]:
        """Line and column of the first mention from a line on; that line and column 0 where there is none.

        A mention as a whole word comes before one within another.
        """
        first = max(first, 1)
        lines = self.lines[first - 1 : first + self.reach if last is None else last]
        for pattern in (rf"(?<![\w.]){re.escape(word)}(?![\w.])", re.escape(word)):
            for number, line in enumerate(lines, first):
                match = re.search(pattern, line) if word in line else None
                if match is not None:
                    return number, match.start() + 1
        return min(first, len(self.lines)), 0
