"""The public signatures of the modules of promotion.toml, as they are and as they were recorded."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Optional

from gates.facts.checkout import Checkout
from gates.facts.extraction import Extraction
from gates.facts.fact import digest_of
from gates.facts.module_lanes import ModuleLanes

SCHEMA = 1
_EXTRACTOR = "gates.facts.extractors.signatures"
Signatures = Mapping[str, Mapping[str, str]]
"""Name of a file, wherever it lies, to its public names, each with its signature."""


@dataclass
class Interfaces:
    """What whoever imports the modules relies on. The record is a file of the repository, changed on purpose."""

    checkout: Checkout = field(repr=False)
    module_lanes: ModuleLanes = field(repr=False)
    extraction: Extraction = field(repr=False)
    unit: ClassVar[str] = "modules with an interface"
    reads: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def gather(cls, checkout: Checkout, module_lanes: ModuleLanes, extraction: Extraction) -> Interfaces:
        """Nothing is read until it is asked for."""
        return cls(checkout, module_lanes, extraction)

    @cached_property
    def digest(self) -> str:
        """Of the modules and of the record."""
        return digest_of(self.module_lanes.digest, self.content or b"")

    def __len__(self) -> int:
        return len(self.module_lanes)

    @property
    def place(self) -> str:
        """Where the record lies."""
        return self.module_lanes.policy.interfaces

    @property
    def content(self) -> Optional[bytes]:
        """The record, as it lies there."""
        return self.checkout.read(self.place) if self.place in self.checkout.files else None

    @cached_property
    def now(self) -> Mapping[str, Signatures]:
        """Module to the signatures that it has; a file that cannot be parsed has its reason as the one name."""
        files = [one.file for one in self.module_lanes.placed]
        told = self.extraction.of(_EXTRACTOR, files)
        found: dict[str, dict[str, dict[str, str]]] = {}
        for module, placed in self.module_lanes.by_module.items():
            if module:
                found[module] = _merged((one.file.path, told.get(one.file.path)) for one in placed)
        return found


def _merged(files: Iterable[tuple[str, Any]]) -> dict[str, dict[str, str]]:
    """By the files' names without their folders, because a module moves from lane to lane and stays what it is."""
    several: dict[str, dict[str, set[str]]] = {}
    for path, told in files:
        named = [("", f"cannot be parsed: {told}")] if isinstance(told, str) else told or ()
        for name, signature in named:
            several.setdefault(posixpath.basename(path), {}).setdefault(name, set()).add(signature)
    return {
        file: {name: " / ".join(sorted(signatures)) for name, signatures in sorted(names.items())}
        for file, names in sorted(several.items())
    }


def render(interfaces: Mapping[str, Signatures]) -> bytes:
    """The record as a file: the same bytes for the same signatures, a line a name, so that a diff can be read."""
    return json.dumps({"schema": SCHEMA, "modules": interfaces}, indent=1, sort_keys=True).encode("ascii") + b"\n"


def parse(content: bytes) -> Mapping[str, Signatures]:
    """The record's modules. ValueError where it is none."""
    table = json.loads(content)
    modules = table.get("modules") if isinstance(table, dict) and table.get("schema") == SCHEMA else None
    if not isinstance(modules, dict):
        raise ValueError("is no record of interfaces of this version")
    return modules


def changed(then: Signatures, now: Signatures) -> list[str]:
    """What is not as it was recorded, sorted: "file: name"."""
    names = {(path, name) for side in (then, now) for path, named in side.items() for name in named}
    return sorted(
        f"{path}: {name}" for path, name in names if then.get(path, {}).get(name) != now.get(path, {}).get(name)
    )
