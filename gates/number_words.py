"""A number with its noun: `1 module`, `2,823 modules`."""

from __future__ import annotations

import re

# What a unit is of stands behind its noun: "modules with loaders", "files of a diff".
_BEHIND = re.compile(r" (?:by|from|in|of|on|that|to|which|with|without) ")


def many(number: int, noun: str) -> str:
    """`1 finding`, `1,204 findings`: the noun is given as one."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def counted(number: int, unit: str) -> str:
    """`1 lane`, `3 lanes`: the unit is given as many, as facts name it."""
    return f"{number:,} {_singular(unit) if number == 1 else unit}"


def _singular(unit: str) -> str:
    behind = _BEHIND.search(unit)
    end = len(unit) if behind is None else behind.start()
    noun, rest = unit[:end], unit[end:]
    if noun.endswith("ies") and len(noun) > 4:
        return noun[:-3] + "y" + rest
    if noun.endswith(("ches", "shes", "sses", "xes")):
        return noun[:-2] + rest
    return (noun[:-1] if noun.endswith("s") and not noun.endswith("ss") else noun) + rest
