"""What files that are not Python enter: the modules that they name, and the lanes that answer for each of them.

The lane that has the file answers for it. Where no lane has it: for entry points and packages the lanes of the
distribution, for what starts a service (an image, a unit) the lanes of what it ships, and for all else nobody.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, NamedTuple, Optional

from gates.facts.carrier_files import CarrierFiles, places_of
from gates.facts.carrier_kinds import KINDS
from gates.facts.extractors.carriers.keys import is_module_key
from gates.facts.extractors.carriers.use import FILE, GIVEN, LOADS, NAME, REGISTERS, SEARCH, UNPARSED, WORD, Use
from gates.facts.extractors.dynamic_loading import PATH
from gates.facts.fact import digest_of
from gates.facts.imports import Imports
from gates.facts.lane_edges import LaneEdges
from gates.facts.lanes import Lanes
from gates.facts.modules import Modules

_SUFFIXES = (".py", "/__init__.py")


class Carried(NamedTuple):
    """A node that a file enters. `lanes` answer for the file and may enter those of `may`; `verb` is what it does.

    `is_own` says whether one of them has the file; else they are those of what it ships. `unparsed` says why the file
    could not be parsed, where the node is therefore only what its text says.
    """

    path: str
    line: int
    column: int
    node: int
    verb: str
    lanes: tuple[str, ...]
    may: frozenset[str]
    is_own: bool
    unparsed: str = ""


@dataclass
class Carriers:
    """Every carrier's edges into the graph of modules."""

    files: CarrierFiles
    modules: Modules
    lanes: Lanes
    imports: Imports
    edges: LaneEdges
    unit: ClassVar[str] = CarrierFiles.unit
    may_be_none: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = ()
    _answering: dict[tuple[str, bool], tuple[tuple[str, ...], bool]] = field(default_factory=dict)

    @classmethod
    def gather(
        cls, files: CarrierFiles, modules: Modules, lanes: Lanes, imports: Imports, edges: LaneEdges
    ) -> Carriers:
        """What a name means is looked up when it is asked for."""
        return cls(files, modules, lanes, imports, edges)

    @cached_property
    def digest(self) -> str:
        """Of the carriers, the modules and the lanes."""
        return digest_of(self.files.digest, self.modules.names_digest, self.lanes.digest)

    def __len__(self) -> int:
        return len(self.files)

    def account(self) -> dict[str, int]:
        """How many of each kind there are."""
        return self.files.account()

    def entered(self) -> Iterator[Carried]:
        """What the carriers enter for which somebody answers, by path."""
        for path, uses in sorted(self.files.uses.items()):
            seen: set[tuple[int, int, str]] = set()
            for use in uses:
                answering, is_own = self._answer(path, use)
                for node in self._nodes(path, use) if answering else ():
                    if (use.line, node, use.kind) not in seen and self.edges.lane_of(node) not in self._tools(
                        path, use
                    ):
                        seen.add((use.line, node, use.kind))
                        yield self._carried(path, use, node, answering, is_own)

    def _tools(self, path: str, use: Use) -> frozenset[str]:
        """The lanes of tools, which a command that starts no service may start: what makefiles and workflows are for."""
        ships = KINDS[self.files.kinds[path]].ships or use.way == REGISTERS or use.kind == GIVEN
        return frozenset() if ships else self.lanes.above_all

    def _carried(self, path: str, use: Use, node: int, answering: tuple[str, ...], is_own: bool) -> Carried:
        allowed = self.lanes.may_register if use.way == REGISTERS else self.lanes.may_import
        may = self._tools(path, use).union(*(allowed[lane] for lane in answering))
        unparsed = use.way if use.kind == UNPARSED else ""
        verb = LOADS if use.kind == WORD else use.way
        return Carried(path, use.line, use.column, node, verb, answering, may, is_own, unparsed)

    def _answer(self, path: str, use: Use) -> tuple[tuple[str, ...], bool]:
        """The lanes that answer for a use, and whether the file is in one of them."""
        is_metadata = use.way == REGISTERS or use.kind == GIVEN
        key = (path, is_metadata)
        if key not in self._answering:
            mine = self.lanes.of(path)
            asks_packages = is_metadata and not (mine is not None and self.lanes.says_what_it_registers(mine))
            ships = asks_packages or (mine is None and KINDS[self.files.kinds[path]].ships)
            shipped = self._shipped(path) if ships else ()
            own = (mine,) if mine is not None else ()
            self._answering[key] = (shipped or own, bool(own) and (not shipped or shipped == own))
        return self._answering[key]

    def _shipped(self, path: str) -> tuple[str, ...]:
        """The most mature lanes of what a distribution or an image is made of."""
        beside, said = self.files.shipped(path)
        lanes = self._lanes_below(beside) or self._lanes_below(said)
        folder = posixpath.dirname(path)
        while not lanes:
            lanes = self._lanes_below([folder])
            if not folder:
                break
            folder = posixpath.dirname(folder)
        return self.lanes.most_mature(lanes)

    def _lanes_below(self, places: Iterable[str]) -> set[str]:
        """The lanes of the modules at or below some paths, or of the packages of these names in the roots."""
        found: set[Optional[str]] = set()
        for place in places:
            for root in ("", *self.modules.roots):
                below = posixpath.join(root, place)
                found.update(self.lanes.of(self.modules.files[node].path) for node in self.modules.below(below))
        return {lane for lane in found if lane is not None}

    def _nodes(self, path: str, use: Use) -> tuple[int, ...]:
        if use.kind in (FILE, SEARCH, GIVEN):
            return self._first(self.imports.entered(path, f"{PATH}{place}") for place in places_of(path, use))
        if use.kind == WORD and not self._is_module_key(use.way):
            return ()
        if use.kind not in (NAME, WORD, UNPARSED) or not use.text:
            return ()
        if use.folder:
            within = self._first(self._within(path, use, place) for place in places_of(path, use._replace(text="")))
            if within:
                return within
        nodes = self.imports.entered(path, use.text)
        return tuple(node for node in nodes if use.kind == NAME or self._is_near(use.text, node))

    def _within(self, path: str, use: Use, folder: str) -> tuple[int, ...]:
        """A name looked up in the folder where something runs, which stands first on the path of imports."""
        parts = use.text.split(".")
        for length in range(len(parts), 0, -1):
            place = posixpath.join(folder, *parts[:length])
            if any(f"{place}{suffix}" in self.modules.paths for suffix in _SUFFIXES):
                return self.imports.entered(path, f"{PATH}{place}.py") or self.imports.entered(path, f"{PATH}{place}")
        return ()

    def _first(self, tried: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
        return next((nodes for nodes in tried if nodes), ())

    def _is_near(self, name: str, node: int) -> bool:
        """Whether a node is all of a name, or all but its last part: something in the module."""
        known = self.imports.name_of(node)
        return name == known or name.rpartition(".")[0] == known or node >= len(self.modules)

    def _is_module_key(self, key: str) -> bool:
        return is_module_key(key, *self._keys)

    @cached_property
    def _keys(self) -> tuple[frozenset[str], frozenset[str]]:
        settings = self.files.settings
        more, less = (
            frozenset(key.lower().replace("-", "_") for key in keys)
            for keys in (settings.module_keys, settings.no_module_keys)
        )
        return more, less
