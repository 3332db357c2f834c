"""The files that are not Python and yet decide what Python runs, and what each of them names."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Literal

import msgspec

from gates.facts.carrier_kinds import KINDS, carriers, pathspecs
from gates.facts.checkout import Checkout, tree_digest
from gates.facts.extraction import Extraction
from gates.facts.extractors.carriers.use import GIVEN, ROOT, SEARCH, SHIPS, UNPARSED, Use
from gates.facts.fact import digest_of
from gates.facts.files import File
from gates.facts.store import Store
from gates.globs import Globs, any_of

_decode = msgspec.msgpack.Decoder().decode


@dataclass(frozen=True)
class AddedCarriers:
    """Files that are read as one of the known kinds, whatever their names."""

    paths: Globs
    kind: Literal["TOML", "INI", "YAML", "Dockerfile", "Procfile", "makefile", "shell script", "notebook", "settings"]


@dataclass(frozen=True)
class CarrierSettings:
    """`[facts.carriers]`: files to `add`, and files to `leave_out`, of those known by their names.

    `module_keys` are keys of settings under which the path of a module stands, `no_module_keys` keys under which none
    does although they look like it; case and `-` or `_` make no difference.
    """

    policy_section: ClassVar[str] = "carriers"
    add: tuple[AddedCarriers, ...] = ()
    leave_out: Globs = ()
    module_keys: tuple[str, ...] = ()
    no_module_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class CarrierFiles:
    """The carriers, sorted by path, with the kind of each."""

    files: tuple[File, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    uses: Mapping[str, tuple[Use, ...]] = field(default_factory=dict)
    settings: CarrierSettings = CarrierSettings()
    unit: ClassVar[str] = "carrier files"

    @classmethod
    def gather(
        cls, checkout: Checkout, extraction: Extraction, store: Store, settings: CarrierSettings
    ) -> CarrierFiles:
        """By their names. What they name is read at once: it decides which names modules have."""
        left_out = any_of(settings.leave_out)
        kinds = {path: kind for path, kind in carriers(checkout.files) if not left_out.fullmatch(path)}
        for added in settings.add:
            kinds.update((file.path, added.kind) for file in checkout.matching(added.paths))
        known = (checkout.files[path] for path in sorted(kinds))
        files = tuple(file for file in known if not file.is_symlink and not file.is_submodule)
        return cls(files, kinds, _read(files, kinds, extraction, store), settings)

    @cached_property
    def digest(self) -> str:
        """Of every carrier's path, mode, content and kind, and of the settings."""
        kinds = [self.kinds[file.path] for file in self.files]
        return digest_of(tree_digest(self.files), repr(kinds), repr(self.settings))

    def __len__(self) -> int:
        return len(self.files)

    @property
    def reads(self) -> tuple[str, ...]:
        """Git pathspecs of the carriers."""
        return pathspecs([file.path for file in self.files])

    def account(self) -> dict[str, int]:
        """How many of each kind there are; and how many of them all could not be parsed."""
        counted = Counter(self.kinds[file.path] for file in self.files)
        unparsed = sum(1 for uses in self.uses.values() if any(use.kind == UNPARSED for use in uses))
        return {**{kind: counted[kind] for kind in sorted(counted)}, "not parsable": unparsed}

    @cached_property
    def searched(self) -> tuple[str, ...]:
        """Folders that some carrier puts on the path of imports; whether there are any such is not looked at."""
        found = (place for path, use in self._all(SEARCH, ROOT) for place in places_of(path, use))
        return tuple(sorted(set(found)))

    @cached_property
    def given(self) -> tuple[tuple[str, str], ...]:
        """Names under which a distribution installs a folder or a file, with its path."""
        return tuple(sorted({(use.folder, place) for path, use in self._all(GIVEN) for place in places_of(path, use)}))

    def shipped(self, path: str) -> tuple[list[str], list[str]]:
        """The paths of what a carrier's distribution or image is made of, where it says so: beside it, and as said."""
        said = [use for use in self.uses.get(path, ()) if use.kind == SHIPS]
        return [place for use in said for place in places_of(path, use)], [use.text for use in said]

    def _all(self, *kinds: str) -> Iterator[tuple[str, Use]]:
        return ((path, use) for path, uses in self.uses.items() for use in uses if use.kind in kinds)


def places_of(path: str, use: Use) -> list[str]:
    """The paths of the repository that the path of a use may mean; "" is the top.

    Packages lie below the folder of the file that names them, and what is run is looked for from the top, too.
    """
    if use.text.startswith("/"):
        parts = use.text.strip("/").split("/")
        return ["/".join(parts[start:]) for start in range(len(parts))]
    inside = use.folder if use.kind != GIVEN else ""
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), inside, use.text))
    found = [beside]
    if use.kind not in (GIVEN, ROOT, SHIPS):
        found.insert(0, posixpath.normpath(posixpath.join(inside, use.text)))
    return ["" if place == "." else place for place in dict.fromkeys(found) if not place.startswith("..")]


def _read(
    files: tuple[File, ...], kinds: Mapping[str, str], extraction: Extraction, store: Store
) -> dict[str, tuple[Use, ...]]:
    """What each names; what all of them named when they were last read together is kept as one."""
    if not files:
        return {}
    key = f"{extraction.version}/{digest_of(tree_digest(files), repr([kinds[file.path] for file in files]))}"
    kept = store.get_one("carriers", key)
    if kept is None:
        found = _extracted(files, kinds, extraction)
        kept = msgspec.msgpack.encode(found)
        if not extraction.is_overlaid and not any(file.path in extraction.errors for file in files):
            store.put("carriers", {key: kept})
    return {path: tuple(Use(*use) for use in uses) for path, uses in _decode(kept).items()}


def _extracted(files: tuple[File, ...], kinds: Mapping[str, str], extraction: Extraction) -> dict[str, list[Use]]:
    by_extractor: dict[str, list[File]] = {}
    for file in files:
        by_extractor.setdefault(KINDS[kinds[file.path]].extractor, []).append(file)
    extraction.prefetch(by_extractor.items())
    found: dict[str, list[Use]] = {}
    for extractor, some in by_extractor.items():
        for path, value in extraction.of(extractor, some).items():
            found[path] = [Use(0, 0, UNPARSED, "", value)] if isinstance(value, str) else value
    return found
