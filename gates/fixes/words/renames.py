"""Which names, keys and files are renamed, and which are not because it is not certain what else is called so.

A name has one answer for all places of the repository: it is renamed in all of them or in none.
"""

from __future__ import annotations

import builtins
import keyword
import posixpath
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Optional

from gates.facts.extractors.words.hits import IDENTIFIER, KEY, NAMES, PATH
from gates.facts.extractors.words.look_alikes import folded
from gates.facts.extractors.words.respelling import respelled
from gates.facts.extractors.words.terms import Patterns, Sought
from gates.facts.vocabulary import Term
from gates.fixes.words.around import is_data, is_document, is_path_like, is_python
from gates.fixes.words.inventory import Inventory
from gates.fixes.words.python_names import Uses, absolute

_NO_ALIAS = ("tests", "test", "testing")
_ROUNDS = 8
_UNCERTAIN = "nothing certain takes its place"
SAYS_BOTH = "what is said now stands beside it, so this may speak of the rename"


@dataclass
class Renames:
    """The answers. `refused`: names that turned out to break something, with the reason."""

    inventory: Inventory
    refused: Mapping[str, str] = field(default_factory=dict)
    _names: dict[str, Optional[str]] = field(default_factory=dict)
    _texts: dict[str, Optional[str]] = field(default_factory=dict)
    _new_words: dict[str, Patterns] = field(default_factory=dict)

    def written(self, text: str, kind: str) -> Optional[str]:
        """A name or a path with every retired word in it respelled; None where that is not certain."""
        vocabulary = self.inventory.vocabulary
        letters = folded(text)
        parts: list[str] = []
        at = 0
        for place in vocabulary.patterns.occurrences(letters):
            term = vocabulary.terms[place.term]
            start, end = letters.place(place.start), letters.place(place.end)
            if kind not in term.kinds or term.replacement is None:
                return None
            new = respelled(text[start:end], term.name, term.replacement, text, kind in NAMES)
            if new is None:
                return None
            parts += [text[at:start], new]
            at = end
        return "".join([*parts, text[at:]])

    def says_both(self, text: str) -> bool:
        """Whether a retired word and what is said now stand side by side: then it may speak of the rename itself."""
        terms = {term.name: term for term in self.terms_in(text) if term.replacement is not None}
        return any(self._has_been_said(text, term) for term in terms.values())

    def _has_been_said(self, text: str, term: Term) -> bool:
        if term.name not in self._new_words:
            self._new_words[term.name] = Patterns((Sought(term.replacement or term.name),))
        return bool(self._new_words[term.name].occurrences(folded(text)))

    def terms_in(self, text: str) -> list[Term]:
        """The retired terms that a name holds."""
        vocabulary = self.inventory.vocabulary
        return [vocabulary.terms[place.term] for place in vocabulary.patterns.occurrences(folded(text))]

    # Files and folders

    @cached_property
    def paths(self) -> Mapping[str, str]:
        """Path to new path, of the files that are renamed."""
        return self._moves[0]

    @cached_property
    def blocked(self) -> Mapping[str, str]:
        """Files and folders that keep their names, with the reason."""
        return self._moves[1]

    @cached_property
    def _moves(self) -> tuple[dict[str, str], dict[str, str]]:
        """What is certain by itself, less what others make uncertain, until nothing more has to be left."""
        blocked = self._blocked_by_itself()
        for _ in range(_ROUNDS):
            paths = self._renamed(blocked)
            more = {**self._collisions(paths), **self._split_packages(paths, blocked)}
            more.update(self._mentioned(paths))
            more = {place: why for place, why in more.items() if place not in blocked}
            if not more:
                return paths, blocked
            blocked.update(more)
        return {}, {**blocked, **dict.fromkeys(self._called, "what names it could not be followed to its end")}

    @cached_property
    def _called(self) -> list[str]:
        """The files and folders that are called by a retired word."""
        return sorted({one.path for one in self.inventory.words.named() if one.path in self.inventory.judged})

    def _blocked_by_itself(self) -> dict[str, str]:
        blocked: dict[str, str] = {}
        untouchable = {*self.inventory.found.untouchable, *self.inventory.modules.links}
        for place in self._called:
            name = posixpath.basename(place)
            new = self.written(name, PATH)
            stem = name.partition(".")[0] if is_python(name) else name
            held = [path for path in untouchable if path == place or path.startswith(f"{place}/")]
            held += [link for link, to in self.inventory.modules.links.items() if f"{to}/".startswith(f"{place}/")]
            if new is None:
                blocked[place] = _UNCERTAIN
            elif self.says_both(name):
                blocked[place] = SAYS_BOTH
            elif posixpath.splitext(name)[1] and not (is_python(name) or is_document(name) or is_data(name)):
                blocked[place] = "what names such a file is not read here"
            elif name.startswith("."):
                blocked[place] = "a program looks for it by this name"
            elif held:
                blocked[place] = f"{held[0]} cannot be moved: a link leads there, or it is not tracked, or has changes"
            elif stem in self.refused:
                blocked[place] = self.refused[stem]
            elif self.inventory.may_be_built(name):
                blocked[place] = "it may be among the names that are put together at run time"
            elif name in self.inventory.parts:
                blocked[place] = f"`{name}` is a part of a path that {self.inventory.parts[name]} puts together"
            elif self._is_module(place) and self._why_not_bare(stem) is not None:
                blocked[place] = str(self._why_not_bare(stem))
        return blocked

    def _is_module(self, place: str) -> bool:
        return is_python(place) or any(file.path.startswith(f"{place}/") for file in self.inventory.modules.files)

    def _renamed(self, blocked: Mapping[str, str]) -> dict[str, str]:
        moving = set(self._called) - set(blocked)
        found: dict[str, str] = {}
        for path in self.inventory.checkout.files:
            parts = path.split("/")
            new = [
                self.written(part, PATH) or part if "/".join(parts[: depth + 1]) in moving else part
                for depth, part in enumerate(parts)
            ]
            if new != parts:
                found[path] = "/".join(new)
        return found

    def _collisions(self, paths: Mapping[str, str]) -> dict[str, str]:
        """A place that is taken, by another name too where capitals make no difference."""
        stay = {path.lower(): path for path in self.inventory.checkout.files if path not in paths}
        often = Counter(new.lower() for new in paths.values())
        blocked: dict[str, str] = {}
        for path, new in paths.items():
            if new.lower() in stay:
                blocked[self._called_part(path)] = f"{stay[new.lower()]} is there already"
            elif often[new.lower()] > 1:
                blocked[self._called_part(path)] = f"several files would be called {new}"
        return blocked

    def _called_part(self, path: str) -> str:
        """The innermost part of a path that is called by a retired word: what would be renamed."""
        called = set(self._called)
        parts = path.split("/")
        return next("/".join(parts[:end]) for end in range(len(parts), 0, -1) if "/".join(parts[:end]) in called)

    def _split_packages(self, paths: Mapping[str, str], blocked: Mapping[str, str]) -> dict[str, str]:
        """A module that keeps its name keeps all others of this name, for the name is one."""
        kept = {_stem(place): place for place in blocked if self._is_module(place)}
        return {
            place: f"{kept[_stem(place)]} keeps its name, and modules of one name are renamed together"
            for place in self._called
            if place not in blocked and _stem(place) in kept and self._is_module(place)
        }

    def _mentioned(self, paths: Mapping[str, str]) -> dict[str, str]:
        """What code or data mentions in a way that leads nowhere here may be what is to be renamed."""
        names: dict[str, list[str]] = {}
        for place in self._called:
            for name in {posixpath.basename(place), posixpath.splitext(posixpath.basename(place))[0]}:
                names.setdefault(name, []).append(place)
        places = _Places(paths, self.written)
        blocked: dict[str, str] = {}
        for path, said in self.inventory.mentions:
            parts = [part for part in said.split("/") if part in names]
            if is_path_like(said) and parts and not places.holds(path, said):
                reason = f"{path} mentions `{said}`, and what that is cannot be told"
                blocked.update((place, reason) for part in parts for place in names[part])
        return blocked

    @cached_property
    def _places(self) -> _Places:
        return _Places(self.paths, self.written)

    def leads_to_renamed(self, path: str, said: str) -> bool:
        """Whether a path that a file mentions is one that is renamed: from that file, from the top, or its end."""
        return self._places.holds(path, said)

    @cached_property
    def modules_renamed(self) -> Mapping[str, str]:
        """Dotted name to new one, of the modules that are renamed."""
        found: dict[str, str] = {}
        modules = self.inventory.modules
        for name, position in modules.index.items():
            if modules.files[position].path in self.paths:
                found[name] = ".".join(self.written(part, PATH) or part for part in name.split("."))
        return found

    @cached_property
    def _module_parts(self) -> frozenset[str]:
        modules = self.inventory.modules
        return frozenset(part for name in modules.index for part in name.split("."))

    @cached_property
    def _blocked_modules(self) -> Mapping[str, str]:
        return {_stem(place): why for place, why in self.blocked.items() if self._is_module(place)}

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
        if name in self._blocked_modules:
            return f"a module is called so, and keeps its name: {self._blocked_modules[name]}"
        return self._why_not_bare(name)

    def _why_not_bare(self, name: str) -> Optional[str]:
        """Without a look at the files that are called so."""
        new = self.written(name, IDENTIFIER)
        if name in self.refused:
            return self.refused[name]
        if new is None:
            return _UNCERTAIN
        if self.says_both(name):
            return SAYS_BOTH
        if not new.isidentifier() or keyword.iskeyword(new):
            return f"`{new}` is no name"
        if hasattr(builtins, new):
            return f"`{new}` is a name of Python's own"
        if name not in self.inventory.bound and name not in self._module_parts:
            return "it is bound nowhere here: it may be somebody else's"
        if name in self.inventory.stays:
            return f"it also stands in {self.inventory.stays[name]}, which is not to be mended"
        for reason in (*self._elsewhere(name), *self._collides(name, new)):
            return reason
        return None

    def _elsewhere(self, name: str) -> Iterator[str]:
        inventory = self.inventory
        is_reached = name in inventory.members or name in self._module_parts
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

    def _collides(self, name: str, new: str) -> Iterator[str]:
        inventory = self.inventory
        for path, used in inventory.uses.items():
            if name in used.every and new in used.every:
                yield f"{path} has a `{new}` already"
        if not inventory.asked:
            known = (
                self.written(one, IDENTIFIER) for one in inventory.known | self._module_parts if self.terms_in(one)
            )
            inventory.asked.update(one for one in known if one is not None)
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
            if name in used.every and name not in self._module_parts and f"{package}.{new}" in modules.index:
                yield f"{package}.{new} is a module, and would be hidden"
            if new in used.top | used.taken and f"{package}.{name}" in modules.index:
                yield f"{path} has a `{new}` already, which the module would hide"
        if name in modules.index and (new in _STANDARD or new in self._foreign_roots):
            yield f"a module {new} is installed, and would be hidden"

    @cached_property
    def _foreign_roots(self) -> frozenset[str]:
        uses = self.inventory.every_use.values()
        return frozenset(module.split(".")[0] for used in uses for module in used.foreign.values())

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
        if self.written(text, KEY) is None:
            return _UNCERTAIN
        if self.says_both(text):
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
        new = self.written(text, KEY)
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
        parts = [part for part in text.replace(":", ".").split(".") if self.terms_in(part)]
        return next((why for why in map(self.why_not, parts) if why is not None), None)

    def document_at(self, path: str, place: str) -> Optional[str]:
        """The file that a link in another one leads to."""
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), place))
        return target if target in self.inventory.checkout.files else None


