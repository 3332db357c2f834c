"""What files that are not Python enter: the modules that they name, and the lanes that answer for each of them.

The lane that has the file answers for it. For entry points and packages the lanes of the distribution do, and where no
lane has a file that starts a service (an image, a unit), the lanes of what it ships. For any other nobody does then.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, NamedTuple, Optional

from gates.facts.carrier_files import CarrierFiles, places_of
from gates.facts.carrier_kinds import KINDS, Kind
from gates.facts.extractors.carriers.keys import is_module_key
from gates.facts.extractors.carriers.use import (
    FILE,
    GIVEN,
    LOADS,
    NAME,
    REGISTERS,
    SEARCH,
    STARTS,
    UNPARSED,
    WORD,
    Use,
)
from gates.facts.extractors.dynamic_loading import PATH
from gates.facts.fact import digest_of
from gates.facts.imports import Imports
from gates.facts.lane_edges import LaneEdges
from gates.facts.lanes import Lanes
from gates.facts.modules import Modules

_REGISTERING = (REGISTERS, STARTS)
_SUFFIXES = (".py", "/__init__.py")


class Answer(NamedTuple):
    """A lane that answers for a file, and the lanes that it may enter by it."""

    lane: str
    may: frozenset[str]


class Carried(NamedTuple):
    """A node that a file enters, and who answers for it; `verb` is what the file does.

    `is_own` says whether the lane that answers has the file; else it is what the file ships. `goes_on` says whether
    those who answer reach what the node reaches in turn. `unparsed` says why the file could not be parsed, where the
    node is therefore only what its text says.
    """

    path: str
    line: int
    column: int
    node: int
    verb: str
    answers: tuple[Answer, ...]
    is_own: bool
    goes_on: bool
    unparsed: str = ""

    def refused_by(self, lane: Optional[str]) -> tuple[str, ...]:
        """The answering lanes that may not enter a lane."""
        return tuple(answer.lane for answer in self.answers if lane is not None and lane not in answer.may)


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
    _ships: dict[str, frozenset[str]] = field(default_factory=dict)

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
            seen: set[tuple[int, int]] = set()
            for use in uses if self._may_answer(path) else ():
                for node in self._nodes(path, use):
                    if (use.line, node) not in seen:
                        seen.add((use.line, node))
                        yield from self._carried(path, use, node)

    def _may_answer(self, path: str) -> bool:
        """Whether there is anybody to answer for some use of a file."""
        kind = self._kind(path)
        return self.lanes.of(path) is not None or kind.ships or kind.is_metadata

    def _carried(self, path: str, use: Use, node: int) -> Iterator[Carried]:
        entered = self.edges.lane_of(node)
        mine = self.lanes.of(path)
        answers: tuple[Answer, ...] = ()
        is_own = False
        if entered is not None:
            is_own = mine is not None and not (_is_metadata(use) and mine not in self.lanes.says_what_it_registers)
            answers = tuple(self._own(path, use, entered) if is_own else self._by_what_it_ships(path, use, entered))
        if answers:
            unparsed = use.way if use.kind == UNPARSED else ""
            verb = LOADS if use.kind == WORD else use.way
            goes_on = not unparsed and use.way != STARTS
            yield Carried(path, use.line, use.column, node, verb, answers, is_own, goes_on, unparsed)

    def _own(self, path: str, use: Use, entered: str) -> Iterator[Answer]:
        """The lane that has the file. To start tools is what makefiles and workflows are for, in whatever lane."""
        mine = self.lanes.of(path)
        starts_tools = not self._kind(path).ships and not _is_metadata(use)
        tools = self.lanes.above_all if starts_tools else frozenset[str]()
        if mine is not None and entered not in tools:
            yield Answer(mine, self._allowed(use)[mine] | tools)

    def _by_what_it_ships(self, path: str, use: Use, entered: str) -> Iterator[Answer]:
        """The lanes that the entered one builds on: what the file names is a door to it that stands beside them.

        What one of the shipped lanes says in `may_register` of its own is said for all of them.
        """
        if not _is_metadata(use) and not self._kind(path).ships:
            return
        shipped, allowed = self._shipped(path), self._allowed(use)
        saying = shipped & self.lanes.says_what_it_registers if use.way in _REGISTERING else frozenset[str]()
        said = frozenset[str]().union(*(allowed[lane] for lane in saying))
        for lane in sorted(shipped & self.lanes.may_import[entered] - {entered}):
            yield Answer(lane, allowed[lane] | said)

    def _allowed(self, use: Use) -> Mapping[str, frozenset[str]]:
        return self.lanes.may_register if use.way in _REGISTERING else self.lanes.may_import

    def _kind(self, path: str) -> Kind:
        return KINDS[self.files.kinds[path]]

    def _shipped(self, path: str) -> frozenset[str]:
        """The lanes of what a distribution or an image is made of; unsaid, of what lies beside the file or above it."""
        if path not in self._ships:
            beside, said = self.files.shipped(path)
            lanes = self._lanes_below(beside) or self._lanes_below(said)
            folder = posixpath.dirname(path)
            while not lanes:
                lanes = self._lanes_below([folder])
                if not folder:
                    break
                folder = posixpath.dirname(folder)
            self._ships[path] = frozenset(lanes)
        return self._ships[path]

    def _lanes_below(self, places: Iterable[str]) -> set[str]:
        """The lanes of the modules at or below some paths, or of the packages of these names in the roots."""
        found: set[Optional[str]] = set()
        for place in places:
            for root in ("", *self.modules.roots):
                below = posixpath.join(root, place)
                found.update(self.lanes.of(self.modules.files[node].path) for node in self.modules.below(below))
        return {lane for lane in found if lane is not None}

    def _nodes(self, path: str, use: Use) -> tuple[int, ...]:
        if use.kind == FILE:
            places = [place for place in places_of(path, use) if place in self.modules.paths or self._runs(place)]
            return self._first(self.imports.entered_by(path, f"{PATH}{place}") for place in places)
        if use.kind in (SEARCH, GIVEN):
            return self._first(self.imports.entered_by(path, f"{PATH}{place}") for place in places_of(path, use))
        if use.kind == WORD and not self._is_module_key(use.way):
            return ()
        if use.kind not in (NAME, WORD, UNPARSED) or not use.text:
            return ()
        if use.folder:
            within = self._first(self._within(path, use, place) for place in places_of(path, use._replace(text="")))
            if within:
                return within
        nodes = self.imports.entered_by(path, use.text, surely=_is_metadata(use))
        return tuple(node for node in nodes if use.kind == NAME or self._is_near(use.text, node))

    def _within(self, path: str, use: Use, folder: str) -> tuple[int, ...]:
        """A name looked up in the folder where something runs, which stands first on the path of imports."""
        parts = use.text.split(".")
        for length in range(len(parts), 0, -1):
            place = posixpath.join(folder, *parts[:length])
            if any(f"{place}{suffix}" in self.modules.paths for suffix in _SUFFIXES):
                return self.imports.entered_by(path, f"{PATH}{place}.py") or self.imports.entered_by(
                    path, f"{PATH}{place}"
                )
        return ()

    def _runs(self, folder: str) -> bool:
        """Whether Python would run a folder that it is given as a script."""
        return f"{folder}/__main__.py" in self.modules.paths

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


def _is_metadata(use: Use) -> bool:
    """Whether it says something of a distribution, whatever file it stands in."""
    return use.way in _REGISTERING or use.kind == GIVEN
