"""The targets of a makefile that say what they do: `name: needed  ## what it does`."""

from __future__ import annotations

import re

_HELP = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+):[^\n#]*##\s*(?P<says>[^\n]+?)\s*$", re.MULTILINE)


def helps(source: bytes) -> tuple[tuple[str, str], ...]:
    """Name and sentence of each."""
    return tuple((match["name"], match["says"]) for match in _HELP.finditer(source.decode("utf-8", "replace")))
