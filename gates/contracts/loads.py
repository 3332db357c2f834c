"""What the modules of some packages load by name: read from the checkout, and from what is kept of it."""

from __future__ import annotations

import datetime as dt
import functools
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from gates import catalogue, replay
from gates.baseline import Baseline
from gates.contracts.module_names import module_names
from gates.facts.checkout import Checkout
from gates.facts.dynamic_imports import DynamicImports
from gates.facts.extraction import Extraction
from gates.facts.imports import Imports
from gates.facts.linked_loads import LinkedLoads
from gates.facts.modules import Modules
from gates.facts.plugins import Plugins
from gates.facts.scope import Scope
from gates.facts.shared_store import open_store
from gates.policy import DEFAULT_FOLDER, Policy, folder_of
from gates.running import Run


class Load(NamedTuple):
    """One load by a name that is known: who loads, the absolute dotted name, and the line as it is written."""

    importer: str
    imported: str
    line: int
    text: str


class OpaqueLoad(NamedTuple):
    """A load of what cannot be known here; `line` 0 stands for a whole module that cannot be read."""

    importer: str
    line: int
    reason: str


@dataclass(frozen=True)
class Loads:
    """What was found; `modules` are the names of all modules that were looked at."""

    known: tuple[Load, ...]
    opaque: tuple[OpaqueLoad, ...]
    modules: frozenset[str]


@functools.lru_cache(maxsize=1)  # every contract of a configuration asks for the same
def loads_of(folder: Path, packages: tuple[str, ...]) -> Loads:
    """The loads in these importable packages, as far as they lie in the checkout that holds the folder.

    What the policy allows to be opaque is left out: the files in `allowed_in` of [gates.dynamic-import].
    Errors: GatesError where checkout or policy cannot be read.
    """
    checkout = Checkout.open(folder)
    with open_store(Path(os.environ.get("GATES_CACHE") or checkout.root / replay.CACHE), os.environ) as store:
        return _read(Run(_policy(checkout), checkout, dt.date.min, store), packages)


def _policy(checkout: Checkout) -> Policy:
    folder = folder_of(checkout.root)
    if folder.is_dir():
        return Policy.load(folder, checkout.root)
    return Policy(DEFAULT_FOLDER, (), {}, {}, (), Baseline())  # whoever uses import-linter alone has none


def _read(this: Run, packages: tuple[str, ...]) -> Loads:
    gatherer = this.gatherer()
    modules, imports, extraction = gatherer.get(Modules), gatherer.get(Imports), gatherer.get(Extraction)
    names = module_names(modules, packages, this.checkout.root)
    sites = DynamicImports.gather(
        modules, extraction, Scope(frozenset(names)), gatherer.get(Plugins), gatherer.get(LinkedLoads)
    )
    known = {
        Load(names[path], target, line, _line(this.checkout, path, line))
        for path, line, target in _targets(imports, sites, names)
    }
    gate = catalogue.build(this.policy.section("dynamic-import"), this.checkout)
    opaque = {
        OpaqueLoad(names[finding.path], finding.line, finding.message)
        for finding in gate.check(sites)
        if finding.verdict == "opaque"
    }
    opaque |= {OpaqueLoad(names[path], 0, reason) for path, reason in extraction.errors.items() if path in names}
    opaque |= {OpaqueLoad(package, 0, "it does not lie in this repository") for package in _absent(packages, names)}
    return Loads(tuple(sorted(known)), tuple(sorted(opaque)), frozenset(names.values()))


def _targets(imports: Imports, sites: DynamicImports, names: Mapping[str, str]) -> Iterator[tuple[str, int, str]]:
    """Path, line and what is loaded there: the module that our graph has for it, else the name as it is known."""
    loading = {path for path, _ in sites.outside(())}
    every = frozenset(imports.nodes())
    found: set[tuple[str, int, int]] = set()
    for edge in imports.edges_into(lambda node: every if imports.path_of(node) in loading else frozenset()):
        if edge.kind != "static":
            path, target = imports.path_of(edge.importer), imports.path_of(edge.target)
            found.add((path, edge.line, edge.column))
            yield path, edge.line, names.get(target) or imports.name_of(edge.target)
    for path, site in sites.outside(()):
        name = site.target or ""  # the target may be a path, too
        is_name = not site.level and all(part.isidentifier() for part in name.split("."))
        if is_name and (path, site.line, site.column) not in found:
            yield path, site.line, name


def _line(checkout: Checkout, path: str, number: int) -> str:
    lines = checkout.read(path).decode("utf-8", "replace").split("\n")
    return lines[number - 1].strip() if number <= len(lines) else ""


def _absent(packages: Iterable[str], names: Mapping[str, str]) -> set[str]:
    return {package for package in packages if not any(f"{name}.".startswith(f"{package}.") for name in names.values())}