class _Places:
    """Files that are renamed, and the folders that are, with what they are called then."""

    def __init__(self, paths: Mapping[str, str], written: Callable[[str, str], Optional[str]]) -> None:
        self._written = written
        self._new: dict[str, str] = {}
        for path, new in paths.items():
            old, now = path.split("/"), new.split("/")
            first = next(at for at, (one, other) in enumerate(zip(old, now)) if one != other)
            for end in range(first + 1, len(old) + 1):
                self._new["/".join(old[:end])] = "/".join(now[:end])
        self._ends: dict[str, list[str]] = {}
        for place in self._new:
            self._ends.setdefault(posixpath.basename(place), []).append(place)

    def holds(self, path: str, said: str) -> bool:
        """Whether a mention in a file leads to one of them, and to its new place once it is respelled."""
        target = said.split("#")[0].split("?")[0].strip("\"'`<>()").rstrip("/.,:;")
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        whole = posixpath.normpath(target.lstrip("/"))
        places = [place for place in (beside, whole) if place in self._new]
        if not places and ("/" in whole or "." in whole):
            ends = self._ends.get(posixpath.basename(whole), ())
            places = [place for place in ends if place.endswith(f"/{whole}")]
        names = [name for name in target.split("/") if name not in ("", ".", "..")]
        new = [self._written(name, PATH) or name for name in names]
        return bool(places) and all(self._new[place].split("/")[-len(new) :] == new for place in places)


def _stem(place: str) -> str:
    return posixpath.splitext(posixpath.basename(place))[0]


def keeps_former_names(path: str) -> bool:
    """Whether anybody outside may import a module: of tests nobody does."""
    parts = path.split("/")
    return not any(part in _NO_ALIAS for part in parts) and not parts[-1].startswith(("test_", "conftest"))


_STANDARD = frozenset(getattr(sys, "stdlib_module_names", sys.builtin_module_names))
