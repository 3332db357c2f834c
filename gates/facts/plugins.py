"""The plugins that this repository announces: the entry points of its pyproject.toml and setup.cfg."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Optional

from gates.errors import FactUnavailable, PolicyError
from gates.facts.checkout import Checkout
from gates.facts.fact import digest_of
from gates.policy_file import parse_toml

PYPROJECT, SETUP = "pyproject.toml", "setup.cfg"


class Plugin(NamedTuple):
    """One entry point. `attribute` is empty for one that names a whole module."""

    group: str
    name: str
    module: str
    attribute: str


@dataclass(frozen=True)
class Plugins:
    """The entry points of the distribution at the top of the repository; without a checkout none."""

    checkout: Optional[Checkout] = None
    unit: ClassVar[str] = "entry points"
    reads: ClassVar[tuple[str, ...]] = (f":(literal){PYPROJECT}", f":(literal){SETUP}")

    @classmethod
    def gather(cls, checkout: Checkout) -> Plugins:
        """Nothing is read until it is asked for."""
        return cls(checkout)

    @cached_property
    def digest(self) -> str:
        """Of the two files."""
        files = self.checkout.files if self.checkout is not None else {}
        return digest_of(*(files[path].blob if path in files else "" for path in (PYPROJECT, SETUP)))

    def __len__(self) -> int:
        return len(self.announced)

    @cached_property
    def announced(self) -> tuple[Plugin, ...]:
        """All of them. FactUnavailable where a file that may hold some cannot be read."""
        return (*_of_pyproject(self._content(PYPROJECT)), *_of_setup(self._content(SETUP)))

    def _content(self, path: str) -> bytes:
        checkout = self.checkout
        return checkout.read(path) if checkout is not None and path in checkout.files else b""

    def by_object(self, kinds: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        """Dotted name of each object, "candidate.x.Y", to what it is asked for by: "kind:name", sorted.

        `kinds` says which kind of plugin a group of entry points holds; the other groups are left out.
        """
        names: dict[str, set[str]] = {}
        for plugin in self.announced:
            if plugin.group in kinds and plugin.attribute:
                dotted = f"{plugin.module}.{plugin.attribute}"
                names.setdefault(dotted, set()).add(f"{kinds[plugin.group]}:{plugin.name}")
        return {dotted: tuple(sorted(several)) for dotted, several in names.items()}


def _of_pyproject(content: bytes) -> Iterator[Plugin]:
    if b"entry-points" not in content and b"poetry" not in content:
        return
    try:
        table = parse_toml(content, PYPROJECT)
    except PolicyError as error:
        raise FactUnavailable(str(error)) from None
    yield from _of_table(_inside(table, "project", "entry-points"))
    yield from _of_table(_inside(table, "tool", "poetry", "plugins"))


def _inside(table: Any, *keys: str) -> Any:
    for key in keys:
        table = table.get(key, {}) if isinstance(table, Mapping) else {}
    return table


def _of_table(groups: Any) -> Iterator[Plugin]:
    for group, entries in groups.items() if isinstance(groups, Mapping) else ():
        for name, value in entries.items() if isinstance(entries, Mapping) else ():
            if isinstance(value, str):
                yield _plugin(group, name, value)


def _of_setup(content: bytes) -> Iterator[Plugin]:
    if b"entry_points" not in content:
        return
    import configparser  # hardly any repository announces its plugins there

    parser = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",))
    setattr(parser, "optionxform", str)  # noqa: B010  (groups keep their case; a type checker sees a method replaced)
    try:
        parser.read_string(content.decode("utf-8-sig"))
    except (configparser.Error, UnicodeDecodeError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise FactUnavailable(f"{SETUP}: cannot be read ({first})") from None
    section = "options.entry_points"
    for group, lines in parser.items(section) if parser.has_section(section) else ():
        for line in lines.splitlines():
            name, equals, value = line.partition("=")
            if equals and not line.lstrip().startswith("#"):
                yield _plugin(group.strip(), name.strip(), value)


def _plugin(group: str, name: str, value: str) -> Plugin:
    """`name = module:attribute [extra]`."""
    module, _, attribute = value.partition("[")[0].partition(":")
    return Plugin(group, name, module.strip(), attribute.strip())
