"""The names that the modules of a repository define, looked up module by module."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Optional

from gates.facts.checkout import Checkout
from gates.facts.extraction import Extraction
from gates.facts.modules import Modules

DEFINITIONS = "gates.facts.extractors.tree.definitions"
WORDS = "gates.facts.extractors.tree.words"


@dataclass
class Names:
    """What modules define (classes, their members, functions, constants), and the words of any file."""

    modules: Modules
    checkout: Checkout
    extraction: Extraction
    unit: ClassVar[str] = "modules"
    may_be_none: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def gather(cls, modules: Modules, checkout: Checkout, extraction: Extraction) -> Names:
        """Nothing is read before it is asked for."""
        return cls(modules, checkout, extraction)

    @property
    def digest(self) -> str:
        """Of the modules."""
        return self.modules.digest

    def __len__(self) -> int:
        return len(self.modules)

    def words(self, path: str) -> Optional[tuple[int, frozenset[str]]]:
        """How many lines a file has and its words; None where it is no text."""
        value = self.extraction.of(WORDS, [self.checkout.files[path]]).get(path)
        return None if value is None or isinstance(value, str) else (value[0], frozenset(value[1]))

    def defined_in(self, path: str) -> Mapping[str, str]:
        """The dotted names that a module defines, with the bases of classes."""
        value = self.extraction.of(DEFINITIONS, [self.checkout.files[path]]).get(path)
        return {} if value is None or isinstance(value, str) else dict(value)

    def module(self, dotted: str) -> tuple[str, str]:
        """The path of the longest part of a dotted name that is a module, and what is left of the name."""
        parts = dotted.split(".")
        for length in range(len(parts), 0, -1):
            position = self.modules.index.get(".".join(parts[:length]))
            if position is not None:
                return self.modules.files[position].path, ".".join(parts[length:])
        return "", dotted

    @cached_property
    def roots(self) -> frozenset[str]:
        """The first parts of the names by which modules are imported, where they are packages."""
        return frozenset(name.partition(".")[0] for name in self.modules.index if "." in name)

    @cached_property
    def packages(self) -> frozenset[str]:
        """Every dotted name below which there are modules."""
        return frozenset(name[:at] for name in self.modules.index for at in _dots(name))

    @cached_property
    def classes(self) -> Mapping[str, Sequence[str]]:
        """The name of each class to the paths of the modules that define it."""
        found: dict[str, list[str]] = {}
        for path, value in self.extraction.of(DEFINITIONS, self.modules.files).items():
            for name, bases in value if not isinstance(value, str) else ():
                if bases:
                    found.setdefault(name.rpartition(".")[2], []).append(path)
        return found

    @cached_property
    def every(self) -> frozenset[str]:
        """The last parts of all names that any module defines."""
        values = self.extraction.of(DEFINITIONS, self.modules.files).values()
        return frozenset(name.rpartition(".")[2] for value in values if not isinstance(value, str) for name, _ in value)

    def is_open(self, path: str) -> bool:
        """Whether a module may have names that its text does not define."""
        found = self.words(path)
        if found is None or "__getattr__" in found[1] or "globals" in found[1] or "exec" in found[1]:
            return True
        source = self.checkout.read(path)
        return bool(re.search(rb"^\s*from\s+\S+\s+import\s+\*", source, re.MULTILINE)) or path.endswith(".pyi")


def _dots(name: str) -> list[int]:
    return [at for at, letter in enumerate(name) if letter == "."]
