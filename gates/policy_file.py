"""A table of a policy file into a typed value; what is misspelt, mistyped or missing is named where it stands."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import itertools
import re
import sys
import typing
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Optional, TypeVar, Union

import msgspec

from gates.errors import PolicyError, did_you_mean

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

T = TypeVar("T")

LONGEST_SHOWN = 60

# msgspec ends its messages with the place: "Expected `str`, got `int` - at `$.allowed_in[0]`"
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>[^`]*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.(\w+)|\[(\d+|\.\.\.)\]")
# What TOML has a type for, and so no string may stand in for.
_TOML_TYPES = (dt.datetime, dt.date, dt.time)
_TYPES = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "an array",
    "object": "a table",
    "date": "a date without quotes, like 2027-01-31",
}


def read_toml(file: Path, name: str) -> dict[str, Any]:
    """The tables of a TOML file; `name` is how errors call it. A missing file is an empty one."""
    content = read_file(file, name)
    return {} if content is None else parse_toml(content, name)


def read_file(file: Path, name: str) -> Optional[bytes]:
    """The bytes of a file; None where there is none. PolicyError for what is no file, or cannot be read."""
    try:
        if file.exists() and not file.is_file():
            raise PolicyError(f"{name}: is {'a folder' if file.is_dir() else 'no plain file'}; it must be a file")
        return file.read_bytes()
    except FileNotFoundError:
        if file.is_symlink():
            raise PolicyError(f"{name}: is a link to a file that does not exist") from None
        return None
    except (OSError, RuntimeError, ValueError) as error:  # a link to itself, a name that no file system takes
        reason = getattr(error, "strerror", None) or str(error)
        raise PolicyError(f"{name}: cannot be read ({escaped(reason)})") from None


def parse_toml(content: Union[bytes, str], name: str) -> dict[str, Any]:
    """The tables of TOML text; a PolicyError that names the line where it is not TOML."""
    text = content if isinstance(content, str) else _decoded(content, name)
    if text.startswith("\ufeff"):
        raise PolicyError(f"{name}: begins with a byte order mark; save it as UTF-8 without one")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{name}: is not TOML: {escaped(str(error))}") from None
    except ValueError:  # int() refuses thousands of digits with advice for programmers
        raise PolicyError(f"{name}: holds a number with too many digits for a policy") from None
    except RecursionError:
        raise PolicyError(f"{name}: is nested too deeply for a policy") from None


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PolicyError(f"{name}: is not UTF-8 (line {line}); save it as UTF-8") from None


def known_keys(kind: type) -> list[str]:
    """The keys that a table of this type may have."""
    return [field.name for field in dataclasses.fields(kind) if field.init]


def typed(kind: type[T], table: object, place: str, beside: Iterable[str] = ()) -> T:
    """The table as a value of the dataclass `kind`. `place` is "file: [section]".

    `beside` are keys that the section may have and somebody else has read already.

    Errors: PolicyError in one line with the place, the key, what was found and what would be right.
    """
    if not isinstance(table, Mapping):
        raise PolicyError(f"{place} is {shown(table)}; it must be a table")
    _refuse_unknown(kind, table, place, beside)
    try:
        return msgspec.convert(table, kind, strict=True, builtin_types=_TOML_TYPES)
    except PolicyError as error:  # what a type's own __post_init__ has to say
        raise PolicyError(f"{place} {escaped(str(error))}") from None
    except msgspec.ValidationError as error:
        raise PolicyError(f"{place} {_explained(kind, table, str(error))}") from None
    except RecursionError:
        raise PolicyError(f"{place} is nested too deeply for a policy") from None


def _refuse_unknown(kind: type, table: Mapping[str, Any], place: str, beside: Iterable[str] = ()) -> None:
    own = known_keys(kind)
    known = [*own, *beside]
    for key in table:
        if key not in own:
            hint = did_you_mean(key, known) or (f"; the keys are {', '.join(known)}" if known else "; it has no keys")
            raise PolicyError(f"{place} has no key '{escaped(key)}'{hint}")
    for name, hint in typing.get_type_hints(kind).items():
        for inner, entry, where in _tables_within(hint, table.get(name), name):
            _refuse_unknown(inner, entry, f"{place} {where}")


def _tables_within(hint: Any, value: object, name: str) -> Iterator[tuple[type, Mapping[str, Any], str]]:
    """The tables that a key holds, with their types, and how an error calls each."""
    hint = _without_none(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type) and isinstance(value, Mapping):
        yield hint, value, f"[{name}]"
    item = _item_of(hint)
    if isinstance(value, list) and isinstance(item, type) and dataclasses.is_dataclass(item):
        for position, entry in enumerate(value):
            if isinstance(entry, Mapping):
                yield item, entry, entry_name(name, position, entry)


def entry_name(section: str, position: int, entry: object) -> str:
    """How an error calls one table of several: `[[lane]] 'production'`, or `[[waiver]] 2`."""
    name = entry.get("name") if isinstance(entry, Mapping) else getattr(entry, "name", None)
    return f"[[{section}]] '{escaped(name)}'" if isinstance(name, str) else f"[[{section}]] {position + 1}"


def _explained(kind: type, table: Mapping[str, Any], message: str) -> str:
    match = _PLACE.match(message)
    assert match is not None  # the pattern matches any text
    what = match["what"]
    spot = _spot(kind, table, match["path"] or "")
    missing = re.search(r"missing required field `(\w+)`", what)
    if missing:
        return " ".join(filter(None, [spot.where, spot.key, f"has no '{missing[1]}'; it needs one"]))
    key = " ".join(filter(None, [spot.where, spot.key]))
    choices = _choices(spot.hint)
    wanted = re.match(r"Expected `([^`]+)`", what)
    if choices:
        right = f"use one of {', '.join(choices)}"
    elif wanted:
        names = [name.strip() for name in wanted[1].split("|") if name.strip() != "null"]  # TOML has no null
        right = f"it must be {' or '.join(_TYPES.get(name, name) for name in names)}"
        item = _item_of(spot.hint)
        if isinstance(spot.found, Mapping) and isinstance(item, type) and dataclasses.is_dataclass(item):
            return f"[{key}] is one table; write [[{key}]], with two brackets"
    else:
        right = escaped(what[:1].lower() + what[1:])
    return f"{key} is {shown(spot.found)}; {right}"


class _Spot(NamedTuple):
    """Where a message points: the entry of a list of tables, the key within it, what is there, what type belongs."""

    where: str
    key: str
    found: object
    hint: Any


def _spot(kind: type, table: Mapping[str, Any], path: str) -> _Spot:
    spot = _Spot("", "", table, kind)
    for name, index in _STEP.findall(path):
        if index == "...":  # a value of a table with free keys: msgspec does not say which
            return spot
        spot = _inside(spot, name) if name else _item(spot, int(index))
    return spot


def _inside(spot: _Spot, name: str) -> _Spot:
    hint = typing.get_type_hints(spot.hint).get(name) if isinstance(spot.hint, type) else None
    found = spot.found.get(name) if isinstance(spot.found, Mapping) else None
    return _Spot(spot.where, f"{spot.key}.{name}" if spot.key else name, found, _without_none(hint))


def _item(spot: _Spot, index: int) -> _Spot:
    found = spot.found[index] if isinstance(spot.found, list) else None
    hint = _item_of(spot.hint)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        entry = entry_name(spot.key, index, found)
        return _Spot(f"{spot.where} {entry}".strip(), "", found, hint)
    return _Spot(spot.where, f"{spot.key}[{index}]", found, hint)


def _without_none(hint: Any) -> Any:
    kinds = [kind for kind in typing.get_args(hint) if kind is not type(None)]
    return kinds[0] if typing.get_origin(hint) is Union and len(kinds) == 1 else hint


def _item_of(hint: Any) -> Any:
    """X of `tuple[X, ...]`; None of anything else."""
    arguments = typing.get_args(hint)
    return arguments[0] if typing.get_origin(hint) is tuple and arguments[1:] == (...,) else None


def _choices(hint: Any) -> list[str]:
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return [str(member.value) for member in hint]
    return [str(choice) for choice in typing.get_args(hint)] if typing.get_origin(hint) is typing.Literal else []


def shown(value: object) -> str:
    """A value as an error shows it: nearly as it stands in the file, in one line, cut to a length."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, _TOML_TYPES):
        return value.isoformat()
    try:
        text = escaped(repr(value), longest=10 * LONGEST_SHOWN)
    except (RecursionError, ValueError):  # nested without end, or a number of thousands of digits
        return "more than can be shown"
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."


