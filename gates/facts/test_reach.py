"""Which tests cannot reach the repository's own code: files that import none of it, and tests of a copy of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Optional

from gates.facts.checkout import Checkout
from gates.facts.extraction import Extraction
from gates.facts.extractors.definitions import Definition
from gates.facts.extractors.fixtures_for_all import ANYTHING
from gates.facts.extractors.import_statements import EXACTLY, UNPARSED, unpacked
from gates.facts.files import File
from gates.facts.modules import STANDARD_LIBRARY, Modules
from gates.facts.test_code import TestCode, is_near_tests

_IMPORTS = "gates.facts.extractors.import_statements"
_ALONE = "gates.facts.extractors.tests_standing_alone"
_FOR_ALL = "gates.facts.extractors.fixtures_for_all"
_NAMES = "gates.facts.extractors.defined_names"
_DEFINITIONS = "gates.facts.extractors.definitions"
# Libraries that know nothing of any repository. Another one may be the product itself, built or installed.
_OF_TESTING = frozenset(("pytest", "_pytest", "hypothesis", "mock", "parameterized", "typing_extensions"))
# How much of a definition must be the same for it to be called a copy, and from how many statements on.
_ALIKE, _LEAST = 0.8, 4


class Copy(NamedTuple):
    """A test that names a definition of its own file, which says what one of the product says."""

    path: str
    line: int
    test: str
    name: str
    original: str


@dataclass
class TestReach:
    """What the files of tests import; what they define beside what the product defines."""

    __test__ = False  # no test, whatever it is called
    checkout: Checkout = field(repr=False)
    modules: Modules
    tests: TestCode
    extraction: Extraction
    unit: ClassVar[str] = "test files"
    reads: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def extractors(cls) -> tuple[str, ...]:
        """Those that it asks."""
        return (_IMPORTS, _ALONE, _FOR_ALL, _NAMES, _DEFINITIONS)

    @classmethod
    def gather(cls, checkout: Checkout, modules: Modules, tests: TestCode, extraction: Extraction) -> TestReach:
        """Nothing is read until it is asked for."""
        return cls(checkout, modules, tests, extraction)

    @property
    def digest(self) -> str:
        """Of the tests, which are known with all modules."""
        return self.tests.digest

    def __len__(self) -> int:
        return len(self.tests)

    def needs(self) -> dict[str, Sequence[File]]:
        """Of files of tests whether they stand alone, and their imports; of every module the names that it defines."""
        return {_ALONE: self.tests.files, _FOR_ALL: self._conftests, _IMPORTS: self._near, _NAMES: self.modules.files}

    def strangers(self, paths: Iterable[str], allowed: Iterable[str]) -> Iterator[tuple[str, int]]:
        """Path and first line of the tests of each file that imports nothing of the repository, nor anything that does.

        None where every module is near tests: then nothing is the product.
        """
        if len(self._near) == len(self.modules.files):
            return
        asked = list(self.tests.among(paths, allowed))
        for path, line in self.extraction.of(_ALONE, asked).items():
            if not self._reaches_product(path) and not self._is_given_any(path) and not self._is_named_elsewhere(path):
                yield path, line

    def copies(self, paths: Iterable[str], allowed: Iterable[str]) -> Iterator[Copy]:
        """Each definition that tests of its own file name, and that says what one of that name in the product says."""
        own = self._definitions_of(self._defining(paths, allowed))
        tested = [(path, each) for path, several in own.items() for each in several if self._may_be_copied(each)]
        places = {file for _, each in tested for file in self._of_product[each.name]}
        originals = self._definitions_of(sorted(places))
        for path, each in tested:
            among = (file.path for file in self._of_product[each.name])
            original = next((there for there in among if _holds_like(originals.get(there, ()), each)), None)
            if original is not None:
                yield Copy(path, each.line, each.tested_by, each.name, original)

    @cached_property
    def _near(self) -> Sequence[File]:
        return [file for file in self.modules.files if is_near_tests(file.path)]

    # What a file of tests reaches by imports

    def _reaches_product(self, start: str) -> bool:
        """Whether it imports a module of the product, however far, or something of which nobody knows what it is."""
        seen, waiting = {start}, [start]
        while waiting:
            path = waiting.pop()
            for entry in self._imported.get(path, ()):
                if entry in (EXACTLY, UNPARSED):
                    if entry == UNPARSED:
                        return True
                    continue
                entered = self._entered(path, *unpacked(entry))
                if entered is None or any(not is_near_tests(each) for each in entered):
                    return True
                waiting += [each for each in entered if each not in seen]
                seen.update(entered)
        return False

    def _is_given_any(self, path: str) -> bool:
        """Whether a conftest above gives every test something that may be the product's."""
        parts = path.split("/")[:-1]
        above = {"/".join((*parts[:depth], "conftest.py")) for depth in range(len(parts) + 1)}
        given = [self._given_to_all[each] for each in above & self._given_to_all.keys()]
        return bool(given) and (ANYTHING in given or any(map(self._reaches_product, above & self.modules.paths)))

    @cached_property
    def _conftests(self) -> Sequence[File]:
        return [file for file in self.modules.files if file.path.rpartition("/")[2] == "conftest.py"]

    @cached_property
    def _given_to_all(self) -> Mapping[str, str]:
        """Path of each conftest that gives tests what they do not ask for, and by what means."""
        return {path: given for path, given in self.extraction.of(_FOR_ALL, self._conftests).items() if given}

    @cached_property
    def _imported(self) -> Mapping[str, Any]:
        return self.extraction.of(_IMPORTS, self._near)

    def _entered(self, path: str, module: str, names: Sequence[str]) -> Optional[list[str]]:
        """The modules that an import runs; None where they are not known."""
        dots = len(module) - len(module.lstrip("."))
        inside = module[dots:].replace(".", "/")
        if dots:
            parts = path.split("/")[:-dots]
            return self._found("/".join((*parts, inside)).strip("/"), names) or None
        top = inside.partition("/")[0]
        found = [each for folder in self._tops.get(top, ()) for each in self._found(f"{folder}{inside}", names)]
        if found:
            return found
        return [] if top in STANDARD_LIBRARY or top in _OF_TESTING else None

    def _found(self, place: str, names: Sequence[str]) -> list[str]:
        """The modules at a place without its suffix, those of its names, and the packages around it."""
        parts = place.split("/")
        around = ["/".join((*parts[:length], "__init__.py")) for length in range(1, len(parts) + 1)]
        inside = [f"{place}/{name}{end}".lstrip("/") for name in names for end in (".py", "/__init__.py")]
        own = [each for each in (f"{place}.py", around[-1], *inside) if each in self.modules.paths]
        return [*own, *(each for each in around[:-1] if each in self.modules.paths)] if own else []

    @cached_property
    def _tops(self) -> Mapping[str, Sequence[str]]:
        """What an absolute import may begin with, and the folders where that may lie: the top, and all but packages."""
        found: dict[str, set[str]] = {}
        for path in self.modules.paths:
            parts = path.split("/")
            for depth, part in enumerate(parts):
                above = "/".join((*parts[:depth], "")) if depth else ""
                if not above or f"{above}__init__.py" not in self.modules.paths:
                    found.setdefault(part.partition(".")[0], set()).add(above)
        return {name: sorted(folders) for name, folders in found.items()}

    def _is_named_elsewhere(self, path: str) -> bool:
        """Whether other tests name the file, or its folder: then it is what they run, and no test of its own."""
        stem = path.rpartition(".")[0]
        two = [place for place in ("/".join(stem.split("/")[-2:]), "/".join(stem.split("/")[-3:-1])) if "/" in place]
        spelled = "|".join(rf"\b{re.escape(place).replace('/', '[./]')}\b" for place in two)
        named = re.compile(spelled.encode("utf-8", "surrogateescape"))
        return bool(two) and any(named.search(text) for other, text in self._contents.items() if other != path)

    @cached_property
    def _contents(self) -> Mapping[str, bytes]:
        return {file.path: self.checkout.read(file.path) for file in self._near}

    # What it defines itself

    def _defining(self, paths: Iterable[str], allowed: Iterable[str]) -> list[File]:
        """The files of tests with a definition of a name that the product defines, too."""
        asked = list(self.tests.among(paths, allowed))
        names = self.extraction.of(_NAMES, asked)
        return [file for file in asked if any(name in self._of_product for name in names.get(file.path, ()))]

    @cached_property
    def _of_product(self) -> Mapping[str, Sequence[File]]:
        """Name to the modules of the product that define it at their top."""
        product = [file for file in self.modules.files if not is_near_tests(file.path)]
        names = self.extraction.of(_NAMES, product)
        found: dict[str, list[File]] = {}
        for file in product:
            for name in names.get(file.path, ()):
                found.setdefault(name, []).append(file)
        return found

    def _definitions_of(self, files: Sequence[File]) -> Mapping[str, Sequence[Definition]]:
        told = self.extraction.of(_DEFINITIONS, files)
        return {path: [Definition(*plain) for plain in several] for path, several in told.items()}

    def _may_be_copied(self, own: Definition) -> bool:
        return bool(own.tested_by) and len(own.says) >= _LEAST and own.name in self._of_product


def _holds_like(several: Iterable[Definition], own: Definition) -> bool:
    return any(each.name == own.name and _alike(own.says, each.says) >= _ALIKE for each in several)


def _alike(one: Sequence[str], other: Sequence[str]) -> float:
    """Dice's coefficient: which part of all statements have their like on the other side."""
    common = sum((Counter(one) & Counter(other)).values())
    return 2 * common / (len(one) + len(other))
