"""The import graph of one tree, as our facts have it and as grimp builds it: the same files, edge for edge."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from bench.measure import BenchError, environment
from gates.baseline import Baseline
from gates.facts.checkout import Checkout
from gates.facts.extraction import Extraction
from gates.facts.files import File
from gates.facts.imports import BY_NAME, EXACT, Imports
from gates.facts.imports import Edge as OwnEdge
from gates.facts.modules import Modules
from gates.facts.store import Store
from gates.policy import Policy
from gates.running import Run

_GRIMP = Path(__file__).with_name("grimp_edges.py")
# All names are those that an import from the top of the tree would use.
_POLICY = Policy("policies", (), {"modules": {"roots": [""]}}, {}, (), Baseline())


class Edge(NamedTuple):
    """One import, by names as Python has them."""

    importer: str
    imported: str
    line: int


class Ends(NamedTuple):
    """The files of an edge, the second where it would be if there is none; and how its statement names modules."""

    importer: str
    imported: str
    is_file: bool
    spelled: tuple[str, ...]


@dataclass(frozen=True)
class Ours:
    """Our graph of the packages at the top of a tree.

    `modules` are paths to names. `unparsed` are the files that do not parse. `links` are symbolic links to what they
    lead to. `unscanned` are edges that the exact look found and the scan did not.
    """

    packages: tuple[str, ...]
    modules: Mapping[str, str]
    edges: Mapping[Edge, Ends]
    unparsed: frozenset[str]
    links: Mapping[str, str]
    unscanned: frozenset[Edge]


@dataclass(frozen=True)
class Grimps:
    """grimp's graph of the same packages. `refused` are the files that parse, and not for grimp."""

    modules: frozenset[str]
    edges: frozenset[Edge]
    refused: frozenset[str] = frozenset()


class _Statements(Extraction):
    """What is loaded by name is not looked at: grimp knows none of it."""

    def of(self, extractor: str, files: Sequence[File]) -> dict[str, Any]:
        return {} if extractor == BY_NAME else super().of(extractor, files)


def ours(checkout: Checkout) -> Ours:
    """Every static edge between modules of the packages: of all folders at the top whose name can be imported."""
    store = Store(None)
    extraction = _Statements(checkout, store, "")
    gatherer = Run(_POLICY, checkout, dt.date.min, store).gatherer(extraction)
    modules, imports = gatherer.get(Modules), gatherer.get(Imports)
    looks = extraction.known(EXACT, modules.files)
    packages = _packages(file.path for file in modules.files)
    every = frozenset(imports.nodes())
    edges: dict[Edge, Ends] = {}
    unscanned: set[Edge] = set()
    for found in imports.edges_into(lambda node: every):
        edge = Edge(imports.name_of(found.importer), imports.name_of(found.target), found.line)
        tops = {edge.importer.split(".", 1)[0], edge.imported.split(".", 1)[0]}
        if found.kind == "static" and tops <= packages:
            edges[edge] = _ends(imports, found, looks)
            if found.target not in imports.wide[found.importer]:
                unscanned.add(edge)
    return Ours(
        tuple(sorted(packages)),
        {file.path: imports.name_of(node) for node, file in enumerate(modules.files)},
        edges,
        frozenset(path for path, look in looks.items() if isinstance(look, str)),
        modules.links,
        frozenset(unscanned),
    )


def _packages(paths: Iterable[str]) -> frozenset[str]:
    parts = (path.partition("/") for path in paths if path.endswith(".py"))
    return frozenset(top for top, _, below in parts if below and top.isidentifier())


def _ends(imports: Imports, edge: OwnEdge, looks: Mapping[str, Any]) -> Ends:
    path = imports.path_of(edge.importer)
    statements = () if edge.unparsed else looks[path] or ()
    spelled = tuple(module for line, column, module, _ in statements if (line, column) == (edge.line, edge.column))
    return Ends(path, imports.path_of(edge.target), edge.target < len(imports.modules), spelled)


def grimps(checkout: Checkout, own: Ours) -> Grimps:
    """grimp's edges of the same files, laid out in a folder of their own; those at which it would stop are empty.

    Errors: BenchError with what grimp said.
    """
    paths = [path for path in own.modules if path.endswith(".py")]
    with checkout.materialised(paths) as folder:
        for path in own.unparsed.intersection(paths):
            (folder / path).write_bytes(b"")
        for link, target in own.links.items():
            _lay_link(folder, link, target)
        done = subprocess.run(
            [sys.executable, "-I", str(_GRIMP), str(folder), *own.packages],
            env=environment(),
            capture_output=True,
            check=False,
        )
    if done.returncode != 0:
        raise BenchError(f"grimp: {done.stderr.decode('utf-8', 'replace')[-1500:]}")
    found = json.loads(done.stdout)
    edges = frozenset(Edge(*edge) for edge in found["edges"])
    return Grimps(frozenset(found["modules"]), edges, frozenset(found["refused"]))


def _lay_link(folder: Path, link: str, target: str) -> None:
    if (folder / target).exists() and not target.startswith(("/", "..")):
        place = folder / link
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(os.path.relpath(folder / target, place.parent))
