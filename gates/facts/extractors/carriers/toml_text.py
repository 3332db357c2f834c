"""TOML text as values with the line of each; the parser that Python has says none, so lines are looked for."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Union

from gates.facts.extractors.carriers.places import Places

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Step = Union[str, int]
Path = tuple[Step, ...]


class Head(NamedTuple):
    """A `[table]` or `[[table]]`, and the line of it."""

    keys: tuple[str, ...]
    line: int


class Toml:
    """A parsed text. Errors: ValueError for what is no TOML."""

    def __init__(self, text: str) -> None:
        self.table: Mapping[str, Any] = tomllib.loads(text)
        self.places = Places(text)
        self._heads = [Head((), 0), *_heads(text)]

    def strings(self) -> Iterator[tuple[Path, str]]:
        """Every string anywhere, with the keys and positions that lead to it."""
        return _strings(self.table, ())

    def get(self, *keys: str) -> Any:
        """What stands under keys; None where one of them is not there."""
        found: Any = self.table
        for key in keys:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    def line_of(self, path: Path, text: str = "") -> int:
        """The line of a value, which holds the text; that of its key, or of its table, where none does."""
        keys = tuple(step for step in path if isinstance(step, str))
        lines = self.places.lines
        for head, end in self._sections(path):
            inside = range(head.line, end)
            rest = keys[len(head.keys) :]
            first = next((at for at in inside if rest and _sets(lines[at], rest)), None)
            for at in inside if first is None else range(first, end):
                if text and text in lines[at] and not lines[at].lstrip().startswith("#"):
                    return at + 1
            if first is not None or (not rest and head.line):
                return (first if first is not None else head.line - 1) + 1
        return 1

    def _sections(self, path: Path) -> Iterator[tuple[Head, int]]:
        """The tables that may hold a path, the deepest first, each with the line that is not in it any more."""
        ends = [head.line - 1 for head in self._heads[1:]] + [len(self.places.lines)]
        keys = tuple(step for step in path if isinstance(step, str))
        found = [(head, end) for head, end in zip(self._heads, ends) if keys[: len(head.keys)] == head.keys]
        numbers = [step for step in path if isinstance(step, int)]
        found.sort(key=lambda section: -len(section[0].keys))
        if numbers and found:  # one table of several of the same name
            same = [section for section in found if section[0].keys == found[0][0].keys]
            if len(same) > numbers[0]:
                found.insert(0, same[numbers[0]])
        return iter(found)


def _sets(line: str, keys: tuple[str, ...]) -> bool:
    """Whether a line sets the first of the keys, or (dotted) several of them."""
    left = line.partition("=")[0]
    try:
        words = tuple(_keys_of(tomllib.loads(f"{left} = 0"))) if "=" in line else ()
    except ValueError:
        return False
    return bool(words) and keys[: len(words)] == words


def _heads(text: str) -> Iterator[Head]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("["):
            try:
                table = tomllib.loads(line)
            except ValueError:
                continue  # a line of an array
            yield Head(tuple(_keys_of(table)), number)


def _keys_of(table: Any) -> Iterator[str]:
    while isinstance(table, (Mapping, list)) and table:
        if isinstance(table, list):
            table = table[0]
            continue
        key = next(iter(table))
        yield key
        table = table[key]


def _strings(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _strings(inner, (*path, key))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _strings(inner, (*path, position))
