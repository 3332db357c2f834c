"""The loading sites that one file alone leaves open, seen together with the modules that it uses.

A file is looked at again when it has a site that cannot be known by itself, or when it imports what another module
loads with: a function that loads what it is told, a loader under another name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Optional

import msgspec

from gates.errors import CheckoutError
from gates.facts.checkout import Checkout
from gates.facts.extraction import Extraction
from gates.facts.extractors.dynamic_loading import LoadingSite
from gates.facts.fact import digest_of
from gates.facts.files import File
from gates.facts.modules import Modules
from gates.facts.store import Store

_SCAN = "gates.facts.extractors.import_statements"
_BY_NAME = "gates.facts.extractors.dynamic_loading"
_KIND = "linked"
_ROUNDS = 4

Sites = tuple[LoadingSite, ...]


@dataclass
class LinkedLoads:
    """`sites` has an entry for each file that was looked at together with others; it stands for what was seen alone."""

    modules: Modules
    extraction: Extraction
    checkout: Checkout
    store: Store
    unit: ClassVar[str] = "modules"
    reads: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def gather(cls, modules: Modules, extraction: Extraction, checkout: Checkout, store: Store) -> LinkedLoads:
        """Nothing is read until it is asked for."""
        return cls(modules, extraction, checkout, store)

    @property
    def digest(self) -> str:
        """Of the modules."""
        return self.modules.digest

    def __len__(self) -> int:
        return len(self.modules)

    @cached_property
    def sites(self) -> Mapping[str, Sites]:
        """Path to the sites, for the files that were looked at again."""
        alone = self.extraction.of(_BY_NAME, self.modules.files)
        found: dict[str, Sites] = {}
        loading: set[str] = set()
        for path, sites in alone.items():
            if not isinstance(sites, str) and sites:
                loading |= self._words_of(path, sites[0][-1])
        told: set[str] = set()
        waiting = {path for path, sites in alone.items() if self._is_open(sites)} | {*self._importers(loading)}
        for _ in range(_ROUNDS):
            told |= loading
            for path in sorted(waiting - found.keys()):
                sites = self._together(self.modules.files[self._positions[path]], frozenset(told))
                if sites is not None:
                    found[path] = sites
                    loading |= self._words_of(path, sites[0].reached_by if sites else ())
            if loading <= told:
                break
            waiting = {*self._importers(loading - told)}
        return found

    def _words_of(self, path: str, names: Sequence[str]) -> set[str]:
        """By which words others reach what a module loads with: the names, and the module's own."""
        return {*names, self.modules.name_of(path).rpartition(".")[2]} if names else set()

    def _is_open(self, sites: Any) -> bool:
        """Whether a file leaves something open that a module of the repository may answer."""
        if isinstance(sites, str):
            return False
        return any(site[3] is None or site[2].split(".", 1)[0] in self._tops for site in sites)

    def _importers(self, names: Iterable[str]) -> list[str]:
        """The files that import one of these names, or all that a module has."""
        words = sorted({name for name in names if name})
        if not words:
            return []
        pattern = re.compile(rf"(?<![\w.])(?:{'|'.join(map(re.escape, words))})(?![\w.])")
        key = digest_of(*words)
        kept = self.store.get_one(_KIND, f"importers/{self.extraction.version}/{key}")
        known: dict[str, bool] = msgspec.msgpack.decode(kept) if kept is not None else {}
        fresh = [file for file in self.modules.files if file.blob not in known]
        entries = self.extraction.of(_SCAN, fresh) if fresh else {}
        for file in fresh:
            known[file.blob] = any(
                pattern.search(names) is not None or names == "*"
                for _, _, names in (entry.partition(":") for entry in entries.get(file.path, ()))
            )
        if fresh and not self.extraction.is_overlaid:
            blobs = {file.blob for file in self.modules.files}
            kept_now = msgspec.msgpack.encode({blob: hit for blob, hit in known.items() if blob in blobs})
            self.store.put(_KIND, {f"importers/{self.extraction.version}/{key}": kept_now})
        return [file.path for file in self.modules.files if known[file.blob]]

    def _together(self, file: File, loading: frozenset[str]) -> Optional[Sites]:
        """What a file loads, seen with the modules that it leads to; None where it cannot be read."""
        key = (
            f"{self.extraction.version}/{file.blob}/{digest_of(self.modules.names_digest, file.path, *sorted(loading))}"
        )
        kept = self.store.get_one(_KIND, key)
        if kept is not None:
            used, sites = msgspec.msgpack.decode(kept)
            if all(self._blob_of(name) == blob for name, blob in used):
                return tuple(LoadingSite(*site) for site in sites)
        return self._looked_at(file, key, loading)

    def _looked_at(self, file: File, key: str, loading: frozenset[str]) -> Optional[Sites]:
        from gates.facts.extractors.linked_loading import linked_sites

        used: dict[str, None] = {}
        own, is_package = self.modules.name_of(file.path), file.path.endswith("/__init__.py")
        try:
            source = self.checkout.read(file.path)
            sites = linked_sites(source, own, is_package, self._readings, loading, used)
        except (CheckoutError, SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        if not self.extraction.is_overlaid:
            blobs = [(name, self._blob_of(name)) for name in sorted(used)]
            self.store.put(_KIND, {key: msgspec.msgpack.encode((blobs, sites))})
        return sites

    @cached_property
    def _readings(self) -> Any:
        from gates.facts.extractors.linked_loading import Module, Readings

        def find(name: str) -> Optional[Module]:
            position = self.modules.index.get(name)
            if position is None:
                return None
            path = self.modules.files[position].path
            try:
                return Module(name, path.endswith(("/__init__.py", "/__init__.pyi")), self.checkout.read(path))
            except CheckoutError:
                return None

        return Readings(find)

    def _blob_of(self, name: str) -> Optional[str]:
        position = self.modules.index.get(name)
        return None if position is None else self.modules.files[position].blob

    @cached_property
    def _positions(self) -> Mapping[str, int]:
        return {file.path: position for position, file in enumerate(self.modules.files)}

    @cached_property
    def _tops(self) -> frozenset[str]:
        return frozenset(name.split(".", 1)[0] for name in self.modules.index)


def overlaid(alone: Mapping[str, Any], linked: Mapping[str, Sites], files: Sequence[File]) -> dict[str, Any]:
    """The sites of these files by path: as seen together with others where they were, else alone."""
    found = dict(alone)
    for file in files:
        if file.path in linked:
            found[file.path] = linked[file.path]
    return found
