"""Globs over repository paths: `*` within a folder, `**` across folders, `?` one character."""

from __future__ import annotations

import re
from collections.abc import Iterable
from re import Pattern
from typing import NewType

Glob = NewType("Glob", str)
Globs = tuple[Glob, ...]
"""The type of a policy field that holds globs; each must match a file, or the policy makes no sense."""


def glob_pattern(glob: str) -> str:
    """The regular expression of one glob, to be used with `fullmatch`.

    `a/**` is all below a; `**/x.py` is x.py at any depth, the top included; `a/**/b` also matches `a/b`. A glob without
    wildcards is that very path. There are no character classes: `[` is a letter like any other.
    """
    parts: list[str] = []
    i = 0
    while i < len(glob):
        if glob.startswith("**/", i) and (i == 0 or glob[i - 1] == "/"):
            parts.append("(?:.*/)?")
            i += 3
        elif glob.startswith("**", i):
            parts.append(".*")
            i += 2
        elif glob[i] == "*":
            parts.append("[^/]*")
            i += 1
        elif glob[i] == "?":
            parts.append("[^/]")
            i += 1
        else:
            parts.append(re.escape(glob[i]))
            i += 1
    return f"(?s:{''.join(parts)})"


def any_of(globs: Iterable[str]) -> Pattern[str]:
    """One pattern for several globs; with none, one that matches nothing."""
    alternatives = "|".join(glob_pattern(glob) for glob in globs)
    return re.compile(alternatives if alternatives else r"(?!)")
