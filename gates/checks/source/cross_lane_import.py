"""A module imports one of a lane that its own lane may not import, directly or through others.

Why: a lane is a promise about maturity. Production that reaches candidate code, by whatever detour, is as mature as
that code is. An entry point, a setting, a command of an image or a workflow is such a detour, too.
Instead: register the class in its lane and ask for it with `resolve("kind:name")`, or promote what is needed.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Optional

from gates.checks.gate import Plant
from gates.errors import CannotPlant
from gates.facts.annotations import Annotations
from gates.facts.carriers import Carried, Carriers
from gates.facts.checkout import Checkout
from gates.facts.extractors.carriers.use import REGISTERS, STARTS
from gates.facts.files import File
from gates.facts.imports import Edge, Imports
from gates.facts.lane_edges import LaneEdges
from gates.facts.lanes import Lanes
from gates.facts.modules import SUFFIXES, Modules
from gates.facts.recorded_imports import RecordedImports
from gates.facts.unparsed import line_of
from gates.finding import Finding

_ANNOUNCES = (REGISTERS, STARTS)
_VERBS = {"dynamic": "loads by name", "recorded": "loaded, when it was run,"}


@dataclass(frozen=True)
class CrossLaneImport:
    """`transitive = false` looks at direct imports only.

    `string_annotations = true` looks at the types that annotations name in a text, too.
    """

    transitive: bool = True
    string_annotations: bool = False

    def check(
        self,
        modules: Modules,
        lanes: Lanes,
        imports: Imports,
        edges: LaneEdges,
        recorded: RecordedImports,
        carriers: Carriers,
        annotations: Annotations,
    ) -> Iterator[Finding]:
        # What was recorded is among the imports; it is asked for itself so that a result says how much of it holds.
        if not len(lanes):
            return  # nothing is promised; that there are no lanes is said once, and not of every module
        yield from _unmapped(modules, lanes)
        yield from _links(modules, lanes)
        judged = _Judged(imports, lanes, edges)
        for edge in imports.edges_into(judged.forbidden_to):
            if edge.kind != "recorded" or not judged.is_announced(edge, carriers):
                yield judged.direct(edge)
        if self.transitive:
            yield from judged.detours()
        if self.string_annotations:
            yield from judged.annotated(annotations)
        yield from judged.carried(carriers, self.transitive)

    def plant(self, checkout: Checkout, modules: Modules, lanes: Lanes) -> Plant:
        """Append to a module of one lane an import of a module of a lane that it may not import."""
        held: dict[str, list[File]] = {}
        for file in modules.files:
            mine = lanes.of(file.path)
            if mine is not None and file.path.endswith(".py"):
                held.setdefault(mine, []).append(file)
        for lane in lanes.lanes:
            for other in (entry.name for entry in lanes.lanes if entry.name not in lane.may_import):
                for target in held.get(other, ()):
                    name = modules.name_of(target.path)
                    if lane.name in held and _can_be_imported(name, target, modules):
                        path = held[lane.name][0].path
                        return Plant({path: checkout.read(path) + f"\nimport {name}\n".encode()}, path, name)
        raise CannotPlant("no lane that holds modules is forbidden another that does: the policy forbids nothing")


def _can_be_imported(name: str, file: File, modules: Modules) -> bool:
    position = modules.index.get(name)
    spelled = all(part.isidentifier() and not keyword.iskeyword(part) for part in name.split("."))
    return spelled and position is not None and modules.files[position] == file


class _Judged:
    """The edges of a graph, seen as steps between lanes."""

    def __init__(self, imports: Imports, lanes: Lanes, edges: LaneEdges) -> None:
        self._imports = imports
        self._edges = edges
        self._may = lanes.may_import
        self._registering = {lane: lanes.may_register[lane] for lane in lanes.says_what_it_registers}
        self._announced: Optional[frozenset[int]] = None
        self.lane = edges.lane
        self._held: dict[str, set[int]] = {lane: set() for lane in self._may}
        for node, lane in enumerate(self.lane):
            if lane is not None:
                self._held[lane].add(node)
        self._forbidden = {
            lane: frozenset().union(*(self._held[other] for other in self._may if other not in may))
            for lane, may in self._may.items()
        }

    def forbidden_to(self, importer: int) -> Set[int]:
        """The nodes that a node may not import."""
        lane = self.lane[importer]
        return frozenset() if lane is None else self._forbidden[lane]

    def direct(self, edge: Edge) -> Finding:
        importer, target = self._imports.name_of(edge.importer), self._imports.name_of(edge.target)
        mine, other = self.lane[edge.importer], self.lane[edge.target]
        verb = _VERBS.get(edge.kind, "imports")
        message = f"{mine} {verb} {target}, which is {other}{self._where(edge.target)}"
        if edge.unparsed:
            message = f"cannot be parsed ({edge.unparsed}), and its text names {target}, which is {other}"
        return Finding(
            self._imports.path_of(edge.importer),
            edge.line or line_of(edge.unparsed),
            message,
            subject=target,
            column=edge.column,
            trace=(importer, target),
            verdict="opaque" if edge.unparsed else "violation",
        )

    def is_announced(self, edge: Edge, carriers: Carriers) -> bool:
        """Whether it ran what an entry point announces, of a lane that its own may register: that is judged there."""
        mine, other = self.lane[edge.importer], self.lane[edge.target]
        if mine not in self._registering or other not in self._registering[mine]:
            return False
        if self._announced is None:
            self._announced = frozenset(each.node for each in carriers.entered() if each.verb in _ANNOUNCES)
        return edge.target in self._announced

    def _where(self, target: int) -> str:
        """Nodes behind the modules are names that no file has; of a namespace package there is the folder."""
        missing = target >= len(self._imports) and not self._imports.path_of(target).endswith("/__init__.py")
        return "; no file here has that name" if missing else ""

    def detours(self) -> Iterator[Finding]:
        for lane, may in self._may.items():
            inside = self._held[lane]
            for other in self._may:
                goal = self._held[other]
                if other not in may and inside and goal:
                    yield from (self._detour(chain, lane, other) for chain in self._imports.chains(inside, goal))

    def _detour(self, chain: tuple[Edge, ...], lane: str, other: str) -> Finding:
        names = tuple(map(self._imports.name_of, (chain[0].importer, *(edge.target for edge in chain))))
        return Finding(
            self._imports.path_of(chain[0].importer),
            chain[0].line or line_of(chain[0].unparsed),
            f"{lane} reaches {names[-1]}, which is {other}, through {names[1]}",
            subject=f"{names[1]} -> {other}",
            column=chain[0].column,
            trace=names,
        )

    def annotated(self, annotations: Annotations) -> Iterator[Finding]:
        """Types that are named in a text, or never evaluated: nothing is imported, and the lane is named."""
        for path, one in annotations.all():
            importer = self._imports.node_of(path)
            for node in self._imports.entered_by(path, one.name) if importer is not None else ():
                if importer is not None and node in self.forbidden_to(importer):
                    mine, target = self.lane[importer], self._imports.name_of(node)
                    message = f"{mine} names {target} in an annotation, which is {self.lane[node]}"
                    trace = (self._imports.name_of(importer), target)
                    yield Finding(path, one.line, message, subject=target, column=one.column, trace=trace)

    def carried(self, carriers: Carriers, transitive: bool) -> Iterator[Finding]:
        """What files that are not Python enter and may not; of what they may, what that reaches in turn."""
        going_on: dict[tuple[str, tuple[str, ...]], list[Carried]] = {}
        for carried in carriers.entered():
            mine = self._edges.lane_of(carried.node)
            if carried.refused_by(mine):
                yield self._entered(carried)
                continue
            for other in self._may if transitive and carried.starts else ():
                refusing = carried.refused_by(other)
                if refusing and mine not in refusing:  # its own imports are judged where they stand
                    going_on.setdefault((other, refusing), []).append(carried)
        for (other, refusing), some in going_on.items():
            yield from self._carried_on(some, other, refusing)

    def _entered(self, carried: Carried) -> Finding:
        target, other = self._imports.name_of(carried.node), self._edges.lane_of(carried.node)
        what = f"{carried.verb} {target}, which is {other}{self._where(carried.node)}"
        refusing = " and ".join(carried.refused_by(other))
        message = f"{refusing} {what}" if carried.is_own else f"{what}; {refusing}, which it ships, may not"
        if carried.unparsed:
            message = f"cannot be parsed ({carried.unparsed}), and its text names {target}, which is {other}"
        return Finding(
            carried.path,
            carried.line or line_of(carried.unparsed),
            message,
            subject=target,
            column=carried.column,
            trace=(carried.path, *carried.through, target),
            verdict="opaque" if carried.unparsed else "violation",
        )

    def _carried_on(self, some: Sequence[Carried], other: str, refusing: tuple[str, ...]) -> Iterator[Finding]:
        starts = {start for carried in some for start in carried.starts if start < len(self._imports)}
        avoided = frozenset().union(*(self._held[lane] for lane in refusing))
        ways = {chain[0].importer: chain for chain in self._imports.ways(starts, self._held[other], avoided)}
        for carried in some:
            chain = next((ways[start] for start in carried.starts if start in ways), None)
            if chain is None:
                continue
            names = tuple(map(self._imports.name_of, (chain[0].importer, *(edge.target for edge in chain))))
            yield Finding(
                carried.path,
                carried.line,
                f"{' and '.join(refusing)} reaches {names[-1]}, which is {other}, through {names[0]}",
                subject=f"{names[0]} -> {other}",
                column=carried.column,
                trace=(carried.path, *carried.through, *names),
            )


def _unmapped(modules: Modules, lanes: Lanes) -> Iterator[Finding]:
    for file in modules.files:
        if lanes.of(file.path) is None:
            yield Finding(file.path, 0, "is in no lane; map it in lanes.toml", subject="unmapped")


def _links(modules: Modules, lanes: Lanes) -> Iterator[Finding]:
    """Symlinks that leave their lane or lead nowhere, and submodules, whose files are not here to be judged."""
    for path, target in sorted(modules.links.items()):
        mine = lanes.of(path)
        if mine is None:
            if path.endswith(SUFFIXES):
                yield Finding(path, 0, "is in no lane; map it in lanes.toml", subject="unmapped")
        elif target.startswith(("/", "..")):
            yield Finding(path, 0, f"links out of the repository, to {target}", subject=target, verdict="opaque")
        elif path.endswith(SUFFIXES) and target not in modules.paths and target not in modules.links:
            yield Finding(path, 0, f"links to {target}, which is no module here", subject=target, verdict="opaque")
        else:
            # A glob such as `**` has the folder's own path, whatever lane its files are in.
            inside = target not in modules.paths and modules.below(target)
            other = lanes.of(f"{target}/__init__.py" if inside else target) or lanes.of(f"{target}/__init__.py")
            if other is not None and other not in lanes.may_import[mine]:
                yield Finding(path, 0, f"{mine} links to {target}, which is {other}", subject=target)
    for path in modules.submodules:
        mapped = lanes.of(f"{path}/__init__.py") is not None
        message = "is a submodule: its files are not judged here" + ("" if mapped else ", and it is in no lane")
        yield Finding(path, 0, message, subject=path, verdict="opaque")
