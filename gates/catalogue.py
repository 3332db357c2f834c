"""Every gate there is, found by file name or entry point; builds one from its policy section."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import importlib
import importlib.metadata
import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from gates.checks.gate import Gate
from gates.errors import GatesError, PolicyError, did_you_mean
from gates.facts.checkout import Checkout
from gates.globs import Globs, glob_pattern
from gates.policy import Policy, Section
from gates.policy_file import typed

GROUP = "gates.checks"
_CHECKS = Path(__file__).parent / "checks"
_PACKAGE = Path(__file__).parent


@dataclass(frozen=True)
class Entry:
    """One gate: its name, and where its class lies. `origin` is the distribution it comes with."""

    name: str
    module: str
    attribute: str
    origin: str = "lukhas-gates"

    def load(self) -> type:
        """Its class."""
        found = getattr(importlib.import_module(self.module), self.attribute)
        assert isinstance(found, type)
        return found

    @property
    def path(self) -> str:
        """`source/cross_lane_import.py`: where a reader finds it."""
        return self.module.replace(".", "/") + ".py"


def catalogue() -> Mapping[str, Entry]:
    """Every gate by name. Two of one name are an error, since a waiver could mean either."""
    entries = {entry.name: entry for entry in _own()}
    for point in _entry_points():
        entry = Entry(point.name, *point.value.split(":", 1), origin=_distribution(point))  # type: ignore[misc]
        if entry.name in entries:
            other = entries[entry.name].origin
            raise GatesError(f"two gates are called '{entry.name}', of {other} and of {entry.origin}; uninstall one")
        entries[entry.name] = entry
    return entries


@lru_cache(maxsize=1)
def _own() -> tuple[Entry, ...]:
    files = sorted(_CHECKS.glob("*/*.py"))
    modules = [file for file in files if file.stem != "__init__"]
    return tuple(
        Entry(file.stem.replace("_", "-"), f"gates.checks.{file.parent.name}.{file.stem}", _camel(file.stem))
        for file in modules
    )


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _entry_points() -> Iterator[importlib.metadata.EntryPoint]:
    points: Any = importlib.metadata.entry_points()
    # 3.9 gives a dictionary, with a distribution that is found twice listed twice; later Pythons can select.
    chosen = points.select(group=GROUP) if hasattr(points, "select") else points.get(GROUP, ())
    yield from {(point.name, point.value): point for point in chosen}.values()


def _distribution(point: importlib.metadata.EntryPoint) -> str:
    distribution = getattr(point, "dist", None)
    return str(distribution.metadata["Name"]) if distribution is not None else point.value


def active(policy: Policy) -> list[Section]:
    """The sections of the gates that the policy asks, in its order. PolicyError for a gate that does not exist."""
    known = catalogue()
    for section in policy.sections:
        if section.gate not in known:
            hint = did_you_mean(section.gate.replace("_", "-"), known) or "; `gates list` shows them all"
            raise PolicyError(f"{policy.folder}/gates.toml: no gate is called '{section.gate}'{hint}")
    for number, waiver in enumerate(policy.waivers, 1):
        if waiver.gate not in known:
            hint = did_you_mean(waiver.gate, known) or "; `gates list` shows them all"
            raise PolicyError(f"{policy.folder}/waivers.toml: [[waiver]] {number} no gate is called '{waiver.gate}'{hint}")
    return [section for section in policy.sections if section.rule.level != "off"]


def build(section: Section, checkout: Checkout) -> Gate:
    """The gate, filled from its section. PolicyError for a key, a type or a glob that makes no sense."""
    gate: Gate = typed(catalogue()[section.gate].load(), section.fields, section.place)
    refuse_idle_globs(gate, section.place, checkout)
    return gate


def refuse_idle_globs(value: object, place: str, checkout: Checkout) -> None:
    """PolicyError for the first glob, in whatever depth of a policy value, that matches no file of the checkout."""
    for where, glob in _globs(value):
        if not checkout.matches(re.compile(glob_pattern(glob))):
            raise PolicyError(f"{place} {where}: '{glob}' matches no file{_nearest(glob, checkout)}")


def _globs(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    hints = typing.get_type_hints(type(value))
    for field in dataclasses.fields(value):
        held = getattr(value, field.name)
        if hints[field.name] == Globs:
            yield from ((f"{where}{field.name}", glob) for glob in held)
        elif isinstance(held, tuple):
            for item in held:
                if dataclasses.is_dataclass(item):
                    name = getattr(item, "name", "")
                    yield from _globs(item, f"[[{field.name}]] '{name}' ")


def _nearest(glob: str, checkout: Checkout) -> str:
    literal = re.split(r"[*?]", glob, maxsplit=1)[0].rstrip("/")
    depth = literal.count("/") + 1
    known = {"/".join(path.split("/")[:depth]) for path in checkout.files}
    near = difflib.get_close_matches(literal, known, n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}{glob[len(literal):]}'?" if near and near[0] != literal else ""


@lru_cache(maxsize=1)
def code_version() -> str:
    """A digest of this package's own source: what was kept by other code is not looked at."""
    total = hashlib.sha256()
    for file in sorted(_PACKAGE.rglob("*.py")):
        total.update(file.relative_to(_PACKAGE).as_posix().encode() + b"\0" + file.read_bytes())
    return total.hexdigest()[:16]


def explain(name: str) -> str:
    """The documentation of a gate: what it looks for, why, and what to do instead."""
    known = catalogue()
    if name not in known:
        raise GatesError(f"no gate is called '{name}'{did_you_mean(name, known)}")
    return (importlib.import_module(known[name].module).__doc__ or "").strip()
