"""Every Python module of the checkout: its path, its blob, and the dotted names by which it can be imported."""

from __future__ import annotations

import os
import posixpath
import sys
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar, Optional

from gates.errors import PolicyError
from gates.facts.carrier_files import CarrierFiles
from gates.facts.checkout import Checkout, tree_digest
from gates.facts.extraction import Extraction
from gates.facts.fact import digest_of
from gates.facts.files import EXECUTABLE, SUBMODULE, SYMLINK, File
from gates.facts.scope import Scope
from gates.globs import any_of

SUFFIXES = (".py", ".pyi", ".pyw")
_SHEBANG = "gates.facts.extractors.shebang"
_NO_CARRIERS = CarrierFiles()
_CONVENTIONAL_ROOTS = ("src", "lib", "python")


def _standard_library() -> frozenset[str]:
    """The names of the standard library's modules; before 3.10, which knows them, what lies in its folder."""
    known = getattr(sys, "stdlib_module_names", None)
    if known is not None:
        return frozenset(known)
    folder = os.path.dirname(os.__file__)
    dynamic = os.path.join(folder, "lib-dynload")
    found = [*os.listdir(folder), *(os.listdir(dynamic) if os.path.isdir(dynamic) else ())]
    return frozenset({*sys.builtin_module_names, *(name.partition(".")[0] for name in found)})


STANDARD_LIBRARY = _standard_library()


@dataclass(frozen=True)
class ModuleSettings:
    """`[facts.modules]`: the folders from which modules are imported; by default the top, and src, lib or python."""

    policy_section: ClassVar[str] = "modules"
    roots: Optional[tuple[str, ...]] = None


@dataclass(frozen=True)
class Modules:
    """The Python files, sorted by path: by suffix, or executable with a Python shebang.

    `links` are symlinks (path to target), `submodules` the folders that belong to other repositories: neither is
    read, both are judged as what they are. `given` are names under which a distribution installs a folder or a file,
    `searched` folders that something puts on the path of imports.
    """

    files: tuple[File, ...]
    roots: tuple[str, ...] = ("",)
    links: Mapping[str, str] = field(default_factory=dict)
    submodules: tuple[str, ...] = ()
    given: tuple[tuple[str, str], ...] = ()
    searched: tuple[str, ...] = ()
    unit: ClassVar[str] = "modules"

    @classmethod
    def gather(
        cls,
        checkout: Checkout,
        extraction: Extraction,
        settings: ModuleSettings,
        carriers: CarrierFiles = _NO_CARRIERS,
    ) -> Modules:
        """All of the checkout's modules."""
        python = [checkout.files[path] for path in checkout.files if path.endswith(SUFFIXES)]
        named = [file for file in python if not file.is_symlink and not file.is_submodule]
        executable = checkout.files.of_mode(EXECUTABLE)
        scripts = [file for file in executable if "." not in posixpath.basename(file.path)]
        shebangs = extraction.of(_SHEBANG, scripts) if scripts else {}
        files = sorted([*named, *(file for file in scripts if file.path in shebangs)])
        links = {file.path: _target(checkout, file.path) for file in checkout.files.of_mode(SYMLINK)}
        submodules = tuple(sorted(file.path for file in checkout.files.of_mode(SUBMODULE)))
        roots = tuple(root.strip("/") for root in settings.roots) if settings.roots is not None else _detected(files)
        for root in roots:
            if root and not any(file.path.startswith(f"{root}/") for file in files):
                raise PolicyError(f"gates.toml: [facts.modules] roots: '{root}' holds no module")
        paths = [file.path for file in files]
        given = tuple((name, place) for name, place in carriers.given if _inside(paths, place))
        searched = tuple(folder for folder in carriers.searched if folder not in roots and _inside(paths, folder))
        return cls(tuple(files), roots, links, submodules, given, searched)

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """Git pathspecs of all that was looked at: by suffix, and whatever has none one by one."""
        others = [file.path for file in self.files if not file.path.endswith(SUFFIXES)]
        return (*(f"*{suffix}" for suffix in SUFFIXES), *(f":(literal){path}" for path in (*others, *self.links)))

    @cached_property
    def digest(self) -> str:
        """Of every module's path, mode and content, and of what else decides which name means which file."""
        return digest_of(tree_digest(self.files), self.names_digest)

    @cached_property
    def names_digest(self) -> str:
        """Of what decides which name means which file: the paths alone, not the contents."""
        paths = "\0".join(file.path for file in self.files)
        others = (self.given, self.searched, sorted(self.links.items()))
        return digest_of(paths, "\0".join(self.roots), repr(others), *self.submodules)

    def __len__(self) -> int:
        return len(self.files)

    def outside(self, allowed: Iterable[str]) -> Iterator[File]:
        """The modules that none of the globs matches."""
        pattern = any_of(allowed)
        return (file for file in self.files if not pattern.fullmatch(file.path))

    def within(self, scope: Scope) -> Modules:
        """Only the modules that a run looks at file by file."""
        if scope.paths is None:
            return self
        return replace(self, files=tuple(file for file in self.files if file.path in scope.paths))

    @cached_property
    def paths(self) -> frozenset[str]:
        """Their paths."""
        return frozenset(file.path for file in self.files)

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Dotted name to the position of the file that an import of it gets.

        Earlier roots win over later ones, a package over a module, source over a stub.
        """
        names: dict[str, int] = {}
        for root in reversed(self.roots):
            found: dict[str, tuple[int, int]] = {}
            for position, file in enumerate(self.files):
                name, rank = dotted(file.path, root)
                if root and name.split(".", 1)[0] in STANDARD_LIBRARY:
                    continue  # what lies below such a root is found after the standard library
                if name and (name not in found or rank < found[name][0]):
                    found[name] = (rank, position)
            for path, position in self._through_links:
                name, rank = dotted(path, root)
                if name and name not in found:
                    found[name] = (rank, position)
            names.update((name, position) for name, (_, position) in found.items())
        for name, place in self.given:
            for position in self.below(place):
                inside, _ = dotted(self.files[position].path, place)
                names.setdefault(f"{name}.{inside}" if inside else name, position)
        return names

    @cached_property
    def beyond(self) -> Mapping[str, int]:
        """The same for names that only a folder on the path of imports gives; the standard library's come first."""
        names: dict[str, int] = {}
        for folder in self.searched:
            for position in self.below(folder):
                name, _ = dotted(self.files[position].path, folder)
                if name and name.split(".", 1)[0] not in STANDARD_LIBRARY:
                    names.setdefault(name, position)
        return names

    def below(self, place: str) -> range:
        """The positions of the modules of a folder ("": all), or of the one at this path."""
        return range(len(self.files)) if not place else _inside(self._in_order, place)

    @cached_property
    def _in_order(self) -> Sequence[str]:
        return [file.path for file in self.files]

    @cached_property
    def _through_links(self) -> tuple[tuple[str, int], ...]:
        """Paths that lead to a module by way of a link, with the module's position."""
        paths = [file.path for file in self.files]
        found: list[tuple[str, int]] = []
        for link, target in sorted(self.links.items()):
            for position in range(bisect_left(paths, target), len(paths)):
                if paths[position] == target or paths[position].startswith(f"{target}/"):
                    found.append((link + paths[position][len(target) :], position))
                elif not paths[position].startswith(target):
                    break
        return tuple(found)

    def name_of(self, path: str) -> str:
        """The dotted name of a file: from the deepest root that holds it."""
        inside = [root for root in self.roots if not root or path.startswith(root + "/")]
        return dotted(path, max(inside, key=len, default=""))[0] or path

    def package_of(self, path: str) -> str:
        """The dotted name of the package to which names in a file are relative; a package's own for its `__init__`."""
        name = self.name_of(path)
        return name if posixpath.basename(path).startswith("__init__.") else name.rpartition(".")[0]


