"""Which names and which files are renamed, and which are not because it is not certain what else is called so."""

from __future__ import annotations

import ast
import keyword
import posixpath
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Optional

from gates.facts.aliases import Aliases
from gates.facts.checkout import Checkout
from gates.facts.extractors.words.hits import NAMES, PATH, decoded
from gates.facts.extractors.words.look_alikes import folded
from gates.facts.extractors.words.respelling import respelled
from gates.facts.modules import SUFFIXES, Modules
from gates.facts.vocabulary import Vocabulary
from gates.facts.words import Words
from gates.fixes.words.python_names import Uses, uses

_NO_ALIAS = ("tests", "test", "testing")


@dataclass
class Renames:
    """Of one checkout, under one vocabulary. `judged` are the paths whose findings are to be mended."""

    checkout: Checkout
    modules: Modules
    vocabulary: Vocabulary
    words: Words
    aliases: Aliases
    judged: frozenset[str]
    _unread: dict[str, str] = field(default_factory=dict)
    _decided: dict[str, Optional[str]] = field(default_factory=dict)

    def written(self, text: str, kind: str) -> Optional[str]:
        """A name or a path with every retired word in it respelled; None where that is not certain."""
        letters = folded(text)
        parts: list[str] = []
        at = 0
        for place in self.vocabulary.patterns.occurrences(letters):
            term = self.vocabulary.terms[place.term]
            start, end = letters.place(place.start), letters.place(place.end)
            if kind not in term.kinds or term.replacement is None:
                return None
            new = respelled(text[start:end], term.name, term.replacement, text, kind in NAMES)
            if new is None:
                return None
            parts += [text[at:start], new]
            at = end
        return "".join([*parts, text[at:]])

    # Files

    @cached_property
    def paths(self) -> Mapping[str, str]:
        """Path to new path, of the files that are renamed."""
        named = {one.path for one in self.words.named() if one.path in self.judged}
        found: dict[str, str] = {}
        for path in self.checkout.files:
            parts = path.split("/")
            folders = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
            new = [self.written(part, PATH) if folder in named else part for part, folder in zip(parts, folders)]
            known = [part if part is not None else old for part, old in zip(new, parts)]
            if known != parts:
                found[path] = "/".join(known)
        taken = {new for new in found.values() if new in self.checkout.files and new not in found}
        several = {new for new in found.values() if list(found.values()).count(new) > 1} if len(found) < 2000 else set()
        return {path: new for path, new in found.items() if new not in taken | several}

    @cached_property
    def _segments(self) -> frozenset[str]:
        """The parts of paths that no longer stand in any path."""
        before = {(part, new) for path, to in self.paths.items() for part, new in zip(path.split("/"), to.split("/"))}
        return frozenset(part for part, new in before if part != new)

    def leads_to_renamed(self, path: str, mention: str) -> bool:
        """Whether a path that a file mentions is one that is renamed: from that file, from the top, or its end."""
        target = mention.split("#")[0].split("?")[0].strip("\"'`<>()").rstrip("/.,:;")
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        whole = posixpath.normpath(target.lstrip("/"))
        return any(one in self._places for one in (beside, whole)) or any(
            place.endswith(f"/{whole}") for place in self._places if "/" in whole or "." in whole
        )

    @cached_property
    def _places(self) -> frozenset[str]:
        """Files that are renamed, and the folders of which all files are."""
        folders = {"/".join(path.split("/")[:depth]) for path in self.paths for depth in range(1, path.count("/") + 1)}
        moved = {folder for folder in folders if posixpath.basename(folder) in self._segments}
        within = {folder for folder in folders if any(folder.startswith(f"{one}/") for one in moved)}
        return frozenset((*self.paths, *moved, *within))

    @cached_property
    def modules_renamed(self) -> Mapping[str, str]:
        """Dotted name to new one, of the modules that are renamed."""
        found: dict[str, str] = {}
        for name, position in self.modules.index.items():
            path = self.modules.files[position].path
            if path in self.paths:
                new = [self.written(part, PATH) or part for part in name.split(".")]
                found[name] = ".".join(new)
        return found

    # Names

    @cached_property
    def _tops(self) -> frozenset[str]:
        return frozenset(name.split(".", 1)[0] for name in self.modules.index)

    @cached_property
    def uses(self) -> Mapping[str, Uses]:
        """The names of every Python file in which a retired word may stand, and that parses."""
        found: dict[str, Uses] = {}
        for file in self.modules.files:
            content = self.checkout.read(file.path)
            if not self.vocabulary.patterns.may_occur(content) or not file.path.endswith(SUFFIXES):
                continue
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    found[file.path] = uses(ast.parse(content), lambda top: top in self._tops)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                self._unread[file.path] = decoded(content)
        return found

    @cached_property
    def _bound(self) -> frozenset[str]:
        bound = {name for used in self.uses.values() for name in used.bound}
        parts = {part for name in self.modules_renamed for part in name.split(".")}
        return frozenset(bound | parts)

    def why_not(self, name: str) -> Optional[str]:
        """Why a name in Python is left as it is; None where it is renamed everywhere."""
        if name not in self._decided:
            self._decided[name] = self._why_not(name)
        return self._decided[name]

    def _why_not(self, name: str) -> Optional[str]:
        new = self.written(name, "identifier")
        if new is None:
            return "nothing certain takes its place"
        if not new.isidentifier() or keyword.iskeyword(new):
            return f"`{new}` is no name"
        if name not in self._bound:
            return "it is bound nowhere here: it may be somebody else's"
        for path, used in self.uses.items():
            if name in used.foreign:
                return f"it is also a name of {used.foreign[name]}, in {path}"
            if new in used.every | used.bound and (name in used.every | used.bound):
                return f"{path} has a `{new}` already"
            if path not in self.judged and name in used.every | used.bound:
                return f"it also stands in {path}, which is not to be mended"
        for path, text in self._unread.items():
            if name in text:
                return f"it also stands in {path}, which does not parse"
        return None

    @cached_property
    def looked_up(self) -> frozenset[str]:
        """Whole strings that name something of Python."""
        return frozenset(text for used in self.uses.values() for text in used.looked_up)

    def is_dotted_name(self, text: str) -> bool:
        """Whether a string names a module that is renamed, or something in one: `pkg.old`, `pkg.old:run`."""
        name = text.replace(":", ".")
        parts = name.split(".")
        return any(".".join(parts[:length]) in self.modules_renamed for length in range(len(parts), 0, -1))


def keeps_former_names(path: str) -> bool:
    """Whether anybody outside may import a module: of tests nobody does."""
    parts = path.split("/")
    return not any(part in _NO_ALIAS for part in parts) and not parts[-1].startswith(("test_", "conftest"))


def public_names(renames: Renames, path: str, renamed: Iterable[str]) -> list[str]:
    """The names at the top of a module that are renamed."""
    used = renames.uses.get(path)
    return sorted(used.public & set(renamed)) if used is not None else []
