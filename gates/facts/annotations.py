"""The types that modules name without importing them: annotations that are text, and forward references."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from gates.facts.extraction import Extraction
from gates.facts.fact import digest_of
from gates.facts.modules import Modules


class Annotation(NamedTuple):
    """One dotted name in an annotation; lines and columns count from 1."""

    line: int
    column: int
    name: str


@dataclass
class Annotations:
    """Read only when they are asked for: few policies want to know."""

    modules: Modules
    extraction: Extraction
    unit: ClassVar[str] = "modules"
    reads: ClassVar[tuple[str, ...]] = ()
    extractor: ClassVar[str] = "gates.facts.extractors.annotations"

    @classmethod
    def gather(cls, modules: Modules, extraction: Extraction) -> Annotations:
        """Nothing is read until it is asked for."""
        return cls(modules, extraction)

    @property
    def digest(self) -> str:
        """Of the modules."""
        return digest_of(self.modules.digest)

    def __len__(self) -> int:
        return len(self.modules)

    def all(self) -> Iterator[tuple[str, Annotation]]:
        """Path and annotation, of the modules that parse."""
        for path, found in self.extraction.of(self.extractor, self.modules.files).items():
            if not isinstance(found, str):
                yield from ((path, Annotation(*one)) for one in found)
