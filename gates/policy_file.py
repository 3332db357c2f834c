"""A table of a policy file into a typed value; what is misspelt, mistyped or missing is named where it stands."""

from __future__ import annotations

import dataclasses
import enum
import re
import sys
import typing
from pathlib import Path
from typing import Any, Mapping, Type, TypeVar

import msgspec

from gates.errors import PolicyError, did_you_mean

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

T = TypeVar("T")

# msgspec ends its messages with the place: "Expected `str`, got `int` - at `$.allowed_in[0]`"
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>[^`]*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.(\w+)|\[(\d+|\.\.\.)\]")
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
    try:
        text = file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise PolicyError(f"{name}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise PolicyError(f"{name}: is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    return parse_toml(text, name)


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """The tables of TOML text; a PolicyError that names the line where it is not TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{name}: is not TOML: {error}") from None
    except RecursionError:
        raise PolicyError(f"{name}: is nested too deeply to be a policy") from None


def known_keys(kind: type) -> list[str]:
    """The keys that a table of this type may have."""
    return [field.name for field in dataclasses.fields(kind) if field.init]


def typed(kind: Type[T], table: object, place: str) -> T:
    """The table as a value of the dataclass `kind`. `place` is "file: [section]".

    Errors: PolicyError in one line with the place, the key, what was found and what would be right.
    """
    if not isinstance(table, Mapping):
        raise PolicyError(f"{place} is {_shown(table)}; it must be a table")
    _refuse_unknown(kind, table, place)
    try:
        return msgspec.convert(table, kind, strict=True)
    except PolicyError as error:  # what a type's own __post_init__ has to say
        raise PolicyError(f"{place} {error}") from None
    except msgspec.ValidationError as error:
        raise PolicyError(f"{place} {_explained(kind, table, str(error))}") from None


def _refuse_unknown(kind: type, table: Mapping[str, Any], place: str) -> None:
    known = known_keys(kind)
    for key in table:
        if key not in known:
            hint = did_you_mean(key, known) or (f"; the keys are {', '.join(known)}" if known else "; it has no keys")
            raise PolicyError(f"{place} has no key '{key}'{hint}")


def _explained(kind: type, table: Mapping[str, Any], message: str) -> str:
    match = _PLACE.match(message)
    assert match is not None  # the pattern matches any text
    what, path = match["what"], match["path"] or ""
    missing = re.search(r"missing required field `(\w+)`", what)
    if missing:
        return f"has no '{missing[1]}'; it needs one"
    key = path.lstrip(".")
    found = _shown(_at(table, path))
    wanted = re.match(r"Expected `([^`]+)`", what)
    if wanted:
        right = " or ".join(_TYPES.get(name.strip(), name.strip()) for name in wanted[1].split("|"))
        return f"{key} is {found}; it must be {right}"
    if "enum" in what:
        return f"{key} is {found}; use one of {', '.join(_choices(kind, path))}"
    return f"{key} is {found}; {what[:1].lower()}{what[1:]}"


def _at(table: object, path: str) -> object:
    for name, index in _STEP.findall(path):
        try:
            table = table[name] if name else table[int(index)]  # type: ignore[index]
        except (LookupError, TypeError, ValueError):
            break
    return table


def _choices(kind: type, path: str) -> list[str]:
    hints = typing.get_type_hints(kind)
    hint = hints.get(path.lstrip(".").split(".")[0].split("[")[0])
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return [str(member.value) for member in hint]
    return [str(choice) for choice in typing.get_args(hint)]


def _shown(value: object) -> str:
    text = repr(value) if not isinstance(value, bool) else str(value).lower()
    return text if len(text) <= 60 else text[:57] + "..."
