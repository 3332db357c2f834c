"""Who imports whom, statically and by name at run time, and the shortest chain between two."""

from __future__ import annotations

import os
import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Callable, ClassVar, NamedTuple, Optional

import msgspec

from gates.facts.extraction import Extraction
from gates.facts.extractors.dynamic_loading import PATH
from gates.facts.extractors.import_statements import EXACTLY, UNPARSED, unpacked
from gates.facts.fact import digest_of
from gates.facts.files import File
from gates.facts.imported import Imported
from gates.facts.lanes import Lanes
from gates.facts.linked_loads import LinkedLoads, overlaid
from gates.facts.modules import Modules, dotted
from gates.facts.recorded_imports import RecordedImports
from gates.facts.store import Store

SCAN = "gates.facts.extractors.import_statements"
EXACT = "gates.facts.extractors.exact_imports"
SCANNED = "-"
_FEW = 20
BY_NAME = "gates.facts.extractors.dynamic_loading"
_INIT = ".__init__"


class Edge(NamedTuple):
    """One import, confirmed: where it stands, and what it enters.

    `kind` is "static", "dynamic" (loaded by name), "recorded" (seen when it ran, and in no other way) or "package"
    (run on the way to a module in it). `unparsed` says why the importer could not be parsed, where the edge is
    therefore only what its text says.
    """

    importer: int
    target: int
    line: int
    column: int
    kind: str
    unparsed: str = ""


