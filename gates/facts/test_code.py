"""The tests of a repository, and which of them can not fail."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from gates.facts.extraction import Extraction
from gates.facts.extractors.tests_of_a_file import Offence, Test
from gates.facts.fact import digest_of
from gates.facts.files import File
from gates.facts.modules import Modules
from gates.facts.scope import Scope
from gates.facts.test_helpers import Helpers, Origins
from gates.globs import any_of

_EXTRACTOR = "gates.facts.extractors.tests_of_a_file"
_NEAR_TESTS = re.compile(r"(?:^|[/_])(?:tests?|testing|testutils?|conftest)(?:[/_.]|$)")


def is_test_file(path: str) -> bool:
    """Whether pytest or Django would look for tests there, by its name."""
    name = posixpath.basename(path)
    return name.endswith(".py") and (
        name.startswith("test_") or name.endswith("_test.py") or name in ("test.py", "tests.py")
    )


def is_near_tests(path: str) -> bool:
    """Whether it holds tests, or lies where what they need does."""
    return is_test_file(path) or _NEAR_TESTS.search(path) is not None


@dataclass
class TestCode:
    """The files that hold tests by their names, and those near them that may hold helpers."""

    __test__ = False  # no test, whatever it is called
    modules: Modules
    extraction: Extraction
    scope: Scope
    unit: ClassVar[str] = "test files"
    reads: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def extractors(cls) -> tuple[str, ...]:
        """The one that it asks."""
        return (_EXTRACTOR,)

    @classmethod
    def gather(cls, modules: Modules, extraction: Extraction, scope: Scope) -> TestCode:
        """Nothing is read until it is asked for."""
        return cls(modules, extraction, scope)

    @cached_property
    def files(self) -> Sequence[File]:
        """Those that hold tests, and that the run looks at."""
        within = self.modules.within(self.scope).files
        return [file for file in within if is_test_file(file.path)]

    @cached_property
    def digest(self) -> str:
        """Of the modules, and of which of them are looked at."""
        return digest_of(self.modules.digest, repr(sorted(self.scope.paths)) if self.scope.paths is not None else "")

    def __len__(self) -> int:
        return len(self.files)

    def needs(self) -> dict[str, Sequence[File]]:
        """The extractor, and the files that it will be asked about."""
        return {_EXTRACTOR: self._near}

    def silent(self, paths: Iterable[str], allowed: Iterable[str]) -> Iterator[tuple[str, Test]]:
        """Path and test of those that assert nothing, and call nothing that does, or whose helpers nobody knows."""
        for path, (tests, _, _, _) in self._asked(paths, allowed):
            for each in tests:
                test = Test(*each)
                if not self._helpers.may_assert(path, test.calls, test.asks):
                    yield path, test

    def offences(self, paths: Iterable[str], allowed: Iterable[str]) -> Iterator[tuple[str, Offence]]:
        """Path and offence of each assertion that cannot fail, and each test that is never run."""
        for path, (_, offences, _, _) in self._asked(paths, allowed):
            for each in offences:
                offence = Offence(*each)
                if not offence.unless or not self._helpers.may_assert(path, offence.unless, ()):
                    yield path, offence

    def unknown(self, paths: Iterable[str], allowed: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Path and reason of each test file that does not parse."""
        for file in self.among(paths, allowed):
            answer = self._answers.get(file.path)
            if isinstance(answer, str):
                yield file.path, answer

    def among(self, paths: Iterable[str], allowed: Iterable[str]) -> Iterator[File]:
        """The files of tests that the first globs match and the others do not."""
        asked, left_out = any_of(paths), any_of(allowed)
        return (file for file in self.files if asked.fullmatch(file.path) and not left_out.fullmatch(file.path))

    def _asked(self, paths: Iterable[str], allowed: Iterable[str]) -> Iterator[tuple[str, Any]]:
        for file in self.among(paths, allowed):
            answer = self._answers.get(file.path)
            if answer and not isinstance(answer, str):
                yield file.path, answer

    @cached_property
    def _near(self) -> Sequence[File]:
        return [file for file in self.modules.files if is_near_tests(file.path)]

    @cached_property
    def _answers(self) -> dict[str, Any]:
        return self.extraction.of(_EXTRACTOR, self._near)

    @cached_property
    def _helpers(self) -> Helpers:
        origins = Origins(self.modules.paths, is_near_tests)
        return Helpers(self._answers, origins.is_of_product)
