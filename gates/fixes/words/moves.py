"""Which files and folders are moved, to where, and which keep their names because it is not certain what names them."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Optional

from gates.facts.extractors.words.hits import PATH
from gates.fixes.words.around import is_data, is_document, is_path_like, is_python
from gates.fixes.words.inventory import Inventory
from gates.fixes.words.spelling import SAYS_BOTH, UNCERTAIN, Spelling

_ROUNDS = 8


@dataclass
class Moves:
    """Of one checkout. `why_not_module` says why a module may not be called by its new name; None where it may."""

    inventory: Inventory
    spelling: Spelling
    refused: Mapping[str, str]
    why_not_module: Callable[[str], Optional[str]]

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
            new = self.spelling.written(name, PATH)
            stem = name.partition(".")[0] if is_python(name) else name
            held = [path for path in untouchable if path == place or path.startswith(f"{place}/")]
            held += [link for link, to in self.inventory.modules.links.items() if f"{to}/".startswith(f"{place}/")]
            if new is None:
                blocked[place] = UNCERTAIN
            elif self.spelling.says_both(name):
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
            elif self._is_module(place) and self.why_not_module(stem) is not None:
                blocked[place] = str(self.why_not_module(stem))
        return blocked

    def _is_module(self, place: str) -> bool:
        return is_python(place) or any(file.path.startswith(f"{place}/") for file in self.inventory.modules.files)

    def _renamed(self, blocked: Mapping[str, str]) -> dict[str, str]:
        moving = set(self._called) - set(blocked)
        found: dict[str, str] = {}
        for path in self.inventory.checkout.files:
            parts = path.split("/")
            new = [
                self.spelling.written(part, PATH) or part if "/".join(parts[: depth + 1]) in moving else part
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
        places = _Places(paths, self.spelling.written)
        blocked: dict[str, str] = {}
        for path, said in self.inventory.mentions:
            parts = [part for part in said.split("/") if part in names]
            if is_path_like(said) and parts and not places.holds(path, said):
                reason = f"{path} mentions `{said}`, and what that is cannot be told"
                blocked.update((place, reason) for part in parts for place in names[part])
        return blocked

    @cached_property
    def _places(self) -> _Places:
        return _Places(self.paths, self.spelling.written)

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
                found[name] = ".".join(self.spelling.written(part, PATH) or part for part in name.split("."))
        return found

    @cached_property
    def blocked_modules(self) -> Mapping[str, str]:
        """Names of modules that keep their names, with the reason."""
        return {_stem(place): why for place, why in self.blocked.items() if self._is_module(place)}


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