def _inside(paths: Sequence[str], place: str) -> range:
    """Where in sorted paths those of a folder stand, or the one file."""
    start = bisect_left(paths, place)
    if start < len(paths) and paths[start] == place:
        return range(start, start + 1)
    return range(bisect_left(paths, f"{place}/"), bisect_left(paths, f"{place}0"))  # "0" comes after "/"


def dotted(path: str, root: str) -> tuple[str, int]:
    """The dotted name of a file seen from a root, and its rank (lower wins); "" where it has none."""
    if root:
        if not path.startswith(root + "/"):
            return "", 0
        path = path[len(root) + 1 :]
    stem, _, suffix = path.rpartition(".")
    if f".{suffix}" not in SUFFIXES or not stem or stem == "__init__" or stem[-1] == "/":
        return "", 0
    rank = 2 if suffix == "pyi" else 0
    if stem.endswith("/__init__"):
        return stem[: -len("/__init__")].replace("/", "."), rank
    return stem.replace("/", "."), rank + 1


def _detected(files: Iterable[File]) -> tuple[str, ...]:
    """The top, and src-like folders at the top that are no packages themselves."""
    paths = {file.path for file in files}
    held = {path.split("/", 1)[0] for path in paths if "/" in path}
    found = (name for name in _CONVENTIONAL_ROOTS if name in held and f"{name}/__init__.py" not in paths)
    return ("", *found)


def _target(checkout: Checkout, path: str) -> str:
    """Where a symlink leads: a path of the repository, or the absolute or escaping text of the link."""
    text = checkout.read(path).decode("utf-8", "surrogateescape")
    if text.startswith("/"):
        return text
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), text))
