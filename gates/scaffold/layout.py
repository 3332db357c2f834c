"""A repository seen for the first time: its folders, and which kind of code each holds."""

from __future__ import annotations

import posixpath
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Optional

from gates.facts.modules import dotted
from gates.scaffold import maturity
from gates.scaffold.maturity import SOURCE_FOLDERS, Kind

# What Python 3.9 does not list, it does not tell apart either.
_STANDARD: frozenset[str] = getattr(sys, "stdlib_module_names", frozenset(sys.builtin_module_names))
_PROJECT_FILES = frozenset({"pyproject.toml", "setup.py", "setup.cfg"})


@dataclass(frozen=True)
class Layout:
    """`modules` are paths, sorted. `imports` are the dotted names that each of them imports from the top.

    `projects` are folders below the top with a pyproject.toml or setup.py of their own.
    """

    modules: tuple[str, ...]
    imports: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)
    projects: frozenset[str] = frozenset()
    _kinds: dict[str, Optional[Kind]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, files: Iterable[str], modules: Iterable[str], imports: Mapping[str, frozenset[str]]) -> Layout:
        """From all paths of the checkout, those of its modules, and what the modules import."""
        split = [posixpath.split(path) for path in files]
        packages = {folder for folder, name in split if name == "__init__.py"}
        projects = {folder for folder, name in split if name in _PROJECT_FILES} - packages - {""}
        return cls(tuple(sorted(modules)), imports, frozenset(projects))

    def kind_of(self, module: str) -> Kind:
        """The kind of code that a module is."""
        folder, name = posixpath.split(module)
        if not folder:
            return self._loose_kind(name)
        kind = self.folder_kind(folder)
        return Kind.TOOLS if maturity.is_test_module(name) else kind

    def folder_kind(self, folder: str) -> Kind:
        """The kind of the code in a folder: what it is named, below what it lies in."""
        return self._named_kind(folder) or self._unnamed_kind(folder.split("/", 1)[0])

    def is_named(self, folder: str) -> bool:
        """Whether names say what the folder is; otherwise it was told by what is in it."""
        return self._named_kind(folder) is not None

    def _named_kind(self, folder: str) -> Optional[Kind]:
        kind: Optional[Kind] = None
        for prefix in prefixes(folder):
            if prefix not in self._kinds:
                self._kinds[prefix] = self._below(kind, prefix)
            kind = self._kinds[prefix]
        return kind

    def _below(self, above: Optional[Kind], folder: str) -> Optional[Kind]:
        said = self._said(folder)
        if Kind.TOOLS in (above, said):
            return Kind.TOOLS
        if above is Kind.CANDIDATE or (above is Kind.INTEGRATION and said is not Kind.CANDIDATE):
            return above  # `labs/core` is no more mature than labs
        return said or above

    def _said(self, folder: str) -> Optional[Kind]:
        parent, name = posixpath.split(folder)
        word = maturity.word_of(name)
        if maturity.is_tests(word) or (maturity.may_be_tests(word) and self._holds_tests(folder)):
            return Kind.TOOLS
        beside_the_product = not parent or parent in self.projects
        if beside_the_product and maturity.is_tools(word):
            return Kind.TOOLS
        if beside_the_product or posixpath.basename(parent) in SOURCE_FOLDERS:
            return maturity.maturity_at_top(word)
        if maturity.is_candidate(word) and (word == "experimental" or _depth(folder) <= 2):
            return Kind.CANDIDATE
        return maturity.maturity(word) if self._sorts_by_maturity(parent) else None

    def _holds_tests(self, folder: str) -> bool:
        names = [posixpath.basename(path) for path in self.modules if path.startswith(f"{folder}/")]
        judged = [name for name in names if name != "__init__.py"]
        return 2 * sum(map(maturity.is_test_module, judged)) > len(judged)

    def _sorts_by_maturity(self, parent: str) -> bool:
        """Whether at least two of the folder's folders name different kinds, and no fewer than half name one."""
        words = [maturity.word_of(child) for child in self._children.get(parent, ())]
        kinds = [kind for kind in map(maturity.maturity, words) if kind is not None]
        return len(set(kinds)) >= 2 and 2 * len(kinds) >= len(words)

    @cached_property
    def _children(self) -> Mapping[str, set[str]]:
        children: dict[str, set[str]] = {}
        for folder in self._folders:
            parent, name = posixpath.split(folder)
            children.setdefault(parent, set()).add(name)
        return children

    @cached_property
    def _folders(self) -> frozenset[str]:
        """Every folder that holds modules, at any depth."""
        holding = {posixpath.dirname(path) for path in self.modules} - {""}
        return frozenset(prefix for folder in holding for prefix in prefixes(folder))

    def _loose_kind(self, name: str) -> Kind:
        if maturity.is_tool_module(name):
            return Kind.TOOLS
        return Kind.PRODUCTION if self._loose_modules_are_imported or not self._product_tops else Kind.TOOLS

    def _unnamed_kind(self, top: str) -> Kind:
        """Beside a product, a folder that is none holds scripts."""
        if top in self._product_tops or not (self._product_tops or self._loose_modules_are_imported):
            return Kind.PRODUCTION
        return Kind.TOOLS

    @cached_property
    def _product_tops(self) -> frozenset[str]:
        """The folders at the top that can be imported, or that hold a folder whose name tells of maturity."""
        named = {folder: self._named_kind(folder) for folder in self._folders}
        mature = {folder.split("/", 1)[0] for folder, kind in named.items() if kind not in (None, Kind.TOOLS)}
        tops = {folder for folder, kind in named.items() if "/" not in folder and kind is not Kind.TOOLS}
        return frozenset(mature | {top for top in tops if self._is_importable(top)})

    @cached_property
    def _loose_modules_are_imported(self) -> bool:
        loose = [path for path in self.modules if "/" not in path and not maturity.is_tool_module(path)]
        return any(self._importers.get(posixpath.splitext(path)[0], set()) - {path} for path in loose)

    def _is_importable(self, top: str) -> bool:
        return top in self._tops_of_packages or bool(self._importers.get(top, set()) - {top})

    @cached_property
    def packages(self) -> frozenset[str]:
        """The folders with an `__init__`."""
        split = map(posixpath.split, self.modules)
        return frozenset(folder for folder, name in split if folder and name in ("__init__.py", "__init__.pyi"))

    @cached_property
    def _tops_of_packages(self) -> frozenset[str]:
        return frozenset(folder.split("/", 1)[0] for folder in self.packages)

    @cached_property
    def _importers(self) -> Mapping[str, set[str]]:
        """First part of an imported name to the top folders (or loose modules) that import it."""
        importers: dict[str, set[str]] = {}
        for path, names in self.imports.items():
            for name in names:
                importers.setdefault(name.split(".", 1)[0], set()).add(path.split("/", 1)[0])
        return importers

    def roots(self, known: Iterable[str]) -> tuple[str, ...]:
        """Folders, beyond the known ones, from which modules are imported: `packages/api/src`, `backend`.

        One counts when it lies in no package, holds a package whose name no known root has, and is named src, or code
        below it imports that package's modules.
        """
        known = tuple(known)
        tops = {_below_root(path, root) for root in known for path in self.modules} - {""}
        parents: dict[str, set[str]] = {}
        for package in sorted(self.packages):
            parent, name = posixpath.split(package)
            in_package = not self.packages.isdisjoint(prefixes(parent))
            if parent and not in_package and parent not in known and name not in tops:
                parents.setdefault(parent, set()).add(name)
        return tuple(parent for parent, names in sorted(parents.items()) if self._is_root(parent, names))

    def _is_root(self, folder: str, packages: set[str]) -> bool:
        if self.folder_kind(folder) is Kind.TOOLS or packages & _STANDARD:
            return False  # were it a root, every `import sys` would seem to enter its folder sys
        if posixpath.basename(folder) in SOURCE_FOLDERS:
            return True
        within = {dotted(path, folder)[0] for path in self.modules if path.startswith(f"{folder}/")}
        below = (names for path, names in self.imports.items() if path.startswith(f"{folder}/"))
        imported = (name.split(".") for names in below for name in names if name.split(".", 1)[0] in packages)
        return any(".".join(parts[:end]) in within for parts in imported for end in range(2, len(parts) + 1))


def prefixes(folder: str) -> Iterator[str]:
    """`a`, `a/b`, `a/b/c`."""
    end = folder.find("/")
    while end != -1:
        yield folder[:end]
        end = folder.find("/", end + 1)
    yield folder


def _depth(folder: str) -> int:
    """How far a folder lies below the top, or below the last source folder above it."""
    parts = folder.split("/")
    sources = [position for position, part in enumerate(parts[:-1]) if part in SOURCE_FOLDERS]
    return len(parts) - (sources[-1] + 1 if sources else 0)


def _below_root(path: str, root: str) -> str:
    """The first part of the name that a module has when it is imported from the root."""
    if root and not path.startswith(f"{root}/"):
        return ""
    top = path[len(root) + 1 if root else 0 :].split("/", 1)[0]
    return posixpath.splitext(top)[0]
