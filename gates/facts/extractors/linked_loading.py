"""The loading sites of a file, seen together with the modules of the repository that it uses.

A pure function of the contents of all of them. What one file alone leaves open (a constant, a loader or a function that
comes from another module) is followed there.
"""

from __future__ import annotations

import ast
import warnings
from typing import Callable, NamedTuple, Optional

from gates.facts.extractors.bindings import Survey
from gates.facts.extractors.constant_folding import Folding
from gates.facts.extractors.dynamic_loading import LoadingSite
from gates.facts.extractors.loading_sites import Loading, Look, sites_of
from gates.facts.extractors.places import Scope
from gates.facts.extractors.syntax_tree import parsed

_MOST_MODULES = 60


class Module(NamedTuple):
    """A module of the repository: its dotted name, whether it is a package, and its content."""

    name: str
    is_package: bool
    source: bytes


Find = Callable[[str], Optional[Module]]
"""The module of a dotted name, where the repository has one."""


def linked_sites(source: bytes, own: str, is_package: bool, find: Find) -> tuple[LoadingSite, ...]:
    """The sites of a file whose module is called `own`. Raises what parsing raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        survey = Survey(parsed(source))
    together = _Together(survey, find)
    survey.scope.package = own if is_package else own.rpartition(".")[0]
    names = frozenset(name for name, text in survey.imports() if together.is_ours(text, survey.scope))
    return sites_of(
        Look(survey, 0, names | {f".{name}" for name in names}, folding=together.folding, loading=together.loading)
    )


class _Together:
    """Several modules under one look; each is read when a name leads into it."""

    def __init__(self, survey: Survey, find: Find) -> None:
        self._survey = survey
        self._find = find
        self._found: dict[str, Optional[Module]] = {}
        self._scopes: dict[str, Optional[Scope]] = {}
        self.loading: Loading = {}
        self.folding = Folding(survey, self)

    def is_ours(self, text: str, scope: Scope) -> bool:
        """Whether an import ("module:name") is of a module of the repository."""
        module = text.partition(":")[0]
        if module.startswith("."):
            return True
        return self._module(module) is not None or self._module(module.partition(".")[0]) is not None

    def split(self, name: str) -> list[str]:
        """The module that a dotted name begins with, the longest there is, and the rest of its parts."""
        parts = name.split(".")
        for length in range(len(parts), 0, -1):
            module = ".".join(parts[:length])
            if self._module(module) is not None:
                return [module, *parts[length:]]
        return ["", *parts]

    def scope_of(self, module: str) -> Optional[Scope]:
        """What a module binds; None for one that does not parse, or where too many were read already."""
        if module not in self._scopes:
            self._scopes[module] = None
            found = self._module(module)
            if found is not None and len(self._scopes) <= _MOST_MODULES:
                self._scopes[module] = self._read(found)
        return self._scopes[module]

    def _module(self, name: str) -> Optional[Module]:
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def _read(self, module: Module) -> Optional[Scope]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(module.source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        survey = Survey(tree)
        survey.scope.module_name = module.name
        survey.scope.package = module.name if module.is_package else module.name.rpartition(".")[0]
        self._survey.take_in(survey)
        self._scopes[module.name] = survey.scope
        for _ in Look(survey, 0, folding=self.folding, loading=self.loading).sites():
            pass  # where its functions load is kept in `loading`
        return survey.scope
