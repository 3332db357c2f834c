"""A fact that is one extractor's answer for every module: gathered in one way, kept by content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, TypeVar

from gates.facts.extraction import Extraction
from gates.facts.files import File
from gates.facts.modules import Modules
from gates.facts.scope import Scope

T = TypeVar("T", bound="PerModule")


@dataclass
class PerModule:
    """`extractor` names the module whose `extract` is asked. A string as answer says why a file was not looked at."""

    modules: Modules
    extraction: Extraction
    unit: ClassVar[str] = "modules"
    reads: ClassVar[tuple[str, ...]] = ()
    extractor: ClassVar[str]

    @classmethod
    def extractors(cls) -> tuple[str, ...]:
        """Those that it asks of every module."""
        return (cls.extractor,)

    @classmethod
    def gather(cls: type[T], modules: Modules, extraction: Extraction, scope: Scope) -> T:
        """Nothing is read until it is asked for."""
        return cls(modules.within(scope), extraction)

    @property
    def digest(self) -> str:
        """Of the modules: with the extractor's own code, all that the answers depend on."""
        return self.modules.digest

    def __len__(self) -> int:
        return len(self.modules)

    def needs(self) -> dict[str, Sequence[File]]:
        """The extractor, and the files that it will be asked about."""
        return {self.extractor: self.modules.files}

    @cached_property
    def _answers(self) -> dict[str, Any]:
        return self.extraction.of(self.extractor, self.modules.files)

    def account(self) -> dict[str, int]:
        """How each module was looked at; the numbers add up to all of them."""
        known = self.extraction.known(self.extractor, self.modules.files)
        by_scan = sum(1 for value in known.values() if value is None)
        unparsed = sum(1 for value in known.values() if isinstance(value, str))
        parsed = len(known) - by_scan - unparsed
        unread = len(self.modules.files) - len(known)
        return {"ruled out by a scan": by_scan, "parsed": parsed, "not parsable": unparsed, "unreadable": unread}

    def answers(self, outside: Iterable[str] = ()) -> Iterator[tuple[str, Any]]:
        """Path and answer of each module outside the globs of which the extractor had something to say."""
        answers = self._answers
        return ((file.path, answers[file.path]) for file in self.modules.outside(outside) if file.path in answers)
