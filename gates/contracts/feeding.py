"""Loads by name into grimp's graph, each at the node that the graph has for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Optional

from grimp import ImportGraph

from gates.contracts.loads import Load, Loads


def feed(graph: ImportGraph, loads: Loads, packages: Sequence[str], with_externals: bool) -> list[Load]:
    """Add the loads to the graph of these root packages; as they were added, they are what it gives.

    A name may end in something within a module: the edge goes to the module, also where grimp leaves that out (below a
    folder without `__init__.py`). What lies outside of the packages is added, by the name of the whole package, where
    the graph was built with such.
    """
    known = frozenset(graph.modules) | loads.modules
    fed: list[Load] = []
    for load in loads.known:
        target = _module(load.imported, known)
        if target is None and with_externals:
            target = _whole_package(load.imported, packages)
            if target is not None and target not in graph.modules:
                graph.add_module(target, is_squashed=True)
        if target is not None and target != load.importer:
            fed.append(load._replace(imported=target))
    for load in fed:
        graph.add_import(importer=load.importer, imported=load.imported, line_number=load.line, line_contents=load.text)
    return fed


def _module(name: str, known: Collection[str]) -> Optional[str]:
    return next((prefix for prefix in reversed(list(_prefixes(name))) if prefix in known), None)


def _whole_package(name: str, packages: Iterable[str]) -> Optional[str]:
    """What grimp squashes an external name to: its shortest part that holds no root package."""
    holding = [f"{package}." for package in packages]
    free = (prefix for prefix in _prefixes(name) if not any(root.startswith(f"{prefix}.") for root in holding))
    return next(free, None)


def _prefixes(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[:length]) for length in range(1, len(parts) + 1))
