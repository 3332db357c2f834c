"""What the repository asks for, and the locks that say which files it gets."""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Literal, Optional

from gates.errors import FactUnavailable, PolicyError
from gates.facts.checkout import Checkout, tree_digest
from gates.facts.fact import digest_of
from gates.facts.files import File
from gates.facts.supply.asked import Asked, asked_for, environments
from gates.facts.supply.credentials import without_credentials
from gates.facts.supply.lock_tables import Pin, pylock_pins, uv_pins
from gates.facts.supply.requirement_lines import Line, decoded, is_prose, lines
from gates.facts.supply.requirement_sources import Source, project_source, project_tables
from gates.globs import Globs, any_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_REQUIREMENTS = re.compile(r"(?:.*/)?(?:[\w.-]*(?:requirements|constraints)[\w.-]*|requirements/[\w.-]+)\.(?:in|txt)")
_PYLOCK = re.compile(r"(?:.*/)?pylock(?:\.[^./]+)?\.toml")
_ENDS = (".in", ".txt", "pyproject.toml", "uv.lock", ".toml")
_PYTHONS = tuple(f"3.{minor}" for minor in range(8, 16))
_DEFAULT_PYTHON = "3.11"


@dataclass(frozen=True)
class LockOf:
    """One lock: its `file`, the files that it is `of`, the `pythons` that install it, and their `platform`."""

    file: str
    of: tuple[str, ...]
    pythons: tuple[str, ...] = ()
    platform: Literal["linux", "darwin", "win32"] = "linux"


@dataclass(frozen=True)
class RequirementSettings:
    """`[facts.requirements]`: which lock is of what, where the names of the files do not say it.

    `lock` are all the locks of the repository, and nothing is guessed then. `unlocked_extras` are extras
    and groups of pyproject.toml that are left to whoever installs them; `leave_out` files that look like requirements
    and are none.
    """

    policy_section: ClassVar[str] = "requirements"
    lock: tuple[LockOf, ...] = ()
    unlocked_extras: tuple[str, ...] = ()
    leave_out: Globs = ()

    def __post_init__(self) -> None:
        for lock in self.lock:
            odd = [python for python in lock.pythons if not re.fullmatch(r"3\.\d+", python)]
            if odd:
                raise PolicyError(f"[[lock]] {lock.file} pythons holds '{odd[0]}'; a Python is named like 3.11")


@dataclass(frozen=True)
class Lock:
    """A lock: its lines (of a requirements file) or its pins (of a table), and what it is of.

    `is_guarded` says that it is meant to be one; a requirements file that pins nothing and hashes nothing is none.
    `places` are the environments that install it; with `needs_all` a requirement counts only if it holds in each.
    """

    path: str
    sources: tuple[Source, ...]
    places: tuple[Mapping[str, str], ...]
    lines: tuple[Line, ...] = ()
    pins: tuple[Pin, ...] = ()
    is_universal: bool = False
    needs_all: bool = False
    missing: tuple[str, ...] = ()
    unread: str = ""

    def __len__(self) -> int:
        return len(self.pins) if self.is_universal else sum(1 for line in self.lines if line.asked or line.place)

    @cached_property
    def asking(self) -> tuple[Source, ...]:
        """Its sources, with what they include."""
        return tuple({each.path: each for source in self.sources for each in source.whole}.values())

    def wants(self, asked: Asked) -> bool:
        """Whether the lock must hold it."""
        if self.needs_all:
            return all(asked.applies([place]) for place in self.places)
        return asked.applies(self.places)


