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
from gates.facts.carrier_names import CarrierNames
from gates.facts.extractors.carriers.use import FILE, GIVEN, LOADS, REGISTERS, STARTS, UNPARSED, WORD, Use
from gates.facts.fact import digest_of
from gates.facts.imports import Imports
from gates.facts.lane_edges import LaneEdges
from gates.facts.lanes import Lanes
from gates.facts.modules import Modules

_REGISTERING = (REGISTERS, STARTS)


class Answer(NamedTuple):
    """A lane that answers for a file, and the lanes that it may enter by it."""

    lane: str
    may: frozenset[str]


class Carried(NamedTuple):
    """A node that a file enters, and who answers for it. `verb` is what the file does.

    `is_own` says whether the lane that answers has the file; else it is what the file ships. What `starts` reach in
    turn those who answer reach, too. `through` are scripts on the way. `unparsed` says why the file could not be
    parsed, where the node is therefore only what its text says.
    """

    path: str
    line: int
    column: int
    node: int
    verb: str
    answers: tuple[Answer, ...]
    is_own: bool
    starts: tuple[int, ...]
    through: tuple[str, ...] = ()
    unparsed: str = ""

    def refused_by(self, lane: Optional[str]) -> tuple[str, ...]:
        """The answering lanes that may not enter a lane."""
        return tuple(answer.lane for answer in self.answers if lane is not None and lane not in answer.may)


class _Said(NamedTuple):
    """A use, the file whose text it is, and the files on the way to that."""

    use: Use
    path: str
    through: tuple[str, ...]


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
        for path in sorted(self.files.uses):
            seen: set[tuple[int, int]] = set()
            for said in self._said(path) if self._is_answered(path) else ():
                for node in self._names.nodes(said.path, said.use):
                    if (said.use.line, node) not in seen:
                        seen.add((said.use.line, node))
                        yield from self._carried(path, said, node)

    @cached_property
    def _names(self) -> CarrierNames:
        return CarrierNames(self.modules, self.imports, self.files.settings)

    def _said(self, path: str, way: tuple[str, ...] = ()) -> Iterator[_Said]:
        """What a file says, and what the scripts that it runs say for which nobody else answers."""
        for use in self.files.uses.get(path, ()):
            yield _Said(use, path, ())
            for other in places_of(path, use) if use.kind == FILE else ():
                if other in self.files.kinds and other not in (path, *way) and not self._is_answered(other):
                    for inner in self._said(other, (*way, path)):
                        moved = inner.use._replace(line=use.line, column=use.column)
                        yield _Said(moved, inner.path, (other, *inner.through))

    def _is_answered(self, path: str) -> bool:
        """Whether there is anybody to answer for some use in a file."""
        kind = self._kind(path)
        return self.lanes.of(path) is not None or kind.ships or kind.is_metadata

    def _carried(self, path: str, said: _Said, node: int) -> Iterator[Carried]:
        use = said.use
        entered = self.edges.lane_of(node)
        mine = self.lanes.of(path)
        if entered is None:
            return
        is_own = mine is not None and (not _is_metadata(use) or mine in self.lanes.says_what_it_registers)
        answers = tuple(self._own(path, use, entered) if is_own else self._by_what_it_ships(path, use, entered))
        if answers:
            unparsed = use.way if use.kind == UNPARSED else ""
            starts = () if unparsed or use.way == STARTS else self._names.started(node, use)
            verb = LOADS if use.kind == WORD else use.way
            yield Carried(path, use.line, use.column, node, verb, answers, is_own, starts, said.through, unparsed)

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
                below = self.modules.below(posixpath.join(root, place))
                found.update(self.edges.lane[below.start : below.stop])
        return {lane for lane in found if lane is not None}


def _is_metadata(use: Use) -> bool:
    """Whether it says something of a distribution, whatever file it stands in."""
    return use.way in _REGISTERING or use.kind == GIVEN