def escaped(text: str, longest: int = 10 * LONGEST_SHOWN) -> str:
    """A text in one line that does nothing to a terminal: whatever cannot be printed as an escape, cut to a length."""
    cut = text if len(text) <= longest else text[: longest - 3] + "..."
    return cut if cut.isprintable() else "".join(map(_escaped_letter, cut))


def _escaped_letter(letter: str) -> str:
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")


def lines_of(content: bytes, entry: str, many: int = 1) -> list[int]:
    """The lines of a TOML file where so many entries, `[x]` or `[[x]]`, begin; 0 for each where that is unclear.

    Found by its text: where that appears more or less often (in a string, in another spelling), a wrong line would be
    worse than none.
    """
    lines = content.decode("utf-8", "replace").split("\n")
    heads = [number for number, line in enumerate(lines, 1) if "[" in line and _head(line) == entry]
    return heads if len(heads) == many else [0] * many


def line_of_key(content: bytes, entry: str, key: str) -> int:
    """The line where a key of an entry that stands there once is set; 0 where that is unclear."""
    (head,) = lines_of(content, entry)
    if not head:
        return 0
    below = content.decode("utf-8", "replace").split("\n")[head:]
    own = list(itertools.takewhile(lambda line: not line.lstrip().startswith("["), below))
    places = [head + at for at, line in enumerate(own, 1) if re.match(rf"\s*{re.escape(key)}\s*=", line)]
    return places[0] if len(places) == 1 else 0


def _head(line: str) -> str:
    return "".join(line.partition("#")[0].split())