@dataclass(frozen=True)
class Requirements:
    """Every lock of the checkout, and every file that asks for something and has none."""

    checkout: Checkout = field(repr=False)
    files: tuple[File, ...]
    settings: RequirementSettings = RequirementSettings()
    unit: ClassVar[str] = "requirements files"

    @classmethod
    def gather(cls, checkout: Checkout, settings: RequirementSettings) -> Requirements:
        """By the names of the files; nothing is read until it is asked for."""
        left_out = any_of(settings.leave_out)
        known = {path for lock in settings.lock for path in (lock.file, *lock.of)}
        for path in known:
            if path not in checkout.files:
                raise FactUnavailable(f"{path} does not exist, and [facts.requirements] names it")
        names = [path for path in checkout.files if path.endswith(_ENDS) and _is_one(path)]
        chosen = sorted({*known, *(path for path in names if not left_out.fullmatch(path))})
        return cls(checkout, tuple(checkout.files[path] for path in chosen), settings)

    @cached_property
    def digest(self) -> str:
        """Of the files and the settings."""
        return digest_of(tree_digest(self.files), repr(self.settings))

    @property
    def reads(self) -> tuple[str, ...]:
        """Git pathspecs of the files."""
        return tuple(f":(literal){file.path}" for file in self.files)

    def __len__(self) -> int:
        return len(self.files)

    def account(self) -> dict[str, int]:
        """How many distributions are locked, and how many asked for."""
        locked = sum(len(lock) for lock in self.locks)
        return {"locked": locked, "asked for": sum(len(source.asked) for source in self.sources)}

    @cached_property
    def locks(self) -> tuple[Lock, ...]:
        """By path."""
        said = self.settings.lock or tuple(self._guessed())
        return tuple(sorted((self._lock(each) for each in said), key=lambda lock: lock.path))

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """Each file that asks for something, by path; requirements files only where they are no lock."""
        locks = {lock.path for lock in self.locks}
        asking = (file.path for file in self.files if file.path not in locks and self._asks(file.path))
        return tuple(self._source(path) for path in asking)

    @cached_property
    def unlocked(self) -> tuple[Source, ...]:
        """The sources that no lock is of."""
        named = [source for lock in self.locks for source in lock.sources]
        locked = {each.path for source in named for each in source.whole}
        bounds = {each.path for source in (*named, *self.sources) for each in source.bounds}
        return tuple(each for each in self.sources if each.asked and each.path not in locked | bounds)

    def _asks(self, path: str) -> bool:
        name = posixpath.basename(path)
        if path.endswith(".txt"):
            return not _is_constraints(path) and not is_prose(self._lines(path))
        return name == "pyproject.toml" or (path.endswith(".in") and not _is_constraints(path))

    def _guessed(self) -> Iterator[LockOf]:
        """A table locks the project beside it, a requirements file the .in of its name and the project beside it."""
        paths = [file.path for file in self.files]
        for path in paths:
            project = posixpath.join(posixpath.dirname(path), "pyproject.toml")
            beside = (project,) if project in paths else ()
            if posixpath.basename(path) == "uv.lock" or _PYLOCK.fullmatch(path):
                yield LockOf(path, beside)
            elif path.endswith(".txt"):
                above = f"{path[:-4]}.in"
                if above in paths:
                    yield LockOf(path, (above, *(beside if _is_main(path) else ())))
                elif not _is_constraints(path) and any(line.hashes for line in self._lines(path)):
                    yield LockOf(path, beside if _is_main(path) else ())

    def _lock(self, said: LockOf) -> Lock:
        places = environments(said.pythons or self._pythons, said.platform)
        if posixpath.basename(said.file) == "uv.lock" or said.file.endswith(".toml"):
            pins, unread = self._pins(said.file)
            members = (posixpath.normpath(f"{pin.folder}/pyproject.toml") for pin in pins if pin.folder)
            sources = self._sources((*said.of, *members), with_groups=not said.file.endswith(".toml"))
            return Lock(said.file, sources, places, pins=pins, is_universal=True, unread=unread)
        return Lock(said.file, self._sources(said.of), places, self._lines(said.file), needs_all=not said.pythons)

    def _sources(
        self, paths: Iterable[str], above: tuple[str, ...] = (), with_groups: bool = False
    ) -> tuple[Source, ...]:
        known = {file.path for file in self.files}.difference(above)
        return tuple(self._source(path, above, with_groups) for path in dict.fromkeys(paths) if path in known)

    def _pins(self, path: str) -> tuple[tuple[Pin, ...], str]:
        try:
            return table_pins(path, self.checkout.read(path)), ""
        except ValueError as error:
            return (), f"is no lock that can be read: {error}"

    def _lines(self, path: str) -> tuple[Line, ...]:
        return lines(decoded(self.checkout.read(path)))

    def _source(self, path: str, above: tuple[str, ...] = (), with_groups: bool = False) -> Source:
        """`with_groups`: uv locks the groups of a project too."""
        if path.endswith(".toml"):
            text = without_credentials(self.checkout.read(path).decode("utf-8", "replace"))
            return project_source(path, text, self.settings.unlocked_extras, with_groups)
        found = self._lines(path)

        def others(names: Iterable[str]) -> tuple[Source, ...]:
            folder = posixpath.dirname(path)
            return self._sources(
                (posixpath.normpath(posixpath.join(folder, name)) for name in names if name), (*above, path)
            )

        return Source(
            path,
            tuple((line.asked, line.line) for line in found if line.asked is not None),
            tuple(line for line in found if line.unread or (line.place and not line.asked)),
            included=others(line.includes for line in found),
            constraints=others(line.constrained_by for line in found),
        )

    @cached_property
    def _pythons(self) -> tuple[str, ...]:
        """Those that pyproject.toml says it runs on."""
        if "pyproject.toml" not in self.checkout.files:
            return (_DEFAULT_PYTHON,)
        project = project_tables(self.checkout.read("pyproject.toml").decode("utf-8", "replace")).get("project")
        said = str(project.get("requires-python", "")) if isinstance(project, dict) else ""
        try:
            wanted: Optional[Asked] = asked_for(f"python{said}") if said else None
        except ValueError:
            wanted = None
        fitting = [python for python in _PYTHONS if wanted is not None and wanted.is_satisfied_by(f"{python}.99")]
        return tuple(fitting) or (_DEFAULT_PYTHON,)


def table_pins(path: str, content: bytes) -> tuple[Pin, ...]:
    """The pins of a uv.lock or a pylock.toml. ValueError for what is none."""
    read = uv_pins if path.endswith("uv.lock") else pylock_pins
    try:
        return read(path, content, tomllib.loads(content.decode("utf-8")))
    except (TypeError, AttributeError, KeyError) as error:
        raise ValueError(str(error)) from None


def locked_versions(path: str, content: bytes) -> frozenset[tuple[str, str]]:
    """Each name and version that a lock of any form holds. ValueError for a table that is none."""
    if path.endswith((".lock", ".toml")):
        return frozenset((pin.name, pin.version) for pin in table_pins(path, content) if not pin.is_root)
    read = lines(decoded(content))
    return frozenset((line.asked.name, line.asked.pinned) for line in read if line.asked is not None)


def _is_one(path: str) -> bool:
    name = posixpath.basename(path)
    is_table = name in ("pyproject.toml", "uv.lock") or _PYLOCK.fullmatch(path) is not None
    return is_table or _REQUIREMENTS.fullmatch(path) is not None


def _is_main(path: str) -> bool:
    return posixpath.basename(path) == "requirements.txt"


def _is_constraints(path: str) -> bool:
    """Whether it says which versions there may be, and asks for nothing."""
    name = posixpath.basename(path)
    return "constraints" in name and "requirements" not in name