@dataclass
class Imports:
    """The graph of a checkout's modules.

    Nodes are numbers: first the modules, in their order, then names that no file has but that lie in the tree or
    under a lane's former root (`name_of`, `path_of`). `wide` comes from the scan of bytes and may hold an edge too
    many; `edges_into` and `chains` give only what the exact look confirms.
    """

    modules: Modules
    lanes: Lanes
    extraction: Extraction
    store: Store
    recorded: RecordedImports
    linked: LinkedLoads
    unit: ClassVar[str] = "modules"
    reads: ClassVar[tuple[str, ...]] = ()
    _ghosts: list[str] = field(default_factory=list)
    _exact: dict[int, tuple[Edge, ...]] = field(default_factory=dict)

    @classmethod
    def gather(
        cls,
        modules: Modules,
        lanes: Lanes,
        extraction: Extraction,
        store: Store,
        recorded: RecordedImports,
        linked: LinkedLoads,
    ) -> Imports:
        """Nothing is read until it is asked for."""
        return cls(modules, lanes, extraction, store, recorded, linked)

    @classmethod
    def extractors(cls) -> tuple[str, ...]:
        """Those that it asks of a module that is new."""
        return (SCAN, BY_NAME, EXACT)

    @cached_property
    def digest(self) -> str:
        """Of the modules, of the lanes' former names, by which an import may be known, and of what was recorded."""
        return digest_of(self.modules.digest, repr(sorted(self.lanes.former_roots.items())), self.recorded.digest)

    def __len__(self) -> int:
        return len(self.modules)

    def name_of(self, node: int) -> str:
        """The dotted name of a node."""
        known = len(self.modules.files)
        return self.modules.name_of(self.modules.files[node].path) if node < known else self._ghosts[node - known]

    def path_of(self, node: int) -> str:
        """The path of a node; of a name that no file has, the path that it would have."""
        known = len(self.modules.files)
        return self.modules.files[node].path if node < known else self._resolver.ghost_path(self._ghosts[node - known])

    def node_of(self, path: str) -> Optional[int]:
        """The node of a module's file."""
        return self._resolver.positions.get(path)

    def entered_by(self, path: str, name: str, surely: bool = False) -> tuple[int, ...]:
        """The modules that a dotted name in a file of any kind means, and nothing where it means none here.

        A name that can mean nothing but a module (`surely`) means one that no file has, too. "path:PATH" is a file or
        a folder.
        """
        return self._resolver.loaded(path, name, not surely) if self.wide else ()

    def nodes(self) -> range:
        """All nodes."""
        return range(len(self.modules.files) + len(self._ghosts)) if self.wide else range(0)

    @cached_property
    def wide(self) -> list[Sequence[int]]:
        """For each module the nodes that it may import."""
        files = self.modules.files
        wide = [targets for _, targets, _ in self._snapshot]
        stale = self._stale
        if stale:
            fresh = [files[i] for i in stale]
            resolver = self._resolver  # put together while the files are still being read
            scanned = self.extraction.of(SCAN, fresh)
            by_name = self.extraction.of(BY_NAME, fresh)
            for i in stale:
                path = files[i].path
                found = scanned.get(path, ())
                wide[i] = resolver.targets(path, found, by_name.get(path, ()))
                self._looks[i] = found[0] if found and found[0] in (EXACTLY, UNPARSED) else SCANNED
            self._keep(wide)
        # What depends on other files is never kept with what is of one file alone.
        for path, sites in self.linked.sites.items():
            node = self._resolver.positions[path]
            entered = (
                target
                for _, _, name, is_roundabout in _known_names(sites)
                for target in self._resolver.loaded(path, name, is_roundabout)
            )
            wide[node] = tuple(sorted({*wide[node], *entered}))
        for node, ran in self._ran.items():  # never kept with the rest, which is of the files alone
            wide[node] = tuple(sorted({*wide[node], *(edge.target for edge in ran)}))
        return wide

    def account(self) -> dict[str, int]:
        """How each module was looked at for its imports; the numbers add up to all of them."""
        errors = self.extraction.errors if self.wide else {}
        looks = Counter("" if file.path in errors else look for file, look in zip(self.modules.files, self._looks))
        return {
            "scanned": looks[SCANNED],
            "parsed": looks[EXACTLY],
            "not parsable": looks[UNPARSED],
            "unreadable": looks[""],
        }

    @cached_property
    def _looks(self) -> list[str]:
        return [look for _, _, look in self._snapshot]

    def needs(self) -> dict[str, Sequence[File]]:
        """The extractors, and the files whose imports are not known from before."""
        fresh = [self.modules.files[i] for i in self._stale]
        # The few files of an edit are looked at exactly while they are at hand.
        return {SCAN: fresh, BY_NAME: fresh, EXACT: fresh if len(fresh) <= _FEW else []}

    @cached_property
    def _stale(self) -> list[int]:
        return [
            i for i, (file, (blob, _, _)) in enumerate(zip(self.modules.files, self._snapshot)) if file.blob != blob
        ]

    @cached_property
    def _snapshot(self) -> list[tuple[str, Sequence[int], str]]:
        """What the graph was when it was last kept: for each module its blob then, and its targets.

        Kept by the paths alone, which decide what a name means: the targets of a file whose content has not changed
        since still hold.
        """
        kept = self.store.get_one("imports", self._key)
        if kept is None:
            return [("", (), SCANNED)] * len(self.modules.files)
        ghosts, blobs, targets, looks = msgspec.msgpack.decode(kept)
        self._ghosts.extend(os.fsdecode(name) for name in ghosts)
        return list(zip(blobs, targets, looks))

    @cached_property
    def _key(self) -> str:
        former = repr(sorted(self.lanes.former_roots.items()))
        return f"{self.extraction.version}/{digest_of(self.modules.names_digest, former)}"

    def _keep(self, wide: Sequence[Sequence[int]]) -> None:
        if not self.extraction.is_overlaid and not self.extraction.errors:
            blobs = [file.blob for file in self.modules.files]
            ghosts = [os.fsencode(name) for name in self._ghosts]
            self.store.put("imports", {self._key: msgspec.msgpack.encode((ghosts, blobs, wide, "".join(self._looks)))})

    @cached_property
    def _resolver(self) -> _Resolver:
        return _Resolver(self.modules, self.lanes, self._ghosts)

    def edges_into(self, goal: Callable[[int], Set[int]]) -> Iterator[Edge]:
        """The confirmed edges from each module into what is the `goal` for it, by importer and line."""
        suspects = [node for node, targets in enumerate(self.wide) if not goal(node).isdisjoint(targets)]
        self._look_exactly(suspects)
        for node in suspects:
            yield from (edge for edge in self._exact[node] if edge.target in goal(node))

    def chains(self, inside: Set[int], goal: Set[int]) -> Iterator[tuple[Edge, ...]]:
        """For each module inside, and each module outside that it imports, the shortest chain on to the goal.

        A chain leaves `inside` with its first edge and never comes back; direct edges into the goal are no chains. A
        package on the way counts: importing `a.b` runs `a/__init__.py` first.
        Candidates come from the wide graph; whatever file lies on one is looked at exactly, and what it does not
        import after all is taken out of the graph, until every chain stands confirmed.
        """
        return self._confirmed(lambda: self._candidate_chains(inside, goal))

    def ways(self, starts: Set[int], goal: Set[int], avoiding: Set[int]) -> Iterator[tuple[Edge, ...]]:
        """For each start the shortest chain to the goal that enters none of the nodes to avoid, where there is one."""
        return self._confirmed(lambda: self._candidate_ways(starts, goal, avoiding))

    def _confirmed(self, candidates: Callable[[], Iterable[list[int]]]) -> Iterator[tuple[Edge, ...]]:
        while True:
            found = list(candidates())
            unsure = {node for chain in found for node in chain[:-1] if node < len(self.wide)} - self._exact.keys()
            if not unsure:
                break
            self._look_exactly(sorted(unsure))
        for chain in found:
            yield tuple(self._edge(a, b) for a, b in zip(chain, chain[1:]))

    def _candidate_ways(self, starts: Set[int], goal: Set[int], avoiding: Set[int]) -> Iterator[list[int]]:
        onward = self._towards(goal, avoiding)
        for start in sorted(starts - goal):
            chain = [start]
            while chain[-1] in onward and chain[-1] not in goal:
                chain.append(onward[chain[-1]])
            if chain[-1] in goal:
                yield chain

    def _candidate_chains(self, inside: Set[int], goal: Set[int]) -> Iterator[list[int]]:
        leaving = {node: [first for first in self._targets(node) if first not in inside] for node in inside}
        if not any(first not in goal for firsts in leaving.values() for first in firsts):
            return
        onward = self._towards(goal, inside)
        for node in sorted(inside):
            for first in leaving[node]:
                if first in onward and first not in goal:
                    chain = [node, first]
                    while chain[-1] not in goal:
                        chain.append(onward[chain[-1]])
                    yield chain

    def _towards(self, goal: Set[int], avoiding: Set[int]) -> dict[int, int]:
        """For each node from which the goal can be reached without entering `avoiding`, the next node on the way."""
        importers: dict[int, list[int]] = defaultdict(list)
        packages = self._packages
        for node in range(len(self.wide)):
            if node not in avoiding:
                for target in self._targets(node):
                    importers[target].append(node)
                if packages[node] >= 0:
                    importers[packages[node]].append(node)
        onward = {node: node for node in goal}
        frontier = sorted(goal)
        while frontier:
            reached: list[int] = []
            for node in frontier:
                for importer in importers.get(node, ()):
                    if importer not in onward:
                        onward[importer] = node
                        reached.append(importer)
            frontier = reached
        return onward

    def _targets(self, node: int) -> Iterable[int]:
        if node >= len(self.wide):
            return ()
        exact = self._exact.get(node)
        return self.wide[node] if exact is None else dict.fromkeys(edge.target for edge in exact)

    @cached_property
    def _packages(self) -> list[int]:
        """For each module the nearest package above it, whose `__init__.py` runs before the module does; -1: none."""
        paths = [file.path for file in self.modules.files]
        inits = {path[: -len("/__init__.py")]: i for i, path in enumerate(paths) if path.endswith("/__init__.py")}
        folders = (path.rpartition("/")[0] for path in paths)
        return [
            inits.get(folder.rpartition("/")[0] if inits.get(folder) == i else folder, -1)
            for i, folder in enumerate(folders)
        ]

    def _edge(self, importer: int, target: int) -> Edge:
        imported = (edge for edge in self._exact[importer] if edge.target == target)
        return next(imported, Edge(importer, target, 0, 0, "package"))

    def _look_exactly(self, nodes: Sequence[int]) -> None:
        files = [self.modules.files[node] for node in nodes if node not in self._exact]
        exact = self.extraction.of(EXACT, files) if files else {}
        by_name = overlaid(self.extraction.of(BY_NAME, files), self.linked.sites, files) if files else {}
        for node in nodes:
            if node not in self._exact:
                path = self.modules.files[node].path
                # What an exact look cannot be had of keeps the edges of the wide one: it must not come out clean.
                said = self.extraction.errors.get(path) or exact.get(path, ())
                found = self._static(node, said) + self._dynamic(node, by_name.get(path, ()))
                known = {edge.target for edge in found}
                found += [edge for edge in self._ran.get(node, ()) if edge.target not in known]
                self._exact[node] = tuple(sorted(set(found), key=lambda edge: (edge.line, edge.column, edge.target)))

    @cached_property
    def _ran(self) -> dict[int, list[Edge]]:
        """What each module imported when it ran."""
        by_file = self.recorded.by_file
        importers = (node for node, file in enumerate(self.modules.files) if file.path in by_file) if by_file else ()
        return {
            node: [
                Edge(node, target, one.line, 0, "recorded")
                for one in by_file[self.modules.files[node].path]
                for target in self._resolver.ran(self.modules.files[node].path, one)
                if target != node
            ]
            for node in importers
        }

    def _static(self, node: int, exact: Any) -> list[Edge]:
        path = self.modules.files[node].path
        if isinstance(exact, str):
            return [Edge(node, target, 0, 0, "static", exact) for target in self.wide[node]]
        return [
            Edge(node, target, line, column, "static")
            for line, column, module, names in exact
            for target in self._resolver.resolve(path, module, names)
        ]

    def _dynamic(self, node: int, sites: Any) -> list[Edge]:
        path = self.modules.files[node].path
        return [
            Edge(node, target, line, column, "dynamic")
            for line, column, name, is_roundabout in _known_names(sites)
            for target in self._resolver.loaded(path, name, is_roundabout)
        ]


