"""Where modules are loaded by name: `importlib`, `__import__`, `exec` and their kin, in every module."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from gates.facts.extractors.dynamic_loading import LoadingSite
from gates.facts.per_module import PerModule


@dataclass
class DynamicImports(PerModule):
    """The loading sites of every module."""

    extractor: ClassVar[str] = "gates.facts.extractors.dynamic_loading"

    def outside(self, allowed: Iterable[str]) -> Iterator[tuple[str, LoadingSite]]:
        """Path and site of each load in a module that none of the globs matches."""
        for path, sites in self.answers(allowed):
            if not isinstance(sites, str):
                yield from ((path, LoadingSite(*site)) for site in sites)

    def unknown(self, allowed: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Path and reason of each such module that mentions a loader and does not parse."""
        return ((path, why) for path, why in self.answers(allowed) if isinstance(why, str))
