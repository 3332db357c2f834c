"""Lanes from a layout: the globs that put every module in exactly one of them."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from gates.facts.lanes import Lane, Lanes
from gates.globs import Glob, glob_pattern
from gates.scaffold import maturity
from gates.scaffold.layout import Layout, prefixes
from gates.scaffold.maturity import Kind

# More folders of one name than this are written as one glob.
_MANY = 8


@dataclass(frozen=True)
class ProposedLane:
    """One lane. `unnamed` are the globs of folders that no name tells, but what is in them."""

    kind: Kind
    globs: tuple[str, ...]
    unnamed: tuple[str, ...]
    holds: int = 0
    may_import: tuple[str, ...] = ()
    formerly: tuple[str, ...] = ()

    @property
    def lane(self) -> Lane:
        """As the policy will have it."""
        paths = tuple(map(Glob, (*self.globs, *self.unnamed)))
        return Lane(self.kind.value, paths, self.may_import, self.formerly)


def proposed_lanes(layout: Layout, former: Mapping[Kind, Iterable[str]]) -> tuple[ProposedLane, ...]:
    """The lanes that hold something, the most specific first. `former` are names that imports still use."""
    kinds = {module: layout.kind_of(module) for module in layout.modules}
    lanes = [_proposed(kind, layout, kinds) for kind in Kind if kind in kinds.values()]
    # A folder named `a*b` is matched by a glob that may match its neighbours too, and take all that they hold.
    held = Counter(map(Lanes(tuple(lane.lane for lane in lanes)).of, layout.modules))
    lanes = [lane for lane in lanes if held[lane.kind.value]]
    there = {lane.kind for lane in lanes}
    return tuple(
        replace(
            lane,
            holds=held[lane.kind.value],
            may_import=tuple(other.value for other in lane.kind.may_import if other in there),
            formerly=tuple(sorted(former.get(lane.kind, ()))),
        )
        for lane in lanes
    )


def forbids_something(lanes: Iterable[ProposedLane]) -> bool:
    """Whether a lane may not import another."""
    lanes = tuple(lanes)
    return any(other.kind.value not in lane.may_import for lane in lanes for other in lanes)


def _proposed(kind: Kind, layout: Layout, kinds: Mapping[str, Kind]) -> ProposedLane:
    mine = [module for module, its in kinds.items() if its is kind]
    folders = sorted({folder for module in mine for folder in _deciding_folder(layout, module, kind)})
    named = [folder for folder in folders if layout.is_named(folder)]
    unnamed = [folder for folder in folders if not layout.is_named(folder)]
    loose = [module for module in mine if "/" not in module]
    globs = _folder_globs(named, kind, kinds) | set(_file_globs(layout, kind, mine))
    loose_globs = _loose_globs(loose, kinds) - globs
    if kind is not Kind.TOOLS:
        return ProposedLane(kind, _sorted({*globs, *loose_globs, *map(below, unnamed)}), ())
    if "*.py" in loose_globs:
        return ProposedLane(kind, _sorted(globs), _sorted({*map(below, unnamed), *loose_globs}))
    return ProposedLane(kind, _sorted(globs | loose_globs), _sorted(map(below, unnamed)))


def _sorted(globs: Iterable[str]) -> tuple[str, ...]:
    """Globs that hold anywhere, then folders, then files, each by name."""
    return tuple(sorted(globs, key=lambda glob: (not glob.startswith("**"), not glob.endswith("/**"), glob)))


def _deciding_folder(layout: Layout, module: str, kind: Kind) -> Iterator[str]:
    """The highest folder from which on down all is of the kind; none where the file's own name decided."""
    folder = posixpath.dirname(module)
    if not folder or layout.folder_kind(folder) is not kind:
        return
    deciding = folder
    for prefix in reversed(list(prefixes(folder))):
        if layout.folder_kind(prefix) is not kind:
            break
        deciding = prefix
    yield deciding


def _folder_globs(folders: Iterable[str], kind: Kind, kinds: Mapping[str, Kind]) -> set[str]:
    by_name: dict[str, list[str]] = {}
    for folder in folders:
        by_name.setdefault(posixpath.basename(folder), []).append(folder)
    globs: set[str] = set()
    for name, alike in by_name.items():
        anywhere = f"**/{below(name)}"
        is_tests = maturity.is_tests(maturity.word_of(name)) and any("/" in folder for folder in alike)
        if is_tests or (len(alike) > _MANY and _takes_only(anywhere, kind, kinds)):
            globs.add(anywhere)
        else:
            globs.update(map(below, alike))
    return globs


def _takes_only(glob: str, kind: Kind, kinds: Mapping[str, Kind]) -> bool:
    """Whether no module of a later lane matches."""
    pattern = re.compile(glob_pattern(glob))
    later = list(Kind)[list(Kind).index(kind) + 1 :]
    return not any(its in later and pattern.fullmatch(module) for module, its in kinds.items())


def _file_globs(layout: Layout, kind: Kind, modules: Iterable[str]) -> Iterator[str]:
    """Tests that lie beside what they test."""
    for module in modules:
        folder, name = posixpath.split(module)
        if folder and layout.folder_kind(folder) is not kind:
            for pattern in ("conftest.py", "test_*.py", "*_test.py"):
                if re.fullmatch(glob_pattern(pattern), name):
                    yield f"**/{pattern}"


def _loose_globs(loose: Iterable[str], kinds: Mapping[str, Kind]) -> set[str]:
    """Modules at the top: by name those that are tools by name, all others together."""
    loose = list(loose)
    others = [module for module in loose if not maturity.is_tool_module(module)]
    if not any(module.endswith(".py") for module in others):
        return set(map(literal, loose))
    return {"*.py", *(literal(module) for module in others if not module.endswith(".py"))}


def below(folder: str) -> str:
    """The glob of all below a folder."""
    return f"{literal(folder)}/**"


def literal(path: str) -> str:
    """A glob for this path. No glob spells `*`, `?` or a byte that is not UTF-8: `?` stands for each."""
    return re.sub("[*?\ud800-\udfff]", "?", path)
