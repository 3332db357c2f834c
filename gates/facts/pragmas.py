"""Every comment that takes lines out of what is measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from gates.facts.per_module import PerModule


@dataclass
class Pragmas(PerModule):
    """Each such comment of every module, with what is written behind it."""

    extractor: ClassVar[str] = "gates.facts.extractors.pragmas"

    def outside(self, allowed: Iterable[str]) -> Iterator[tuple[str, int, str]]:
        """Path, line and words, for modules that none of the globs matches."""
        for path, pragmas in self.answers(allowed):
            yield from ((path, line, words) for line, words in pragmas)
