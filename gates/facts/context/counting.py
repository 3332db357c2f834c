"""How many there are of what a noun names: files that a policy counts, modules, tests, workflows, lanes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Optional

from gates.facts.context.settings import Counted
from gates.facts.context.tree import TreePaths
from gates.facts.lanes import Lanes
from gates.globs import any_of

_PYTHON = (".py", ".pyi")
_TEST = re.compile(r"(?:.*/)?(?:test_[^/]*\.py|[^/]*_test\.(?:py|go)|[^/]*\.(?:test|spec)\.[cm]?[jt]sx?)")
_WORKFLOW = re.compile(r"\.github/workflows/[^/]+\.ya?ml")
_FILES: Mapping[str, Callable[[str], bool]] = {
    "files": lambda path: True,
    "modules": lambda path: path.endswith(_PYTHON),
    "python modules": lambda path: path.endswith(_PYTHON),
    "python files": lambda path: path.endswith(_PYTHON),
    ".py files": lambda path: path.endswith(".py"),
    "test files": lambda path: bool(_TEST.fullmatch(path)),
    "test modules": lambda path: bool(_TEST.fullmatch(path)),
    "workflows": lambda path: bool(_WORKFLOW.fullmatch(path)),
    "github workflows": lambda path: bool(_WORKFLOW.fullmatch(path)),
    "workflow files": lambda path: bool(_WORKFLOW.fullmatch(path)),
    "markdown files": lambda path: path.endswith(".md"),
    "typescript files": lambda path: path.endswith((".ts", ".tsx")),
    "javascript files": lambda path: path.endswith((".js", ".jsx", ".mjs", ".cjs")),
}
# Of these a bare number says something of the whole repository; a number of files may be of anything.
_OF_ALL = frozenset(_FILES) - {"files", "modules"} | {"modules"}


@dataclass
class Counting:
    """What can be counted: nouns of the policy first, then kinds of files, packages and lanes."""

    tree: TreePaths
    lanes: Lanes
    declared: tuple[Counted, ...]
    _kept: dict[tuple[str, ...], Optional[frozenset[int]]] = field(default_factory=dict)

    def is_declared(self, noun: str) -> bool:
        """Whether the policy says what a noun counts."""
        return self._declared(noun) is not None

    def one(self, noun: str) -> Optional[int]:
        """The one number that a noun of the policy, or a kind of files, stands for; None where nothing says."""
        declared = self._declared(noun)
        if declared is not None:
            return len(self._matched(declared, ""))
        if noun == "lanes":
            return len(self.lanes)
        known = _FILES.get(noun)
        return sum(1 for path in self.tree.files if known(path)) if known is not None else None

    def ways(self, path: str, noun: str, place: str, scope: str) -> Optional[frozenset[int]]:
        """Every number that the claim may be about; None where nothing is known to count.

        Packages count without their `__init__`, folders with and without what lies deeper: documents rarely say which.
        """
        asked = (posixpath.dirname(path), noun, place, scope)
        if asked not in self._kept:
            self._kept[asked] = self._ways(path, noun, place, scope)
        return self._kept[asked]

    def _ways(self, path: str, noun: str, place: str, scope: str) -> Optional[frozenset[int]]:
        declared = self._declared(noun)
        folder = self._folder(path, place)
        if place and folder is None:
            return None
        if declared is not None:
            own = self._matched(declared, folder or "")
            return frozenset({len(own), len(self._below(own, posixpath.dirname(path)))} if not place else {len(own)})
        if noun == "lanes" and not place:
            return frozenset({len(self.lanes)}) if len(self.lanes) else None
        known = _FILES.get(noun)
        if known is None or scope == "noun" or (not place and (noun not in _OF_ALL or "/" in path)):
            return None
        found = [file for file in self.tree.files if known(file)]
        folders = [folder] if folder is not None else self._wholes(path)
        numbers = frozenset(number for each in folders for number in _ways(self._below(found, each), each))
        if noun == "files":
            numbers |= self.ways(path, "python files", place, scope) or frozenset()
        return numbers

    def _declared(self, noun: str) -> Optional[Counted]:
        last = noun.rpartition(" ")[2]
        return next((counted for counted in self.declared if counted.noun.lower() in (noun, last)), None)

    def _matched(self, counted: Counted, folder: str) -> list[str]:
        globs, left_out = any_of(counted.paths), any_of(counted.leave_out)
        found = [path for path in self.tree.files if globs.fullmatch(path) and not left_out.fullmatch(path)]
        return self._below(found, folder)

    def _below(self, paths: Iterable[str], folder: str) -> list[str]:
        return [path for path in paths if not folder or path.startswith(f"{folder}/")]

    def _folder(self, path: str, place: str) -> Optional[str]:
        """The folder that is named, if it is one."""
        if not place:
            return None
        bare = place.strip("/").removeprefix("./")
        tries = [posixpath.normpath(posixpath.join(posixpath.dirname(path), bare)), bare, *self.tree.ending_in(bare)]
        return next((there for there in tries if there in self.tree.folders), None)

    def _wholes(self, path: str) -> list[str]:
        """What "the project" may mean: all below the context file's folder, or any folder of its top or of src."""
        folder = posixpath.dirname(path)
        tops = [
            name
            for name in self.tree.folders
            if name and posixpath.dirname(name) in (folder, "src", "lib", posixpath.join(folder, "src"))
        ]
        return [folder, *tops]


def _ways(paths: list[str], folder: str) -> Iterable[int]:
    direct = [path for path in paths if posixpath.dirname(path) == folder]
    tests = [path for path in paths if _TEST.fullmatch(path) or "/tests/" in f"/{path}"]
    for found in (paths, direct):
        yield len(found)
        yield sum(1 for path in found if not posixpath.basename(path).startswith("__init__."))
        yield sum(1 for path in found if not posixpath.basename(path).startswith("_"))
    yield len(paths) - len(tests)
    yield sum(1 for path in paths if path not in set(tests) and not posixpath.basename(path).startswith("__init__."))
