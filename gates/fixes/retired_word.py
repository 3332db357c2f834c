"""A retired word is replaced: in prose and comments, in names of Python everywhere they stand, in keys, in files.

A name is renamed in all files or in none. What may be somebody else's, or a value that others read, is left, with the
reason. What would break an import is left, too: the whole repository is looked at as it would be, before anything is
written. Where the policy says until when, the former names of modules and of what they hold are kept alive.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Optional, Union

from gates.checks.words.retired_word import RetiredWord
from gates.errors import FactUnavailable
from gates.facts.aliases import Aliases
from gates.facts.checkout import Checkout
from gates.facts.extractors.words.hits import IDENTIFIER
from gates.facts.modules import Modules
from gates.facts.vocabulary import Vocabulary
from gates.facts.words import Words
from gates.fixes.edit import Edit, Found, Mended, Unmended
from gates.fixes.python.source import CannotRewrite
from gates.fixes.words.around import is_python
from gates.fixes.words.decisions import Decisions
from gates.fixes.words.inventory import Inventory
from gates.fixes.words.kept import Kept
from gates.fixes.words.names_in_code import renamed
from gates.fixes.words.renames import Renames
from gates.fixes.words.resolving import After, Lost

_ROUNDS = 12
Step = Union[Edit, Unmended]


def mend(
    gate: RetiredWord,
    found: Found,
    checkout: Checkout,
    vocabulary: Vocabulary,
    words: Words,
    modules: Modules,
    aliases: Aliases,
) -> Iterator[Step]:
    """Every file with a finding, and every file that is renamed; then the aliases, and the ledger of them."""
    own = frozenset(alias.path for alias in aliases.aliases)
    inventory = Inventory(checkout, modules, vocabulary, words, found, own)
    refused: dict[str, str] = {}
    for _ in range(_ROUNDS):
        plan = _Plan(Renames(inventory, refused))
        more = {name: why for name, why in plan.broken() if name not in refused}
        if not more:
            yield from plan.steps(aliases)
            return
        refused.update(more)
    raise FactUnavailable(f"after {_ROUNDS} rounds some renames still break others; mend some of them by hand")


@dataclass
class _Plan:
    """What would be done, given the names that are refused."""

    renames: Renames
    edits: dict[str, Edit] = field(default_factory=dict)
    left: list[Unmended] = field(default_factory=list)
    unwritten: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for path in sorted({*self._inventory.hits, *self.renames.moves.paths}):
            self._file(path)

    @property
    def _inventory(self) -> Inventory:
        return self.renames.inventory

    @cached_property
    def _decisions(self) -> Decisions:
        return Decisions(self.renames)

    def _file(self, path: str) -> None:
        text = self._inventory.text(path)
        parts: list[str] = []
        mended: list[Mended] = []
        names: dict[str, str] = {}
        at = 0
        for hit in self._inventory.hits.get(path, ()):
            why, new = self._decisions.decided(path, hit)
            if why is not None:
                self.left.append(Unmended(path, hit.line, f"`{hit.token}`: {why}"))
                continue
            mended.append(Mended(hit.line, hit.token.replace(hit.spelled, new)))
            if self._decisions.is_name(path, hit):
                names.update(self._renamed(self._decisions.name(path, hit)))
            else:
                parts += [text[at : hit.start], new]
                at = hit.end
        before = self._inventory.checkout.read(path)
        after = self._after(path, before, "".join([*parts, text[at:]]), names) if mended else before
        to = self.renames.moves.paths.get(path)
        if after is not None and (mended or to is not None):
            moved = (Mended(0, to),) if to is not None else ()
            self.edits[path] = Edit(path, before, after, (*moved, *mended), to)

    def _renamed(self, name: str) -> dict[str, str]:
        new = self.renames.spelling.written(name, IDENTIFIER)
        return {name: new} if new is not None else {}

    def _after(self, path: str, before: bytes, text: str, names: dict[str, str]) -> Optional[bytes]:
        after = _encoded(text, before)
        if after is None:
            self.unwritten[path] = "is in an encoding that cannot be written"
        elif is_python(path):
            try:
                return renamed(before, after, names)
            except CannotRewrite as why:
                self.unwritten[path] = why.reason
        else:
            return after
        self.left.append(Unmended(path, 0, self.unwritten[path]))
        return None

    def broken(self) -> Iterator[tuple[str, str]]:
        """Names that cannot be renamed after all, with the reason."""
        for path, why in self.unwritten.items():
            if path in self._inventory.uses:
                names = self._inventory.uses[path].every
                yield from ((name, f"it also stands in {path}, which {why}") for name in names)
        if not self.unwritten:
            contents = {path: edit.after for path, edit in self.edits.items()}
            for lost in After(self._inventory, self.renames.moves.paths, contents).lost():
                yield from self._blamed(lost)

    def _blamed(self, lost: Lost) -> Iterator[tuple[str, str]]:
        for name in lost.names:
            if self.renames.spelling.terms_in(name):
                yield name, f"an import of it in {lost.path}, line {lost.line}, would lead nowhere"

    def steps(self, aliases: Aliases) -> Iterator[Step]:
        """The edits in the order in which they are written, and what is left."""
        yield from self.left
        for place, why in self.renames.moves.blocked.items():
            yield Unmended(place, 0, f"the name `{posixpath.basename(place)}`: {why}")
        kept = Kept(self.renames, aliases.aliases)
        yield from kept.with_doors(self.edits)
        yield from kept.added()


def _encoded(text: str, like: bytes) -> Optional[bytes]:
    """The text in the encoding that it was read in; None where that would change more than the words."""
    for encoding in ("utf-8", "latin-1"):
        try:
            if like.decode(encoding).encode(encoding) == like:
                return text.encode(encoding)
        except UnicodeError:
            continue
    return None
