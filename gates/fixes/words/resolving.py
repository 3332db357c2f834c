"""Whether every import that led somewhere in this repository still does, once files and names are renamed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Optional

from gates.facts.modules import Modules
from gates.fixes.words.inventory import Inventory
from gates.fixes.words.python_names import Import, Uses, absolute, uses


class Lost(NamedTuple):
    """An import that would lead nowhere, and the names in it."""

    path: str
    line: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class After:
    """The repository as it would be: new paths of files, and new contents by former path."""

    inventory: Inventory
    paths: Mapping[str, str]
    contents: Mapping[str, bytes]

    @cached_property
    def _modules(self) -> Modules:
        files = (file._replace(path=self.paths.get(file.path, file.path)) for file in self.inventory.modules.files)
        return replace(self.inventory.modules, files=tuple(sorted(files)))

    @cached_property
    def _uses(self) -> Mapping[str, Uses]:
        """By former path."""
        tops = {name.split(".", 1)[0] for name in self._modules.index}
        changed = {path: content for path, content in self.contents.items() if path in self.inventory.uses}
        return {**self.inventory.every_use, **{path: uses(one, tops.__contains__) for path, one in changed.items()}}

    def lost(self) -> Iterator[Lost]:
        """The imports that led to a module of this repository, or to a name in one, and no longer would."""
        for path, before in self.inventory.uses.items():
            after = self._uses[path]
            if len(before.imports) != len(after.imports):
                yield Lost(path, 0, ())
                continue
            for old, new in zip(before.imports, after.imports):
                yield from self._lost(path, old, new)

    def _lost(self, path: str, old: Import, new: Import) -> Iterator[Lost]:
        modules, later = self.inventory.modules, self._modules
        was = absolute(modules, path, old)
        now = absolute(later, self.paths.get(path, path), new)
        parts = tuple(was.split("."))
        if was in modules.index and now not in later.index:
            yield Lost(path, old.line, parts)
            return
        for one, other in zip(old.names, new.names):
            if f"{was}.{one}" in modules.index:
                is_lost = f"{now}.{other}" not in later.index
            else:
                is_lost = self._holds(modules, self.inventory.every_use, was, one) is True and (
                    self._holds(later, self._by_new_path, now, other) is False
                )
            if is_lost:
                yield Lost(path, old.line, (*parts, one))

    @cached_property
    def _by_new_path(self) -> Mapping[str, Uses]:
        return {self.paths.get(path, path): used for path, used in self._uses.items()}

    @staticmethod
    def _holds(modules: Modules, known: Mapping[str, Uses], module: str, name: str) -> Optional[bool]:
        """Whether a module binds a name at its top; None where that is not known."""
        position = modules.index.get(module)
        used = known.get(modules.files[position].path) if position is not None else None
        return None if used is None else name in used.top or name in used.taken
