"""The imports that nobody needs any more once some code is gone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Set
from typing import Union

import libcst as cst

from gates.fixes.python.names import Imported, Names

Import = Union[cst.Import, cst.ImportFrom]
_FAILED_IMPORTS = frozenset({"ImportError", "ModuleNotFoundError"})


def unused_imports(
    names: Names, gone: Set[cst.CSTNode], is_wanted: Callable[[str], bool]
) -> tuple[Mapping[cst.CSTNode, cst.CSTNode], Set[cst.CSTNode]]:
    """Import statements with less in them, and those that go whole, when these nodes are `gone`.

    Only what was used, and by these nodes alone. An import that is tried stays: something else may stand in for it.
    `is_wanted` says whether others may import a name of the module from here.
    """
    idle = _idle(names, gone, is_wanted)
    shortened: dict[cst.CSTNode, cst.CSTNode] = {}
    dropped: set[cst.CSTNode] = set()
    for statement, aliases in idle.items():
        kept = [alias for alias in _listed(statement) if alias not in aliases]
        if not kept:
            dropped.add(statement)
        else:
            kept[-1] = kept[-1].with_changes(comma=_listed(statement)[-1].comma)
            shortened[statement] = statement.with_changes(names=kept)
    return shortened, dropped


def _idle(
    names: Names, gone: Set[cst.CSTNode], is_wanted: Callable[[str], bool]
) -> Mapping[Import, Set[cst.ImportAlias]]:
    bound: dict[cst.ImportAlias, list[Imported]] = defaultdict(list)
    for each in names.imports():
        bound[each.alias].append(each)
    idle: dict[Import, set[cst.ImportAlias]] = defaultdict(set)
    for alias, several in bound.items():
        statement = several[0].statement
        assert isinstance(statement, (cst.Import, cst.ImportFrom))
        uses = [use for each in several for use in each.uses]
        exported = any(each.is_of_module and is_wanted(each.name) for each in several)
        is_tried = bool(_FAILED_IMPORTS & names.caught_around(statement))
        if not uses or exported or is_tried:
            continue
        if all(names.is_within(use, gone) for use in uses):
            idle[statement].add(alias)
    return idle


def _listed(statement: Import) -> list[cst.ImportAlias]:
    assert not isinstance(statement.names, cst.ImportStar)
    return list(statement.names)
