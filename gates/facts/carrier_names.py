"""Which modules the names and paths in a file that is not Python mean."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from gates.facts.carrier_files import CarrierSettings, places_of
from gates.facts.extractors.carriers.keys import is_module_key
from gates.facts.extractors.carriers.use import (
    FILE,
    GIVEN,
    INSTALLS,
    NAME,
    REGISTERS,
    RUNS,
    SEARCH,
    STARTS,
    UNPARSED,
    WORD,
    Use,
)
from gates.facts.extractors.dynamic_loading import PATH
from gates.facts.imports import Imports
from gates.facts.modules import Modules

Nodes = tuple[int, ...]


@dataclass
class CarrierNames:
    """Names are looked up as a file in the carrier's folder would: nodes are those of the graph of imports."""

    modules: Modules
    imports: Imports
    settings: CarrierSettings

    def nodes(self, path: str, use: Use) -> Nodes:
        """What a use in the file at a path enters; nothing where it means no module here."""
        if use.kind == FILE:
            return self._first(self._by_path(path, place) for place in places_of(path, use) if self._can_run(place))
        if use.kind in (SEARCH, GIVEN):
            return self._first(self._by_path(path, place) for place in places_of(path, use))
        if use.kind == WORD and not is_module_key(use.way, *self._keys):
            return ()
        if use.kind in (NAME, WORD, UNPARSED) and use.text:
            return self._where_it_runs(path, use) or self._by_name(path, use)
        return ()

    def started(self, node: int, use: Use) -> Nodes:
        """The node, and what Python runs of it besides: of a package that is run its `__main__`."""
        if use.way != RUNS or node >= len(self.modules):
            return (node,)
        main = self.modules.index.get(f"{self.imports.name_of(node)}.__main__")
        return (node,) if main is None else (node, main)

    def _by_name(self, path: str, use: Use) -> Nodes:
        surely = use.way in (REGISTERS, STARTS, INSTALLS)
        nodes = self.imports.entered_by(path, use.text, surely)
        return nodes if use.kind == NAME else tuple(node for node in nodes if self._is_near(use.text, node))

    def _where_it_runs(self, path: str, use: Use) -> Nodes:
        """A name looked up in the folder where something runs, which stands first on the path of imports."""
        folders = places_of(path, use._replace(text="")) if use.folder else ()
        return self._first(self._in_folder(path, use.text, folder) for folder in folders)

    def _in_folder(self, path: str, name: str, folder: str) -> Nodes:
        parts = name.split(".")
        for length in range(len(parts), 0, -1):
            place = posixpath.join(folder, *parts[:length])
            for file in (f"{place}.py", f"{place}/__init__.py"):
                if file in self.modules.paths:
                    return self._by_path(path, file)
        return ()

    def _by_path(self, path: str, place: str) -> Nodes:
        return self.imports.entered_by(path, f"{PATH}{place}")

    def _can_run(self, place: str) -> bool:
        """Whether Python would run what stands there: a file, or a folder with a `__main__`."""
        return place in self.modules.paths or f"{place}/__main__.py" in self.modules.paths

    def _first(self, tried: Iterable[Nodes]) -> Nodes:
        return next((nodes for nodes in tried if nodes), ())

    def _is_near(self, name: str, node: int) -> bool:
        """Whether a node is all of a name, or all but its last part: something in the module."""
        known = self.imports.name_of(node)
        return known in (name, name.rpartition(".")[0]) or node >= len(self.modules)

    @cached_property
    def _keys(self) -> tuple[frozenset[str], frozenset[str]]:
        more, less = (
            frozenset(key.lower().replace("-", "_") for key in keys)
            for keys in (self.settings.module_keys, self.settings.no_module_keys)
        )
        return more, less
