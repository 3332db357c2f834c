"""What a new name would fall together with, hide, or be hidden by."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from gates.facts.extractors.words.hits import IDENTIFIER
from gates.facts.modules import STANDARD_LIBRARY
from gates.fixes.words.inventory import Inventory
from gates.fixes.words.python_names import Uses, absolute
from gates.fixes.words.spelling import Spelling


@dataclass
class Collisions:
    """In one repository."""

    inventory: Inventory
    spelling: Spelling

    @cached_property
    def module_parts(self) -> frozenset[str]:
        """The parts of the dotted names of modules."""
        modules = self.inventory.modules
        return frozenset(part for name in modules.index for part in name.split("."))

    def of(self, name: str, new: str) -> Iterator[str]:
        """Why a name cannot be called by the new one, reason by reason."""
        inventory = self.inventory
        for path, used in inventory.uses.items():
            if name in used.every and new in used.every:
                yield f"{path} has a `{new}` already"
        if not inventory.asked:
            known = (one for one in inventory.known | self.module_parts if self.spelling.terms_in(one))
            new_names = (self.spelling.written(one, IDENTIFIER) for one in known)
            inventory.asked.update(one for one in new_names if one is not None)
        for path, used in inventory.every_use.items():
            if name in self._attributes and new in used.attributes:
                yield f"{path} has a member `{new}` already, and one object may have both"
            if new in used.every and name in self._given_to(used, path):
                yield f"{path} has a `{new}` already, and takes all names of a module with a `{name}`"
        yield from self._shadows(name, new)

    @cached_property
    def _attributes(self) -> frozenset[str]:
        return frozenset(name for used in self.inventory.uses.values() for name in used.attributes)

    def _given_to(self, used: Uses, path: str) -> frozenset[str]:
        """The names that a file gets by `import *`, of modules with a retired word."""
        found: set[str] = set()
        for one in used.imports:
            if one.names == ("*",):
                modules = self.inventory.modules
                target = modules.index.get(absolute(modules, path, one))
                given = self.inventory.uses.get(modules.files[target].path) if target is not None else None
                found |= given.top if given is not None else set()
        return frozenset(found)

    def _shadows(self, name: str, new: str) -> Iterator[str]:
        """A module hides a name of its package, and what lies at the top hides what is installed."""
        modules = self.inventory.modules
        for path, used in self.inventory.every_use.items():
            package = modules.package_of(path)
            if posixpath.basename(path) != "__init__.py":
                continue
            if name in used.every and name not in self.module_parts and f"{package}.{new}" in modules.index:
                yield f"{package}.{new} is a module, and would be hidden"
            if new in used.top | used.taken and f"{package}.{name}" in modules.index:
                yield f"{path} has a `{new}` already, which the module would hide"
        if name in modules.index and (new in STANDARD_LIBRARY or new in self._foreign_roots):
            yield f"a module {new} is installed, and would be hidden"

    @cached_property
    def _foreign_roots(self) -> frozenset[str]:
        uses = self.inventory.every_use.values()
        return frozenset(module.split(".")[0] for used in uses for module in used.foreign.values())
