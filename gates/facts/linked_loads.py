"""The loading sites that one file alone leaves open, seen together with the modules that it uses.

A file is looked at again when it has a site that cannot be known by itself, or when it imports what another module
loads with: a function that loads what it is told, a loader under another name.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Optional

import msgspec

from gates.errors import CheckoutError
from gates.facts.checkout import Checkout
from gates.facts.extraction import FEW_FILES, Extraction
from gates.facts.extractors.dynamic_loading import LoadingSite
from gates.facts.fact import digest_of
from gates.facts.files import File
from gates.facts.modules import Modules
from gates.facts.store import Store

_SCAN = "gates.facts.extractors.import_statements"
_BY_NAME = "gates.facts.extractors.dynamic_loading"
_KIND = "linked"
_ROUNDS = 4
# What more files use than this is not looked at in each of them.
_MANY_USERS = 30
# Below this many files other processes cost more than they save.
_FEW = 3

# What a reason says of a name that comes from elsewhere; and reasons that may hide one.
_ELSEWHERE = re.compile(r"another module \((\.*[\w.]+)")
_NAMED = re.compile(
    r"(?:it is what|it is read from|it is an item of) ([^\W\d]\w*)|'(\w+)' is not assigned in this file"
)

_decode = msgspec.msgpack.Decoder().decode

Sites = tuple[LoadingSite, ...]
_Handle = tuple[str, str]
"""By what others reach what a module loads with: the last part of the module's name, and the name in it.

