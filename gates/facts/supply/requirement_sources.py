"""The files that ask for something: requirements files with what they include, and pyproject.toml."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from gates.facts.supply.asked import Asked, asked_for, normalised
from gates.facts.supply.requirement_lines import Line

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


_KEYS = {"": "[project] dependencies", "extra": "[project] optional-dependencies", "group": "[dependency-groups]"}


@dataclass(frozen=True)
class Source:
    """A file that people write: the requirements in it, with their lines; `unread` are lines that are none.

    `extras` says of a distribution that only an extra or a group asks for which one that is; `included` are the files
    that it includes, `constraints` those that bound what it gets. Of a project, `names` are all that it could ask for,
    None where they are not written down, and `project` is its own.
    """

    path: str
    asked: tuple[tuple[Asked, int], ...]
    unread: tuple[Line, ...] = ()
    extras: Mapping[str, str] = field(default_factory=dict)
    included: tuple[Source, ...] = ()
    constraints: tuple[Source, ...] = ()
    names: Optional[frozenset[str]] = None
    project: str = ""

    @property
    def whole(self) -> Iterator[Source]:
        """The file and those that it includes."""
        yield self
        for each in self.included:
            yield from each.whole

    @property
    def bounds(self) -> Iterator[Source]:
        """The files that constrain it or what it includes."""
        for each in self.whole:
            for bound in each.constraints:
                yield from (*bound.whole, *bound.bounds)


def project_source(path: str, text: str, unlocked: Collection[str], with_groups: bool) -> Source:
    """What a pyproject.toml asks for; of its extras and groups not those that are left `unlocked`."""
    tables = project_tables(text)
    project = _table(tables.get("project"))
    own = normalised(str(project.get("name", "")))
    asked: list[tuple[Asked, int]] = []
    unread: list[Line] = []
    names: set[str] = set()
    extras: dict[str, str] = {}
    for kind, extra, needed in _groups(tables, project):
        is_wanted = extra not in unlocked and (with_groups or kind != "group")
        if not isinstance(needed, list):
            key = f"{_KEYS[kind]} {extra}".strip()
            fault = f"{key} must be a list like ['click >= 8']"
            unread += [Line(0, key, unread=fault)] if is_wanted else []
            continue
        for each in (str(one) for one in needed if not isinstance(one, dict)):  # a table names another group
            at = text.find(each)
            line = text.count("\n", 0, at) + 1 if at >= 0 else 0
            try:
                read = asked_for(each)
            except ValueError as error:
                unread += [Line(line, each, unread=str(error).partition("\n")[0])] if is_wanted else []
                continue
            names.add(read.name)
            if is_wanted and read.name != own:  # that it asks for an extra of itself, its extras say already
                asked.append((read, line))
                extras.setdefault(read.name, f"{kind} '{extra}'" if extra else "")
    optional = {name: extra for name, extra in extras.items() if extra}
    is_told = bool(project) and not {"dependencies", "optional-dependencies"} & {*project.get("dynamic", ())}
    known = frozenset(names) if is_told else None
    return Source(path, tuple(asked), tuple(unread), optional, names=known, project=own)


def project_tables(text: str) -> Mapping[str, Any]:
    """A pyproject.toml; empty where it is none."""
    try:
        return tomllib.loads(text)
    except ValueError:
        return {}


def _groups(tables: Mapping[str, Any], project: Mapping[str, Any]) -> Iterator[tuple[str, str, object]]:
    """Kind, name and what should be a list, of everything that is asked for."""
    yield "", "", project.get("dependencies", [])
    tool = _table(tables.get("tool"))
    groups = (
        ("extra", project.get("optional-dependencies", {})),
        ("group", tables.get("dependency-groups", {})),
        ("group", {"dev": _table(tool.get("uv")).get("dev-dependencies", [])}),
        ("group", _table(tool.get("pdm")).get("dev-dependencies", {})),
    )
    for kind, table in groups:
        yield from ((kind, name, needed) for name, needed in _table(table).items())
        if not isinstance(table, dict):
            yield kind, "", str(table)


def _table(said: Any) -> Mapping[str, Any]:
    return said if isinstance(said, dict) else {}
