"""What the modules of some packages load by name, or were recorded to: from the checkout and what is kept of it."""

from __future__ import annotations

import datetime as dt
import functools
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from gates import catalogue, replay
from gates.baseline import Baseline
from gates.contracts.module_names import module_names
from gates.facts.checkout import Checkout
from gates.facts.dynamic_imports import DynamicImports
from gates.facts.extraction import Extraction
from gates.facts.fact import Gatherer, parameters
from gates.facts.imports import Imports
from gates.facts.modules import Modules
from gates.facts.recorded_imports import RecordedImports
from gates.facts.shared_store import open_store
from gates.policy import DEFAULT_FOLDER, Policy, folder_of
from gates.running import Run


class Load(NamedTuple):
    """One load of what is known: who loads, the absolute dotted name, and the line as it is written.

    `is_recorded` where only a recorded run says what is loaded there.
    """

    importer: str
    imported: str
    line: int
    text: str
    is_recorded: bool = False


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
    names = module_names(gatherer.get(Modules), packages, this.checkout.root)
    known = {
        Load(names[path], target, line, _line(this.checkout, path, line), is_recorded)
        for path, line, target, is_recorded in _targets(gatherer, names)
    }
    opaque = {OpaqueLoad(names.get(path, path), line, reason) for path, line, reason in _opaque(this, gatherer, names)}
    opaque |= {OpaqueLoad(package, 0, "it does not lie in this repository") for package in _absent(packages, names)}
    return Loads(tuple(sorted(known)), tuple(sorted(opaque)), frozenset(names.values()))


def _targets(gatherer: Gatherer, names: Mapping[str, str]) -> Iterator[tuple[str, int, str, bool]]:
    """Path, line and what is loaded there: the module that our graph has for it, else the name as it is known."""
    imports = gatherer.get(Imports)
    sites = [(path, site) for path, site in gatherer.get(DynamicImports).outside(()) if path in names]
    loading = {path for path, _ in sites} | (gatherer.get(RecordedImports).by_file.keys() & names.keys())
    every = frozenset(imports.nodes())
    found: set[tuple[str, int, int]] = set()
    for edge in imports.edges_into(lambda node: every if imports.path_of(node) in loading else frozenset()):
        if edge.kind in ("dynamic", "recorded"):
            path, target = imports.path_of(edge.importer), imports.path_of(edge.target)
            found.add((path, edge.line, edge.column))
            yield path, edge.line, names.get(target) or imports.name_of(edge.target), edge.kind == "recorded"
    for path, site in sites:
        name = site.target or ""  # the target may be a path, too
        is_name = not site.level and all(part.isidentifier() for part in name.split("."))
        if is_name and (path, site.line, site.column) not in found:
            yield path, site.line, name, False


def _opaque(this: Run, gatherer: Gatherer, names: Mapping[str, str]) -> Iterator[tuple[str, int, str]]:
    """Path, line and reason: of what the gate cannot know, what cannot be read, and of a recording that is lacking."""
    gate = catalogue.build(this.policy.section("dynamic-import"), this.checkout)
    facts: dict[str, Any] = {name: gatherer.get(kind) for name, kind in parameters(gate.check).items()}
    for finding in gate.check(**facts):
        if finding.verdict == "opaque" and finding.path in names:
            yield finding.path, finding.line, finding.message
    errors = gatherer.get(Extraction).errors
    yield from ((path, 0, reason) for path, reason in errors.items() if path in names)
    yield from ((path, 0, reason) for path, reason in gatherer.get(RecordedImports).lacking.items())


def _line(checkout: Checkout, path: str, number: int) -> str:
    lines = checkout.read(path).decode("utf-8", "replace").split("\n")
    return lines[number - 1].strip() if number <= len(lines) else ""


def _absent(packages: Iterable[str], names: Mapping[str, str]) -> set[str]:
    return {package for package in packages if not any(f"{name}.".startswith(f"{package}.") for name in names.values())}
