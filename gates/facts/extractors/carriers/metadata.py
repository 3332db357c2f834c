"""What the metadata of a distribution says of code: entry points, and folders that it installs under other names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gates.facts.extractors.carriers.names import module_of
from gates.facts.extractors.carriers.places import Places
from gates.facts.extractors.carriers.use import GIVEN, INSTALLS, NAME, REGISTERS, ROOT, SHIPS, STARTS, Use

_POINT = re.compile(r"\s*[^=\s][^=]*?\s*=\s*(?P<target>[^=]+?)\s*")
# The groups whose entry points become programs, which nobody loads; by the names that build backends give them.
_COMMANDS = frozenset("console_scripts gui_scripts scripts gui-scripts".split())


def registered(group: str, target: str, places: Places, line: int) -> Iterator[Use]:
    """The entry point `module:attribute [extra]` of a group."""
    name = module_of(target)
    if name is not None:
        way = STARTS if group in _COMMANDS else REGISTERS
        yield Use(*places.find(target.strip(), line), NAME, name, way)


def registered_in(group: str, text: str, places: Places, line: int) -> Iterator[Use]:
    """The entry point `name = module:attribute`, if it is one."""
    match = _POINT.fullmatch(text)
    if match is not None:
        yield from registered(group, match["target"], places, line)


def packaged(name: str, folder: str, places: Places, line: int) -> Iterator[Use]:
    """A package whose code lies in a folder; of name "" all packages lie there."""
    place = _plain(folder)
    below = name.replace(".", "/")
    if below and place != below and not place.endswith(f"/{below}"):
        yield Use(*places.find(folder, line), GIVEN, place, INSTALLS, name)
        return
    yield Use(line, 0, ROOT, place[: len(place) - len(below)].rstrip("/"), INSTALLS)
    yield from shipped(place, line)


def included(source: str, target: str, places: Places, line: int) -> Iterator[Use]:
    """A folder or file that is installed at another place: both as paths."""
    place, below = _plain(source), _plain(target)
    name = re.sub(r"(?:/__init__)?\.pyi?$", "", below).replace("/", ".")
    if not below or place == below or place.endswith(f"/{below}"):
        yield Use(line, 0, ROOT, place[: len(place) - len(below)].rstrip("/"), INSTALLS)
        yield from shipped(place, line)
    elif all(part.isidentifier() for part in name.split(".")):
        yield Use(*places.find(source, line), GIVEN, place, INSTALLS, name)


def shipped(what: Any, line: int) -> Iterator[Use]:
    """A package, by name or by path, that the distribution is made of; a pattern stands for what it begins with."""
    if isinstance(what, str):
        place = _plain(what.split("*", 1)[0].rstrip("./"))
        yield Use(line, 0, SHIPS, place, INSTALLS)


def _plain(path: str) -> str:
    """A path without `./` and a `/` at its end; "" for the folder itself."""
    parts = [part for part in path.replace("\\", "/").strip().split("/") if part not in ("", ".")]
    return "/".join(parts)
