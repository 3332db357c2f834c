"""Which modules do not decode or parse, and why."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from gates.facts.extractors.python_syntax import Unparsable
from gates.facts.fact import digest_of
from gates.facts.per_module import PerModule


@dataclass
class Syntax(PerModule):
    """What the running Python's parser says of every module."""

    extractor: ClassVar[str] = "gates.facts.extractors.python_syntax"

    @cached_property
    def digest(self) -> str:
        """Of the modules, and of the grammar that judged them."""
        return digest_of(self.modules.digest, sys.version_info[:2])

    def account(self) -> dict[str, int]:
        """Which modules the parser read, and which it did not; the numbers add up to all of them."""
        known = self.extraction.known(self.extractor, self.modules.files)
        parsed = sum(1 for value in known.values() if value is None)
        unread = len(self.modules.files) - len(known)
        return {"parsed": parsed, "not parsable": len(known) - parsed, "unreadable": unread}

    def unparsable(self, allowed: Iterable[str]) -> Iterator[tuple[str, Unparsable]]:
        """Path and reason of each module outside the globs that is not Python to this interpreter."""
        return ((path, Unparsable(*answer)) for path, answer in self.answers(allowed))

    def unreadable(self) -> Iterator[tuple[str, str]]:
        """Path and reason of each module that could not be read at all."""
        paths = self.modules.paths
        return ((path, why) for path, why in self.extraction.errors.items() if path in paths)
