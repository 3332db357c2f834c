"""Every handler of all failures, and what it does with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from gates.facts.extractors.exception_handlers import BroadHandler
from gates.facts.per_module import PerModule


@dataclass
class BroadHandlers(PerModule):
    """The handlers for Exception, BaseException or everything, in every module."""

    extractor: ClassVar[str] = "gates.facts.extractors.exception_handlers"

    def outside(self, allowed: Iterable[str]) -> Iterator[tuple[str, BroadHandler]]:
        """Path and handler, for modules that none of the globs matches. One that does not parse is not searched."""
        for path, handlers in self.answers(allowed):
            if not isinstance(handlers, str):
                yield from ((path, BroadHandler(*handler)) for handler in handlers)

    def unknown(self, allowed: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Path and reason of each such module that may handle broadly and does not parse."""
        return ((path, why) for path, why in self.answers(allowed) if isinstance(why, str))
