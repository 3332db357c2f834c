"""Where our import graph and grimp's differ, and why: each reason with the condition under which it holds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from bench.edges import Edge, Ends, Grimps, Ours

UNPARSED = "a file that does not parse"
REFUSED = "a file that parses, and is refused by the compiler and by grimp"
STUB = "a stub"
LINK = "a symbolic link"
UNNAMED = "a file or folder whose name cannot be written in an import"
PLAIN = "a folder without __init__.py in a package"
PREFIX = "a folder without __init__.py whose name begins with a package's beside it"
ABOVE = "a relative import from above the topmost package"
OWN_FILE = "a package by the name of its own __init__ file"
ABSENT = "a name that no file has"
TWIN = "two files with one name"
BESIDE = "a script that imports what lies beside it"
NONE = "NO REASON"
REASONS = (UNPARSED, REFUSED, STUB, LINK, UNNAMED, PLAIN, PREFIX, ABOVE, OWN_FILE, ABSENT, TWIN, BESIDE)


@dataclass(frozen=True)
class Comparison:
    """Edges that both have, and those of one alone by reason. `strange` are modules that only grimp knows."""

    modules: int
    both: int
    only_ours: Mapping[str, tuple[Edge, ...]]
    only_grimps: Mapping[str, tuple[Edge, ...]]
    strange: tuple[str, ...]
    unscanned: tuple[Edge, ...]

    @property
    def unexplained(self) -> tuple[str, ...]:
        """What must not be, a line each."""
        return (
            *(f"only ours: {_shown(edge)}" for edge in self.only_ours.get(NONE, ())),
            *(f"only grimp's: {_shown(edge)}" for edge in self.only_grimps.get(NONE, ())),
            *(f"only grimp knows the module {name}" for name in self.strange),
            *(f"our scan missed: {_shown(edge)}" for edge in self.unscanned),
        )


def _shown(edge: Edge) -> str:
    return f"{edge.importer} -> {edge.imported} (l.{edge.line})"


def compared(own: Ours, other: Grimps) -> Comparison:
    """The two graphs, side by side."""
    both = own.edges.keys() & other.edges
    why = _Why(own, other)
    ours = {edge: why.only_ours(edge, own.edges[edge]) for edge in sorted(own.edges.keys() - both)}
    theirs = {edge: why.only_grimps(edge, ours) for edge in sorted(other.edges - both)}
    strange = sorted(name for name in other.modules if not why.is_known(name))
    return Comparison(
        len(other.modules & set(own.modules.values())),
        len(both),
        _by_reason(ours),
        _by_reason(theirs),
        tuple(strange),
        tuple(sorted(own.unscanned)),
    )


def _by_reason(reasons: Mapping[Edge, str]) -> dict[str, tuple[Edge, ...]]:
    return {
        reason: tuple(edge for edge in reasons if reasons[edge] == reason)
        for reason in (*REASONS, NONE)
        if reason in reasons.values()
    }


class _Why:
    """The reasons, as far as both graphs and the paths tell them."""

    def __init__(self, own: Ours, other: Grimps) -> None:
        self._own = own
        self._modules = other.modules
        self._refused = other.refused
        self._folders = {str(folder) for path in own.modules for folder in PurePosixPath(path).parents}
        self._packages = {path[: -len("/__init__.py")] for path in own.modules if path.endswith("/__init__.py")}
        self._files = Counter(own.modules.values())
        self._links = [link.removesuffix(".py").replace("/", ".") for link in own.links]
        self._at: dict[tuple[str, int], list[str]] = defaultdict(list)
        for edge in other.edges:
            self._at[edge.importer, edge.line].append(edge.imported)

    def is_known(self, name: str) -> bool:
        """Whether a module of grimp's is one of ours, a folder of ours, or reached through a link."""
        return name in self._files or name.replace(".", "/") in self._folders or self._is_linked(name)

    def only_ours(self, edge: Edge, ends: Ends) -> str:
        """Why grimp has it not."""
        return next((reason for reason, holds in self._reasons(edge, ends) if holds), NONE)

    def only_grimps(self, edge: Edge, ours: Mapping[Edge, str]) -> str:
        """Why we have it not: where grimp does not know what is imported, it names the package around it."""
        if self._is_linked(edge.importer) or self._is_linked(edge.imported):
            return LINK
        at = (edge.importer, edge.line)
        reasons = (reason for own, reason in ours.items() if (own.importer, own.line) == at and _below(own, edge))
        return next(reasons, NONE)

    def _reasons(self, edge: Edge, ends: Ends) -> Iterator[tuple[str, bool]]:
        paths = {edge.importer: ends.importer, edge.imported: ends.imported}
        left_out = [path for name, path in paths.items() if name not in self._modules]
        yield UNPARSED, ends.importer in self._own.unparsed
        yield REFUSED, ends.importer in self._refused
        yield STUB, any(path.endswith(".pyi") for path in paths.values())
        yield LINK, any(map(self._is_linked, (*ends.spelled, *self._at[edge.importer, edge.line])))
        yield UNNAMED, not all(map(_has_name, left_out))
        yield PLAIN, any(self._is_in_plain(path, "/") for path in left_out)
        yield PREFIX, any(self._is_in_plain(path, "") for path in left_out)
        yield ABOVE, any(_dots(module) > ends.importer.count("/") for module in ends.spelled)
        yield OWN_FILE, any(module.endswith("__init__") for module in ends.spelled)
        yield ABSENT, not ends.is_file
        yield TWIN, any(self._files[name] > 1 for name in paths)
        folder = ends.importer.rpartition("/")[0]
        yield BESIDE, folder not in self._packages and ends.imported.startswith(f"{folder}/")

    def _is_linked(self, name: str) -> bool:
        return any(f"{name}.".startswith(f"{link}.") for link in self._links)

    def _is_in_plain(self, path: str, end: str) -> bool:
        """Whether a folder on the way is no package, and begins with one: there grimp stops, which minds no `end`."""
        above = {str(folder) for folder in PurePosixPath(path).parents} & self._folders
        return any(
            folder.startswith(f"{package}{end}") for folder in above - self._packages for package in self._packages
        )


def _below(own: Edge, edge: Edge) -> bool:
    return own.imported.startswith(f"{edge.imported}.")


def _dots(module: str) -> int:
    return len(module) - len(module.lstrip("."))


def _has_name(path: str) -> bool:
    *folders, file = path.split("/")
    return all(map(str.isidentifier, folders)) and file.count(".") == 1 and not file.startswith(".")


def lines_of(comparison: Comparison) -> Iterable[str]:
    """The comparison, for a reader."""
    yield f"  {comparison.modules:,} modules and {comparison.both:,} edges of both"
    for whose, found in (("ours", comparison.only_ours), ("grimp's", comparison.only_grimps)):
        for reason, edges in found.items():
            yield f"  {len(edges):,} {whose} alone: {reason}"
