"""The names that a Python file defines, by a scan of its lines: classes with their members, functions, constants."""

from __future__ import annotations

import re
from typing import Optional

_DEFINED = re.compile(
    rb"^(?P<indent>[ \t]*)(?:async[ \t]+)?(?:(?P<kind>def|class)[ \t]+(?P<name>\w+)(?P<bases>[ \t]*\([^)\n]*)?"
    rb"|(?P<set>[A-Za-z_]\w*)[ \t]*(?::[^=\n]*)?=(?!=))",
    re.MULTILINE,
)


def extract(source: bytes) -> Optional[tuple[tuple[str, str], ...]]:
    """Dotted names, each with "class" and its bases, "" for anything else; None where there are none."""
    found: dict[str, str] = {}
    outer: list[tuple[int, str]] = []
    for match in _DEFINED.finditer(source):
        depth = len(match["indent"].expandtabs())
        while outer and outer[-1][0] >= depth:
            outer.pop()
        name = (match["name"] or match["set"]).decode("ascii", "replace")
        dotted = f"{outer[-1][1]}.{name}" if outer else name
        if not match["kind"] and depth and not outer:
            continue
        bases = (match["bases"] or b"").decode("utf-8", "replace").strip().lstrip("(")
        found.setdefault(dotted, f"class {bases}" if match["kind"] == b"class" else "")
        if match["kind"]:
            outer.append((depth, dotted))
    return tuple(found.items()) or None
