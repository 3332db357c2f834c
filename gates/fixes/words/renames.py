"""Which names and keys are renamed, and which are not because it is not certain what else is called so.

A name has one answer for all places of the repository: it is renamed in all of them or in none.
"""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Optional

from gates.facts.extractors.words.hits import IDENTIFIER, KEY
from gates.fixes.words.around import is_python
from gates.fixes.words.collisions import Collisions
from gates.fixes.words.inventory import Inventory
from gates.fixes.words.moves import Moves
from gates.fixes.words.spelling import SAYS_BOTH, UNCERTAIN, Spelling

_NO_ALIAS = ("tests", "test", "testing")


@dataclass
class Renames:
    """The answers. `refused`: names that turned out to break something, with the reason."""

    inventory: Inventory
    refused: Mapping[str, str] = field(default_factory=dict)
    _names: dict[str, Optional[str]] = field(default_factory=dict)
    _texts: dict[str, Optional[str]] = field(default_factory=dict)

    @cached_property
    def spelling(self) -> Spelling:
        """How names are respelled."""
        return Spelling(self.inventory.vocabulary)

    @cached_property
    def moves(self) -> Moves:
        """The files and folders that are renamed."""
        return Moves(self.inventory, self.spelling, self.refused, self._why_not_bare)

    @cached_property
    def _collisions(self) -> Collisions:
        return Collisions(self.inventory, self.spelling)

    # Names of Python

    def why_not(self, name: str) -> Optional[str]:
        """Why a name in Python is left as it is; None where it is renamed everywhere."""
        if name not in self._names:
            reason = self._why_not_name(name)
            if reason is None and self._is_linked(name):
                reason = self._why_not_key(name)
            self._names[name] = reason
        return self._names[name]

    def _is_linked(self, name: str) -> bool:
        """Whether a name that others can reach is a text as well, by which they may reach it."""
        return name in self.inventory.members and name in self.inventory.python_texts

    def _why_not_name(self, name: str) -> Optional[str]:
        if name in self.moves.blocked_modules:
            return f"a module is called so, and keeps its name: {self.moves.blocked_modules[name]}"
        return self._why_not_bare(name)

    def _why_not_bare(self, name: str) -> Optional[str]:
        """Without a look at the files that are called so."""
        new = self.spelling.written(name, IDENTIFIER)
        if name in self.refused:
            return self.refused[name]
        if new is None:
            return UNCERTAIN
        if self.spelling.says_both(name):
            return SAYS_BOTH
        if not new.isidentifier() or keyword.iskeyword(new):
            return f"`{new}` is no name"
        if hasattr(builtins, new):
            return f"`{new}` is a name of Python's own"
        if name not in self.inventory.bound and name not in self._collisions.module_parts:
            return "it is bound nowhere here: it may be somebody else's"
        if name in self.inventory.stays:
            return f"it also stands in {self.inventory.stays[name]}, which is not to be mended"
        for reason in (*self._elsewhere(name), *self._collisions.of(name, new)):
            return reason
        return None

    def _elsewhere(self, name: str) -> Iterator[str]:
        inventory = self.inventory
        is_reached = name in inventory.members or name in self._collisions.module_parts
        for path, used in inventory.uses.items():
            if name in used.foreign:
                yield f"it is also a name of {used.foreign[name]}, in {path}"
            if name in used.every and path not in inventory.judged:
                yield f"it also stands in {path}, which is not to be mended"
            if name in used.every and not is_python(path):
                yield f"it also stands in {path}, which is not read as Python"
        for path, text in inventory.unread.items():
            if name in text:
                yield f"it also stands in {path}, which does not parse"
        if name in inventory.fields:
            yield f"it is also a field of a text, in {inventory.fields[name]}"
        if is_reached and inventory.may_be_built(name):
            yield "it may be among the names that are put together at run time"

    # Keys, and texts that are names

    def why_not_text(self, text: str) -> Optional[str]:
        """Why a key, or a text that is one, is left as it is; None where it is renamed everywhere."""
        if text not in self._texts:
            reason = self._why_not_key(text)
            if reason is None and self._is_linked(text):
                reason = self._why_not_name(text)
            self._texts[text] = reason
        return self._texts[text]

    def _why_not_key(self, text: str) -> Optional[str]:
        inventory = self.inventory
        if self.spelling.written(text, KEY) is None:
            return UNCERTAIN
        if self.spelling.says_both(text):
            return SAYS_BOTH
        if text in self.refused:
            return self.refused[text]
        if text in inventory.foreign_keys:
            return f"somebody else's program reads it, in {inventory.foreign_keys[text]}"
        if text in inventory.values:
            return f"it may be a value that others read, in {inventory.values[text]}"
        if text not in inventory.read_here:
            return "who reads it is not here"
        if text not in inventory.written_here:
            return "who writes it is not here"
        for kept in (inventory.stays, inventory.elsewhere):
            if text in kept:
                return f"it also stands in {kept[text]}, which is not to be mended"
        if text in inventory.fields:
            return f"it is also a field of a text, in {inventory.fields[text]}"
        new = self.spelling.written(text, KEY)
        if new in inventory.read_here | inventory.written_here:
            return f"there is a key `{new}` already"
        if inventory.may_be_built(text):
            return "it may be among the keys that are put together at run time"
        return None

    def is_of_module(self, text: str) -> bool:
        """Whether a dotted name begins with a module of this repository."""
        parts = text.replace(":", ".").split(".")
        return any(".".join(parts[:end]) in self.inventory.modules.index for end in range(1, len(parts) + 1))

    def why_not_dotted(self, text: str) -> Optional[str]:
        """Why a dotted name of a module, or of what it holds, is left; None where each part of it is renamed."""
        parts = [part for part in text.replace(":", ".").split(".") if self.spelling.terms_in(part)]
        return next((why for why in map(self.why_not, parts) if why is not None), None)


def keeps_former_names(path: str) -> bool:
    """Whether anybody outside may import a module: of tests nobody does."""
    parts = path.split("/")
    return not any(part in _NO_ALIAS for part in parts) and not parts[-1].startswith(("test_", "conftest"))
