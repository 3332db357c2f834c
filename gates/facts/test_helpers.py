"""The functions near tests that may assert for a test, and which of them a call of that name can mean."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from gates.facts.extractors.tests_of_a_file import HANDED, SELF, UNKNOWN, Call, Helper
from gates.facts.extractors.what_asserts import NONE, SURE

_Known = tuple[Helper, list[Call]]


class Helpers:
    """What the files near tests define.

    What asserts counts under its name wherever it stands: who calls it on what, no reader of one file knows. What
    merely raises counts where the test means it: a function by its name, a method of the test's own, or of a class
    that the test, its fixtures or its class name. A fake that raises is no assertion of all that is called like it.
    """

    def __init__(self, answers: Mapping[str, Any], is_of_product: Callable[[str, str], bool]) -> None:
        self._answers = {path: answer for path, answer in answers.items() if answer and not isinstance(answer, str)}
        self._is_of_product = is_of_product

    def may_assert(self, path: str, calls: Iterable[Any], asks: Iterable[str]) -> bool:
        """Whether something asserts that a test in this file calls; `asks` are its class and its fixtures."""
        known = self._of_file(path, calls)
        if any(self._is_sure(call) for call in known):
            return True
        return any(helper.strength != NONE for helper in self._reached(known, self._named(known, asks)))

    def _is_sure(self, call: Call) -> bool:
        """A function near the tests that asserts; a method of the test's own class that is defined elsewhere."""
        return call.name in self._asserting or (call.on == SELF and call.name not in self._by_name)

    def _of_file(self, path: str, calls: Iterable[Any]) -> list[Call]:
        several = (Call(*each) for each in calls)
        return [call for call in several if not (call.origin and self._is_of_product(path, call.origin))]

    @cached_property
    def _by_name(self) -> Mapping[str, list[_Known]]:
        found: dict[str, list[_Known]] = {}
        for path, (_, _, helpers, _) in self._answers.items():
            for helper in (Helper(*each) for each in helpers):
                found.setdefault(helper.name, []).append((helper, self._of_file(path, helper.calls)))
        return found

    @cached_property
    def _by_class(self) -> Mapping[str, list[_Known]]:
        found: dict[str, list[_Known]] = {}
        for several in self._by_name.values():
            for known in several:
                found.setdefault(known[0].owner, []).append(known)
        return found

    @cached_property
    def _bases(self) -> Mapping[str, set[str]]:
        found: dict[str, set[str]] = {}
        for _, _, _, classes in self._answers.values():
            for name, bases in classes:
                found.setdefault(name, set()).update(bases)
        return found

    @cached_property
    def _asserting(self) -> frozenset[str]:
        """The names of functions that assert, or that call one that does, however far."""
        found = {
            name for name, several in self._by_name.items() if any(helper.strength == SURE for helper, _ in several)
        }
        while True:
            more = {
                name
                for name, several in self._by_name.items()
                if name not in found and any(call.name in found for _, calls in several for call in calls)
            }
            if not more:
                return frozenset(found)
            found |= more

    def _named(self, calls: Iterable[Call], asks: Iterable[str]) -> frozenset[str]:
        """The classes and functions that are named on the way, by fixtures, by the test's class and by its bases."""
        waiting = [*asks, *(name for call in calls for name in _names_in(call))]
        found: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found.add(name)
            waiting += self._bases.get(name, ())
            functions = [known for known in self._by_name.get(name, ()) if not known[0].owner]
            methods = [known for known in self._by_class.get(name, ()) if not known[0].name.startswith("test")]
            for helper, calls_of_it in (*functions, *(methods if name else ())):
                waiting += [*helper.asks, *(each for call in calls_of_it for each in _names_in(call))]
        return frozenset(found)

    def _reached(self, calls: Iterable[Call], named: frozenset[str]) -> Iterator[Helper]:
        waiting, seen = list(calls), set(calls)
        while waiting:
            call = waiting.pop()
            for helper, inner in self._by_name.get(call.name, ()):
                if self._can_mean(call, helper, named):
                    yield helper
                    waiting += [each for each in inner if each not in seen]
                    seen.update(inner)

    def _can_mean(self, call: Call, helper: Helper, named: frozenset[str]) -> bool:
        if call.on in (SELF, HANDED):
            return True
        if not helper.owner:
            return not call.on or bool(call.origin)
        if call.on == UNKNOWN:
            return helper.owner in named
        return helper.owner in self._family(call.on)

    def _family(self, name: str) -> set[str]:
        found, waiting = {name}, [name]
        while waiting:
            more = self._bases.get(waiting.pop(), set()) - found
            found |= more
            waiting += more
        return found


def _names_in(call: Call) -> Iterator[str]:
    """A function or a class that it names, itself or as what it is called on."""
    yield from (each for each in ((call.name if not call.on else call.on),) if each not in (SELF, HANDED, UNKNOWN))


class Origins:
    """Which imports are of the product: of a module of the repository that lies not near tests."""

    def __init__(self, paths: Iterable[str], is_near_tests: Callable[[str], bool]) -> None:
        self._paths = frozenset(paths)
        self._is_near_tests = is_near_tests
        self._known: dict[tuple[str, bool], bool] = {}

    def is_of_product(self, path: str, origin: str) -> bool:
        """Whether what a file imports by this name, with the points of a relative one, is the product's."""
        points = len(origin) - len(origin.lstrip("."))
        folder = path.split("/")[:-points] if points else []
        key = ("/".join((*folder, origin[points:].replace(".", "/"))), bool(points))
        if key not in self._known:
            self._known[key] = self._is_product(*key)
        return self._known[key]

    def _is_product(self, place: str, exactly: bool) -> bool:
        while place:
            found = self._found(place, exactly)
            if found or self._is_near_tests(f"{place}.py"):
                return bool(found) and not any(self._is_near_tests(each) for each in found)
            place = posixpath.dirname(place)
        return False

    def _found(self, place: str, exactly: bool) -> list[str]:
        """The modules of that place, and where it may lie anywhere, of all that end like it."""
        several = self._by_name.get(posixpath.basename(place), ())
        return [path for inside, path in several if inside == place or (not exactly and inside.endswith(f"/{place}"))]

    @cached_property
    def _by_name(self) -> Mapping[str, list[tuple[str, str]]]:
        """Last name of each module to its place without a suffix, and its path."""
        found: dict[str, list[tuple[str, str]]] = {}
        for path in self._paths:
            inside = path.rpartition(".")[0]
            inside = posixpath.dirname(inside) if posixpath.basename(inside) == "__init__" else inside
            found.setdefault(posixpath.basename(inside), []).append((inside, path))
        return found
