"""What a rewrite of one file asks about the others: whose module that is, who uses a name, who may import whom."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Optional

from gates.facts.checkout import Checkout
from gates.facts.imports import Imports
from gates.facts.lanes import Lanes
from gates.facts.modules import Modules
from gates.fixes.python.foreign_uses import may_use


@dataclass(frozen=True)
class Repository:
    """The modules of a checkout, and what lies between them."""

    checkout: Checkout
    modules: Modules
    imports: Imports
    lanes: Lanes

    def is_ours(self, module: str) -> bool:
        """Whether a dotted name is one of this repository's: it, or a package above it, is here."""
        return module.split(".", 1)[0] in self._tops

    def has(self, module: str) -> bool:
        """Whether there is a module of this dotted name."""
        return module in self.modules.index

    def user_of(self, path: str, word: str) -> Optional[str]:
        """A file that may use what the file at the path calls `word`; None where none does."""
        node, name = self._nodes[path], self.modules.name_of(path)
        for importer, targets in enumerate(self.imports.wide):
            other = self.modules.files[importer].path
            if node in targets and other != path and may_use(self.checkout.read(other), name, word):
                return other
        return None

    def why_not_import(self, path: str, module: str) -> Optional[str]:
        """Why the file may not import a module, as far as the repository knows; None where it may."""
        target = self.modules.index.get(module)
        if target is None:
            return None
        home = self.modules.files[target].path
        if home == path:
            return f"this file is {module} itself"
        here, there = self.lanes.of(path), self.lanes.of(home)
        if here is not None and there is not None and there not in self.lanes.may_import[here]:
            return f"{here} may not import {module}, which is {there}"
        if self._leads_to(target, self._nodes[path]):
            return f"{module} imports this file in turn, and its import here would run in a circle"
        return None

    def _leads_to(self, start: int, goal: int) -> bool:
        seen = {start}
        waiting = [start]
        while waiting:
            node = waiting.pop()
            targets = self.imports.wide[node] if node < len(self.imports.wide) else ()
            if goal in targets:
                return True
            waiting.extend(target for target in targets if target not in seen)
            seen.update(targets)
        return False

    @cached_property
    def _nodes(self) -> dict[str, int]:
        return {file.path: node for node, file in enumerate(self.modules.files)}

    @cached_property
    def _tops(self) -> frozenset[str]:
        return frozenset(name.split(".", 1)[0] for name in self.modules.index)
