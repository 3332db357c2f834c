"""What is added so that former names keep working: modules, doors to tables of names, and the ledger of both."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Optional, Union

from gates.facts.aliases import PLACE as LEDGER
from gates.facts.aliases import Alias, written
from gates.facts.extractors.words.hits import IDENTIFIER
from gates.fixes.edit import Edit, Mended, Unmended
from gates.fixes.words.former_names import door_to, former_in, module_for, table_for, table_place
from gates.fixes.words.inventory import Inventory
from gates.fixes.words.python_names import Uses
from gates.fixes.words.renames import Renames, keeps_former_names

_PROGRAM = re.compile(rb"^if __name__ == ", re.MULTILINE)
_TABLES = "the names of its package"


@dataclass
class Kept:
    """The former names of one mend. `known` are the aliases that the ledger holds already."""

    renames: Renames
    known: tuple[Alias, ...]
    _tables: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    _until: dict[str, str] = field(default_factory=dict)

    @property
    def _inventory(self) -> Inventory:
        return self.renames.inventory

    def until(self, name: str) -> Optional[str]:
        """The release with which the alias for a name goes: the last that its terms say; None where none does."""
        return _last(
            [term.alias_until for term in self.renames.spelling.terms_in(name) if term.alias_until is not None]
        )

    def with_doors(self, edits: Mapping[str, Edit]) -> Iterator[Union[Edit, Unmended]]:
        """The edits; those of modules whose own names changed have the way to their former ones."""
        for path, edit in edits.items():
            names = self._former_names(path)
            place = table_place(edit.to or path, self._packages)
            if not names or place is None:
                yield edit
                continue
            is_ours = door_to(place[1]) in edit.after.replace(b"\r\n", b"\n")
            if "__getattr__" in self._inventory.uses[path].top and not is_ours:
                yield edit
                said = ", ".join(sorted(names))
                yield Unmended(path, 0, f"has a __getattr__ of its own, so its former names go at once: {said}")
                continue
            yield self._with_door(edit, names, *place)

    def _with_door(self, edit: Edit, names: Mapping[str, str], table: str, dotted: str) -> Edit:
        path = edit.to or edit.path
        self._tables.setdefault(table, {})[self._now(path)] = dict(names)
        self._until[table] = _last([*(self.until(name) for name in names), self._until.get(table)]) or ""
        if door_to(dotted) in edit.after.replace(b"\r\n", b"\n"):
            return edit
        newline = b"\r\n" if b"\r\n" in edit.after else b"\n"
        after = edit.after.rstrip(b"\r\n") + newline + door_to(dotted, newline.decode())
        return replace(edit, after=after)

    def _former_names(self, path: str) -> dict[str, str]:
        """The names at the top of a module that are renamed and may be asked for: former to new."""
        used = self._inventory.uses.get(path)
        if used is None or not path.endswith(".py") or not keeps_former_names(path):
            return {}
        found: dict[str, str] = {}
        for name in _offered(path, used):
            new = self.renames.spelling.written(name, IDENTIFIER)
            if new not in (None, name) and self.until(name) is not None and self.renames.why_not(name) is None:
                found[name] = str(new)
        return found

    def _now(self, path: str) -> str:
        return self._inventory.modules.name_of(path)

    @cached_property
    def _packages(self) -> dict[str, str]:
        """Folder, as it will be called, to dotted name."""
        files = self._inventory.modules.files
        paths = (self.renames.moves.paths.get(file.path, file.path) for file in files)
        return {path.rpartition("/")[0]: self._now(path) for path in paths if path.endswith("/__init__.py")}

    def added(self) -> Iterator[Edit]:
        """The modules that stand for former ones, the tables of former names, and the ledger."""
        new = [*self._modules(), *self._written_tables()]
        for edit, _ in new:
            yield edit
        if new:
            yield self._ledger([alias for _, alias in new])

    def _modules(self) -> Iterator[tuple[Edit, Alias]]:
        for path, to in sorted(self.renames.moves.paths.items()):
            until = self.until(path)
            if until is None or not path.endswith(".py") or not keeps_former_names(path):
                continue
            now = self._now(to)
            is_program = _PROGRAM.search(self._inventory.checkout.read(path)) is not None
            content = module_for(now, self._former_names(path), until, is_program)
            yield (
                Edit(path, None, content, (Mended(0, "an alias of what it was"),)),
                Alias(path, self._now(path), now, until),
            )

    def _written_tables(self) -> Iterator[tuple[Edit, Alias]]:
        checkout = self._inventory.checkout
        for table, names in sorted(self._tables.items()):
            before = checkout.read(table) if table in checkout.files else None
            known = former_in(before) if before is not None else {}
            until = _last([self._until[table], *(alias.until for alias in self.known if alias.path == table)]) or ""
            now = self.renames.moves.modules_renamed
            merged = {now.get(module, module): self._renewed(former) for module, former in known.items()}
            for module, former in names.items():
                merged.setdefault(module, {}).update(former)
            edit = Edit(table, before, table_for(merged, until), (Mended(0, "knows the former names"),))
            yield edit, Alias(table, self._now(table), _TABLES, until)

    def _renewed(self, known: Mapping[str, str]) -> dict[str, str]:
        """Former names of what is renamed again."""
        later = ((name, now, self.renames.spelling.written(now, IDENTIFIER)) for name, now in known.items())
        return {name: new if new and self.renames.why_not(now) is None else now for name, now, new in later}

    def _ledger(self, fresh: list[Alias]) -> Edit:
        checkout = self._inventory.checkout
        before = checkout.read(LEDGER) if LEDGER in checkout.files else None
        again = {alias.path for alias in fresh}
        aliases = (*(alias for alias in self.known if alias.path not in again), *fresh)
        return Edit(LEDGER, before, written(aliases), (Mended(0, "told in the ledger"),))


def _offered(path: str, used: Uses) -> list[str]:
    """What a module is asked for: what it defines; of a package what it imports, too."""
    names = used.top | used.taken if path.endswith("__init__.py") else used.top
    return sorted(name for name in names if not name.startswith("_"))


def _last(releases: list[Optional[str]]) -> Optional[str]:
    said = [release for release in releases if release]
    return max(said, key=lambda release: [int(part) for part in release.split(".")], default=None)
