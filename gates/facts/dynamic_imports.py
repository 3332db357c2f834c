"""Where modules are loaded by name: `importlib`, `__import__`, `exec` and their kin, in every module."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Optional

from gates.errors import FactUnavailable
from gates.facts.extraction import Extraction
from gates.facts.extractors.dynamic_loading import PATH, LoadingSite
from gates.facts.fact import digest_of
from gates.facts.linked_loads import LinkedLoads, overlaid
from gates.facts.modules import Modules
from gates.facts.per_module import PerModule
from gates.facts.plugins import Plugins
from gates.facts.scope import Scope

_NONE = Plugins()


@dataclass
class DynamicImports(PerModule):
    """The loading sites of every module, and which of what they load is a plugin that could be asked for."""

    plugins: Plugins = _NONE
    linked: Optional[LinkedLoads] = None
    extractor: ClassVar[str] = "gates.facts.extractors.dynamic_loading"

    @classmethod
    def gather(  # type: ignore[override]
        cls, modules: Modules, extraction: Extraction, scope: Scope, plugins: Plugins, linked: LinkedLoads
    ) -> DynamicImports:
        """Nothing is read until it is asked for."""
        return cls(modules.within(scope), extraction, plugins, linked)

    @cached_property
    def _answers(self) -> dict[str, Any]:
        alone = self.extraction.of(self.extractor, self.modules.files)
        return alone if self.linked is None else overlaid(alone, self.linked.sites, self.modules.files)

    @property
    def digest(self) -> str:
        """Of the modules, and of what is announced as a plugin."""
        return digest_of(self.modules.digest, self.plugins.digest)

    def outside(self, allowed: Iterable[str]) -> Iterator[tuple[str, LoadingSite]]:
        """Path and site of each load in a module that none of the globs matches."""
        for path, sites in self.answers(allowed):
            if not isinstance(sites, str):
                found = (LoadingSite(*site) for site in sites)
                yield from ((path, self._as_it_is(path, site)) for site in found if not site.is_tentative)

    def _as_it_is(self, path: str, site: LoadingSite) -> LoadingSite:
        """A site that loads a file by its path; what a file holds that is no module is not known."""
        if site.is_roundabout or not (site.target or "").startswith(PATH) or self._is_module(path, site.target or ""):
            return site
        reason = f"{(site.target or '')[len(PATH) :]} is no module here"
        return site._replace(target=None, reason=reason)

    def _is_module(self, path: str, target: str) -> bool:
        modules = self.modules if self.linked is None else self.linked.modules
        place = target[len(PATH) :]
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), place))
        for one in (beside, posixpath.normpath(place)):
            if not {one, f"{one}.py"}.isdisjoint(modules.paths) or modules.below(one):
                return True
        return False

    def unknown(self, allowed: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Path and reason of each such module that mentions a loader and does not parse."""
        return ((path, why) for path, why in self.answers(allowed) if isinstance(why, str))

    def absolute(self, path: str, site: LoadingSite) -> str:
        """The dotted name of what a site loads; empty where that is not known."""
        if not site.level or site.target is None:
            return site.target or ""
        package = self.modules.package_of(path).split(".")
        return ".".join([*package[: len(package) - site.level + 1], site.target])

    def registered(self, kinds: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
        """What a load of a module, or of an object in it, could ask the registry for: dotted name to "kind:name"s.

        Empty where the entry points cannot be read: that is no reason to see fewer loads.
        """
        try:
            objects = self.plugins.by_object(kinds)
        except FactUnavailable:
            return {}
        names: dict[str, tuple[str, ...]] = dict(objects)
        for dotted, several in objects.items():
            module = dotted.rpartition(".")[0]
            names[module] = tuple(sorted({*names.get(module, ()), *several}))
        return names
