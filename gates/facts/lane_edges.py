"""Which node of the import graph is in which lane, and how many imports go from each lane to each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, repeat
from typing import ClassVar, Optional

import msgspec

from gates.facts.fact import digest_of
from gates.facts.imports import Imports
from gates.facts.lanes import Lanes
from gates.facts.modules import Modules
from gates.facts.store import Store


@dataclass
class LaneEdges:
    """Counts are of the wide graph: pairs of modules, one for each importer and imported."""

    modules: Modules
    lanes: Lanes
    imports: Imports
    store: Store
    unit: ClassVar[str] = "lanes"
    reads: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def gather(cls, modules: Modules, lanes: Lanes, imports: Imports, store: Store) -> LaneEdges:
        """Nothing is counted until it is asked for."""
        return cls(modules, lanes, imports, store)

    @cached_property
    def digest(self) -> str:
        """Of the graph and the lanes."""
        return digest_of(self.imports.digest, self.lanes.digest)

    def __len__(self) -> int:
        return len(self.lanes)

    @cached_property
    def held(self) -> Mapping[str, int]:
        """Modules in each lane, in the order of the policy."""
        counted = Counter(self.lanes.of(file.path) for file in self.modules.files)
        return {lane.name: counted[lane.name] for lane in self.lanes.lanes}

    @cached_property
    def between(self) -> Mapping[tuple[str, str], int]:
        """Imports from a lane to another, or within one."""
        key = f"{self.imports.extraction.version}/{self.digest}"
        kept = self.store.get_one("lane-edges", key)
        if kept is None:
            kept = msgspec.msgpack.encode(sorted((*pair, many) for pair, many in self._counted().items()))
            if not self.imports.extraction.is_overlaid and not self.imports.extraction.errors:
                self.store.put("lane-edges", {key: kept})
        return {(importer, target): many for importer, target, many in msgspec.msgpack.decode(kept)}

    @cached_property
    def lane(self) -> Sequence[Optional[str]]:
        """The lane of each node of the graph; None where no lane has it."""
        known = (self.lanes.of(file.path) for file in self.modules.files)
        pairs = zip(self.imports.nodes(), chain(known, repeat(None)))
        return [lane or self.lane_of(node) for node, lane in pairs]

    def _counted(self) -> Counter[tuple[str, str]]:
        imported: dict[str, list[int]] = {}
        for mine, targets in zip(self.lane, self.imports.wide):
            if mine is not None:
                imported.setdefault(mine, []).extend(targets)
        counted: Counter[tuple[str, str]] = Counter()
        for mine, nodes in imported.items():
            for other, many in Counter(map(self.lane.__getitem__, nodes)).items():
                if other is not None:
                    counted[mine, other] = many
        return counted

    def lane_of(self, node: int) -> Optional[str]:
        """The lane of one node, of one that was found since, too."""
        return self.lanes.of(self.imports.path_of(node)) or self.lanes.formerly(self.imports.name_of(node))