For the modules of a package what that one has is named by its folder, with a slash behind it, too.
"""


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
        loading: set[_Handle] = set()
        for path, sites in alone.items():
            if not isinstance(sites, str) and sites:
                loading |= self._handles(path, sites[0][-1])
        told: set[_Handle] = set()
        waiting = {path for path, sites in alone.items() if self._is_open(path, sites)} | {*self._importers(loading)}
        for _ in range(_ROUNDS):
            told |= loading
            files = [self.modules.files[self._positions[path]] for path in sorted(waiting)]
            for path, sites in self._together(files, told):
                found[path] = sites
                loading |= self._handles(path, sites[0].reached_by if sites else ())
            if loading <= told:
                break
            waiting = {*self._importers(loading - told)}
        return found

    def _handles(self, path: str, names: Sequence[str]) -> set[_Handle]:
        module = self.modules.name_of(path).rpartition(".")[2]
        found = {(module, name) for name in names}
        # (`from . import name`, by the modules of the package)
        beside = {(f"{posixpath.dirname(path)}/", name) for name in names} if path.endswith("/__init__.py") else set()
        return found | beside

    def _is_open(self, path: str, sites: Any) -> bool:
        """Whether a file leaves something open that a module of the repository may answer."""
        if isinstance(sites, str):
            return False
        return any(self._may_be_answered(path, site[2], site[3], site[5]) for site in sites)

    def _may_be_answered(self, path: str, spelling: str, target: Optional[str], reason: str) -> bool:
        if target is not None:
            return spelling.split(".", 1)[0] in self._tops
        from_elsewhere = _ELSEWHERE.search(reason)
        if from_elsewhere is not None:
            return from_elsewhere[1].startswith(".") or from_elsewhere[1].split(".", 1)[0] in self._tops
        named = _NAMED.match(reason)
        return named is not None and self._may_import(path, named[1] or named[2])

    def _may_import(self, path: str, name: str) -> bool:
        """Whether a file imports a name from a module of the repository, or all that one has."""
        file = self.modules.files[self._positions[path]]
        for entry in self.extraction.of(_SCAN, [file]).get(path, ()):
            module, _, listed = entry.partition(":")
            is_ours = module.startswith(".") or module.split(".", 1)[0] in self._tops
            if is_ours and (name in listed.split(",") or listed == "*" or module.split(".", 1)[0] == name):
                return True
        return False

    def _importers(self, loading: Set[_Handle]) -> list[str]:
        """The files that import one of these names from a module of that name, or the module and use the name.

        What a great many files use is not followed into all of them: where it loads what it is told is opaque anyway.
        """
        handles = sorted(loading)
        if not handles:
            return []
        key = f"importers/{self.extraction.version}/{digest_of(repr(handles))}"
        kept = self.store.get_one(_KIND, key)
        known: dict[str, list[int]] = msgspec.msgpack.decode(kept) if kept is not None else {}
        fresh = [file for file in self.modules.files if file.blob not in known]
        entries = self.extraction.of(_SCAN, fresh) if fresh else {}
        names: dict[str, dict[str, list[int]]] = {}
        for position, (module, name) in enumerate(handles):
            names.setdefault("" if module.endswith("/") else module, {}).setdefault(name, []).append(position)
        modules = sorted(re.escape(module) for module in names if module)
        from_here = "|".join(sorted(map(re.escape, names.get("", ()))))
        mentioned = re.compile("|".join([*modules, *([rf"\.:(?:\S*,)?(?:{from_here})(?!\w)"] if from_here else [])]))
        for file in fresh:
            imports = entries.get(file.path, ())
            may = mentioned.search(" ".join(imports)) is not None
            known[file.blob] = sorted(self._imported(file, imports, names)) if may else []
        if len(fresh) >= FEW_FILES and not self.extraction.is_overlaid:  # few are looked at again as fast
            blobs = {file.blob for file in self.modules.files}
            now = {blob: hits for blob, hits in known.items() if blob in blobs}
            self.store.put(_KIND, {key: msgspec.msgpack.encode(now)})
        hits = {
            file.path: [one for one in known[file.blob] if _is_meant(file.path, handles[one][0])]
            for file in self.modules.files
            if known[file.blob]
        }
        users = Counter(position for found in hits.values() for position in found)
        return [path for path, found in hits.items() if any(users[one] <= _MANY_USERS for one in found)]

    def _imported(self, file: File, imports: Iterable[str], names: Mapping[str, Mapping[str, list[int]]]) -> set[int]:
        found: set[int] = set()
        for entry in imports:
            module, _, listed = entry.partition(":")
            last = module.rpartition(".")[2]
            given = listed.split(",") if listed else []
            if last in names:
                every = names[last]
                for name in every if given == ["*"] else given:
                    found.update(every.get(name, ()))
            for whole in [last] if not listed else given:
                if whole and whole in names and self._mentions(file, names[whole].keys()):
                    found.update(position for some in names[whole].values() for position in some)
        return found

    def _mentions(self, file: File, names: Set[str]) -> bool:
        """Whether a file uses one of the names as an attribute."""
        try:
            source = self.checkout.read(file.path)
        except CheckoutError:
            return False
        return any(f".{name}".encode() in source for name in names)

    def _together(self, files: Sequence[File], loading: Set[_Handle]) -> Iterator[tuple[str, Sites]]:
        """Path and sites of the files, seen with the modules that they lead to, where they can be read."""
        handles = repr(sorted(loading))
        keys: dict[str, str] = {}
        for file in files:
            where = digest_of(self.modules.names_digest, file.path, handles)
            key = f"{self.extraction.version}/{file.blob}/{where}"
            kept = self.store.get_one(_KIND, key)
            if kept is not None:
                used, sites = _decode(kept)
                if all(self._blob_of(name) == blob for name, blob in used):
                    yield file.path, tuple(LoadingSite(*site) for site in sites)
                    continue
            keys[file.path] = key
        fresh: dict[str, bytes] = {}
        for path, looked_at in self._looked_at([file.path for file in files if file.path in keys], loading):
            fresh[keys[path]] = looked_at
            yield path, tuple(LoadingSite(*site) for site in _decode(looked_at)[1])
        if fresh and not self.extraction.is_overlaid:
            self.store.put(_KIND, fresh)

    def _looked_at(self, paths: Sequence[str], loading: Set[_Handle]) -> Iterator[tuple[str, bytes]]:
        """Path and, encoded, the modules that were used with the sites. Many are shared out among processes."""
        from gates.facts.extractors import linked_loading  # noqa: F401  (once, before any child is there)

        if len(paths) < _FEW:
            results: Iterable[tuple[int, bytes]] = ((at, self._look(path, loading)) for at, path in enumerate(paths))
        else:
            results = self.extraction.side_by_side(lambda number: self._look(paths[number], loading), len(paths))
        return ((paths[number], result) for number, result in results if result)

    def _look(self, path: str, loading: Set[_Handle]) -> bytes:
        from gates.facts.extractors.linked_loading import linked_sites

        used: dict[str, None] = {}
        own, is_package = self.modules.name_of(path), path.endswith("/__init__.py")
        try:
            source = self.checkout.read(path)
            sites = linked_sites(source, own, is_package, self._readings, loading, used)
        except (CheckoutError, SyntaxError, ValueError, RecursionError, MemoryError):
            return b""
        return msgspec.msgpack.encode(([(name, self._blob_of(name)) for name in sorted(used)], sites))

    @cached_property
    def _readings(self) -> Any:
        from gates.facts.extractors.linked_loading import Module, Readings

        def find(name: str) -> Optional[Module]:
            position = self.modules.index.get(name)
            if position is None:
                return None
            path = self.modules.files[position].path
            try:
                return Module(name, path, self.checkout.read(path))
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


def _is_meant(path: str, module: str) -> bool:
    """Whether a file that gets a name from its own package stands in the one that has it."""
    return not module.endswith("/") or f"{posixpath.dirname(path)}/" == module


def overlaid(alone: Mapping[str, Any], linked: Mapping[str, Sites], files: Sequence[File]) -> dict[str, Any]:
    """The sites of these files by path: as seen together with others where they were, else alone."""
    found = dict(alone)
    for file in files:
        if file.path in linked:
            found[file.path] = linked[file.path]
    return found
