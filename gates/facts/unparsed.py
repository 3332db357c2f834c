"""Where the reason that a file does not parse says that it stops."""

from __future__ import annotations


def line_of(reason: str) -> int:
    """The line that a reason such as "line 3: invalid syntax" begins with; 0 where it names none."""
    word, _, rest = reason.partition(" ")
    number = rest.partition(":")[0]
    return int(number) if word == "line" and number.isascii() and number.isdigit() else 0
