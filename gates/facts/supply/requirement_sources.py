"""The files that ask for something: requirements files with what they include, and pyproject.toml."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from gates.facts.supply.asked import Asked, asked_for, normalised
from gates.facts.supply.requirement_lines import Line

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


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
    for kind, extra, each in _said(tables, project):
        at = text.find(each)
        line = text.count("\n", 0, at) + 1 if at >= 0 else 0
        is_wanted = extra not in unlocked and (with_groups or kind != "group")
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


def _said(tables: Mapping[str, Any], project: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    yield from (("", "", each) for each in _list("dependencies", project.get("dependencies", [])))
    tool = _table(tables.get("tool"))
    groups = (
        ("extra", project.get("optional-dependencies", {})),
        ("group", tables.get("dependency-groups", {})),
        ("group", {"dev": _table(tool.get("uv")).get("dev-dependencies", [])}),
        ("group", _table(tool.get("pdm")).get("dev-dependencies", {})),
    )
    for kind, table in groups:
        for name, needed in table.items() if isinstance(table, dict) else [(f"{kind}s", table)]:
            yield from ((kind, name, each) for each in _list(name, needed))


def _list(name: str, needed: object) -> Iterable[str]:
    """The requirements of a list, where it is one; a group names others that it includes by a table."""
    return [str(each) for each in needed if not isinstance(each, dict)] if isinstance(needed, list) else [f"{name} ="]


def _table(said: Any) -> Mapping[str, Any]:
    return said if isinstance(said, dict) else {}