def _known_names(sites: Any) -> Iterator[tuple[int, int, str, bool]]:
    if isinstance(sites, str):  # the file does not parse; the gate that asks for its sites says so
        return
    for line, column, _, target, level, _, prefix, is_roundabout, _, _ in sites:
        if target is not None or level:
            yield line, column, "." * level + (target or ""), is_roundabout
        elif prefix.rpartition(".")[0].strip("."):  # wherever it goes on, it is below this
            yield line, column, prefix.rpartition(".")[0], True


class _Resolver:
    """Names as a file spells them into nodes."""

    def __init__(self, modules: Modules, lanes: Lanes, ghosts: list[str]) -> None:
        self._modules = modules
        self._lanes = lanes
        self._ghosts = ghosts
        self._ghost_nodes = {name: len(modules.files) + i for i, name in enumerate(ghosts)}
        self._index = modules.index
        self._from_top = modules.index if "" in modules.roots else _index_from_top(modules)
        self._tops = {name.split(".", 1)[0] for name in self._index}
        self._known: dict[tuple[str, tuple[str, ...]], tuple[int, ...]] = {}
        # What an entry means is the same in every file, or (relative ones, and scripts') in every file of a folder.
        self._by_name: dict[str, tuple[int, ...]] = {}
        self._by_folder: dict[str, dict[str, tuple[int, ...]]] = defaultdict(dict)

    def targets(self, path: str, scanned: Sequence[str], by_name: Any) -> tuple[int, ...]:
        """What a file may import: its scanned statements, and what it loads by a name that is known."""
        found: set[int] = set()
        if scanned and scanned[0] == EXACTLY:
            scanned = scanned[1:]
        if scanned and scanned[0] == UNPARSED:
            for name in scanned[1:]:
                found.update(self._prefix(path, name))
        else:
            folder = path.rpartition("/")[0]
            own_way = self._is_script(path)
            here = self._by_folder[folder]
            for entry in scanned:
                known = here if own_way or entry[0] == "." else self._by_name
                targets = known.get(entry)
                if targets is None:
                    targets = known[entry] = self.resolve(path, *unpacked(entry))
                if targets:
                    found.update(targets)
        for _, _, name, is_roundabout in _known_names(by_name):
            found.update(self.loaded(path, name, is_roundabout))
        return tuple(sorted(found))

    def loaded(self, path: str, name: str, is_roundabout: bool) -> tuple[int, ...]:
        """The nodes that a loading site enters: a dotted name, or the path of a file or of a folder to be searched."""
        if name.startswith(PATH):
            return self._by_path(path, name[len(PATH) :])
        return self._prefix(path, name) or (() if is_roundabout else self.resolve(path, name, ()))

    def ran(self, path: str, imported: Imported) -> tuple[int, ...]:
        """The node of a module that ran: by its file, and by its name where that is none of the modules."""
        if imported.path is None:
            return ()
        position = self.positions.get(imported.path)
        if position is not None:
            return (position,)
        return self.resolve(path, imported.name or posixpath.splitext(imported.path)[0].replace("/", "."), ())

    def _by_path(self, path: str, text: str) -> tuple[int, ...]:
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), text))
        places = [beside] if text.startswith("./") else [posixpath.normpath(text), beside]
        for place in places:
            for file in (place, f"{place}/__init__.py", f"{place}.py"):
                if file in self.positions and (file != f"{place}/__init__.py" or place not in self._modules.roots):
                    return (self.positions[file],)
            if place in self._folders and place not in self._modules.roots:
                return self._of_one_lane(place)
        return ()

    def _of_one_lane(self, folder: str) -> tuple[int, ...]:
        """The first module of a folder whose modules are all of one lane: a folder of several says nothing."""
        inside = [node for path, node in self.positions.items() if path.startswith(f"{folder}/")]
        lanes = {self._lanes.of(self._modules.files[node].path) for node in inside}
        return (min(inside),) if len(lanes) == 1 else ()

    @cached_property
    def positions(self) -> dict[str, int]:
        """Path to node."""
        return {file.path: position for position, file in enumerate(self._modules.files)}

    def _prefix(self, path: str, name: str) -> tuple[int, ...]:
        """Of a name on a line of a file that does not parse, the longest part that is a module."""
        parts = name.split(".")
        for length in range(len(parts), 0, -1):
            found = self.resolve(path, ".".join(parts[:length]), ())
            if found and found[0] < len(self._modules.files):
                return found
        return self.resolve(path, name, ()) if self._lanes.formerly(name) else ()

    def resolve(self, path: str, module: str, names: Sequence[str]) -> tuple[int, ...]:
        """The nodes that `from module import names` in the file at `path` enters."""
        names = tuple(names)
        if module.startswith("."):
            return self._relative(path, module, names)
        if module.split(".", 1)[0] not in self._tops and self._is_script(path):
            folder = posixpath.dirname(path).replace("/", ".")
            if self._is_beside(folder, module, names):
                return self._find(f"{folder}.{module}", names, self._from_top)
        return self._absolute(module, names)

    def _is_script(self, path: str) -> bool:
        """Whether the file's own folder is where a script in it imports from: a folder that is no package."""
        folder = path.rpartition("/")[0]
        return bool(folder) and f"{folder}/__init__.py" not in self._modules.paths

    def _is_beside(self, folder: str, module: str, names: tuple[str, ...]) -> bool:
        """Whether a script in the folder finds the module there, or would have to: in a package of that name."""
        whole = f"{folder}.{module}"
        if any(name in self._from_top for name in (whole, *(f"{whole}.{name}" for name in names))):
            return True
        top = self._from_top.get(f"{folder}.{module.partition('.')[0]}")
        return top is not None and self._modules.files[top].path.endswith("/__init__.py")

    def _absolute(self, module: str, names: tuple[str, ...]) -> tuple[int, ...]:
        if module.split(".", 1)[0] in self._tops:
            return self._find(module, names, self._index)
        beyond = self._modules.beyond
        if module in beyond or any(f"{module}.{name}" in beyond for name in names):
            return self._find(module, names, beyond)
        return (self._ghost(module),) if self._lanes.former_roots and self._lanes.formerly(module) else ()

    def _relative(self, path: str, module: str, names: tuple[str, ...]) -> tuple[int, ...]:
        name = module.lstrip(".")
        package = posixpath.dirname(path).split("/") if "/" in path else []
        up = len(module) - len(name) - 1
        if up > len(package):
            return ()
        parts = package[: len(package) - up] + ([name] if name else [])
        if not parts:  # `from . import x` at the top of the repository
            return tuple(self._from_top[entry] for entry in names if entry in self._from_top)
        return self._find(".".join(parts), names, self._from_top)

    def _find(self, module: str, names: tuple[str, ...], index: Any) -> tuple[int, ...]:
        if module.endswith(_INIT):  # the package's own file, under a second name by which nothing lies below it
            module, names = module[: -len(_INIT)], ()
        key = (module, names)
        if index is self._index and key in self._known:
            return self._known[key]
        found: dict[int, None] = {}
        for name in names or ("",):
            node = index.get(f"{module}.{name}") if name else None
            if node is None:  # an attribute of the module, or the module itself
                node = index.get(module)
            found[self._ghost(module) if node is None else node] = None
        result = tuple(found)
        if index is self._index:
            self._known[key] = result
        return result

    def _ghost(self, name: str) -> int:
        node = self._ghost_nodes.get(name)
        if node is None:
            node = self._ghost_nodes[name] = len(self._modules.files) + len(self._ghosts)
            self._ghosts.append(name)
        return node

    def ghost_path(self, name: str) -> str:
        """The path that a file of this name has not: a folder's `__init__.py` where there is such a folder."""
        below = name.replace(".", "/")
        prefixes = [f"{root}/" if root else "" for root in self._modules.roots] or [""]
        for prefix in prefixes:
            if prefix + below in self._folders:
                return f"{prefix}{below}/__init__.py"
        top = below.split("/", 1)[0]
        prefix = next((prefix for prefix in prefixes if prefix + top in self._folders), "")
        return f"{prefix}{below}.py"

    @cached_property
    def _folders(self) -> frozenset[str]:
        """Every folder that holds modules, at any depth."""
        found: set[str] = set()
        for file in self._modules.files:
            folder = posixpath.dirname(file.path)
            while folder and folder not in found:
                found.add(folder)
                folder = posixpath.dirname(folder)
        return frozenset(found)


def _index_from_top(modules: Modules) -> dict[str, int]:
    named = ((dotted(file.path, ""), position) for position, file in enumerate(modules.files))
    return {name: position for (name, _), position in sorted(named, reverse=True) if name}
