"""TOML text as values with the line of each; the parser that Python has says none, so lines are looked for."""

from __future__ import annotations

import re
import sys
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Optional, Union

from gates.facts.extractors.carriers.places import Places

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Step = Union[str, int]
Path = tuple[Step, ...]
Keys = tuple[str, ...]

_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_KEY = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_HEAD = re.compile(rf"[ \t]*\[{{1,2}}[ \t]*(?P<keys>{_KEY})[ \t]*\]{{1,2}}[ \t]*(?:#.*)?\r?$")
_SETS = re.compile(rf"[ \t]*(?P<keys>{_KEY})[ \t]*=")
_PARTS = re.compile(_PART)


class _Section(NamedTuple):
    """A `[table]`, the line of it (0: the beginning), the line behind its last, and the lines that set its keys."""

    keys: Keys
    first: int
    end: int
    sets: tuple[tuple[Keys, int], ...]


class Toml:
    """A parsed text. Errors: ValueError for what is no TOML."""

    def __init__(self, text: str) -> None:
        self.table: Mapping[str, Any] = tomllib.loads(text)
        self.places = Places(text)
        self._sections = list(self._found())

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
        section = self._section_of(path, keys)
        if section is None:
            return 1
        rest = keys[len(section.keys) :]
        set_at = [line for own, line in section.sets if rest and rest[: len(own)] == own]
        first = set_at[0] if set_at else max(section.first, 1)
        following = [line for _, line in section.sets]
        after = bisect_left(following, first + 1)
        last = following[after] if set_at and after < len(following) else section.end
        for line in range(first, max(last, first + 1)):
            if text and text in self.places.lines[line - 1]:
                return line
        return first

    def _found(self) -> Iterator[_Section]:
        keys: Keys = ()
        first = 0
        sets: list[tuple[Keys, int]] = []
        for number, line in enumerate(self.places.lines, 1):
            head = _HEAD.match(line)
            if head is not None and self._is_table(_keys(head["keys"])):
                yield _Section(keys, first, number, tuple(sets))
                keys, first, sets = _keys(head["keys"]), number, []
                continue
            found = _SETS.match(line)
            if found is not None:
                sets.append((_keys(found["keys"]), number))
        yield _Section(keys, first, len(self.places.lines) + 1, tuple(sets))

    def _is_table(self, keys: Keys) -> bool:
        """Whether there is such a table: `["a"]` may be a line of an array, too."""
        found: Any = self.table
        for key in keys:
            found = found[-1] if isinstance(found, list) and found else found
            found = found.get(key) if isinstance(found, Mapping) else None
        return isinstance(found, (Mapping, list))

    def _section_of(self, path: Path, keys: Keys) -> Optional[_Section]:
        """The deepest table that can hold a path; of several of one name the one that the path counts to."""
        holding = [section for section in self._sections if keys[: len(section.keys)] == section.keys]
        if not holding:
            return None
        deepest = max(len(section.keys) for section in holding)
        same = [section for section in holding if len(section.keys) == deepest]
        number = next((step for step in path if isinstance(step, int)), 0)
        return same[number] if number < len(same) else same[0]


def _keys(text: str) -> Keys:
    return tuple(part[1:-1] if part[0] in "'\"" else part for part in _PARTS.findall(text))


def _strings(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _strings(inner, (*path, key))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _strings(inner, (*path, position))
