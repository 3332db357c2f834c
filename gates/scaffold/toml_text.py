"""Strings, lists and comments as TOML text that a person reads."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

_WIDTH = 118


def quoted(text: str) -> str:
    """A basic string; whatever a terminal would not print is escaped."""
    inner = "".join(map(_escaped, text))
    return f'"{inner}"'


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    if letter.isprintable():
        return letter
    return f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08x}"


def listed(items: Iterable[str]) -> str:
    """An array on one line."""
    inner = ", ".join(map(quoted, items))
    return f"[{inner}]"


def array(key: str, groups: Sequence[tuple[str, Sequence[str]]]) -> str:
    """`key = [...]`: on one line where it fits, else one item a line, each group below its comment."""
    groups = [(remark, items) for remark, items in groups if items]
    line = f"{key} = {listed(item for _, items in groups for item in items)}"
    if len(line) <= _WIDTH and not any(remark for remark, _ in groups):
        return line
    lines = [f"{key} = ["]
    for remark, items in groups:
        lines += [f"    # {printable(remark)}"] if remark else []
        lines += [f"    {quoted(item)}," for item in items]
    return "\n".join([*lines, "]"])


def comment(text: str) -> str:
    """Comment lines of a readable width."""
    lines = textwrap.wrap(printable(text), _WIDTH - 2, break_long_words=False, break_on_hyphens=False)
    return "\n".join(f"# {line}" for line in lines)


def printable(text: str) -> str:
    """On one line, with `?` for whatever a terminal would not print."""
    return "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))
