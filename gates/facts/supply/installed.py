"""What the distributions that are installed beside this tool say of themselves: the metadata at hand."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Optional

from gates.facts.fact import digest_of
from gates.facts.supply.asked import Asked, asked_for, normalised

_SUFFIX = ".dist-info"


@dataclass(frozen=True)
class InstalledDistributions:
    """Name to version and place of the metadata; what a name and a version stand for never changes."""

    places: Mapping[str, tuple[str, Path]]
    unit: ClassVar[str] = "installed distributions"
    may_be_none: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def gather(cls) -> InstalledDistributions:
        """Of the environment that judges."""
        return cls.of([place for place in sys.path if place.endswith("-packages")])

    @classmethod
    def of(cls, folders: Iterable[str]) -> InstalledDistributions:
        """By the names of the folders that installers make; the first of a name is the one that is imported."""
        found: dict[str, tuple[str, Path]] = {}
        for folder in folders:
            for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
                distribution, dash, version = name[: -len(_SUFFIX)].rpartition("-")
                if name.endswith(_SUFFIX) and dash:
                    found.setdefault(normalised(distribution), (version, Path(folder) / name))
        return cls(found)

    @cached_property
    def digest(self) -> str:
        """Of the names and versions."""
        return digest_of(repr(sorted((name, version) for name, (version, _) in self.places.items())))

    def __len__(self) -> int:
        return len(self.places)

    def version(self, name: str) -> Optional[str]:
        """The version that is installed; None where none is."""
        return self.places[name][0] if name in self.places else None

    def needed_by(self, name: str) -> tuple[Asked, ...]:
        """What the distribution says that it needs. Lines that are no requirements are left to its authors."""
        found: list[Asked] = []
        for line in self.headers(name).get("requires-dist", ()):
            try:
                found.append(asked_for(line))
            except ValueError:
                continue
        return tuple(found)

    def headers(self, name: str) -> Mapping[str, tuple[str, ...]]:
        """The fields of its METADATA, in lower case, each as often as it is there."""
        try:
            content = (self.places[name][1] / "METADATA").read_bytes()
        except (KeyError, OSError):
            return {}
        read = BytesHeaderParser().parsebytes(content)
        return {key.lower(): tuple(map(str, read.get_all(key) or ())) for key in set(dict(read))}
