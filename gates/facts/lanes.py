"""Which file is in which lane, and what each lane may import: policies/lanes.toml laid over the checkout."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from re import Pattern
from typing import ClassVar, Optional

from gates.errors import PolicyError, did_you_mean
from gates.facts.fact import digest_of
from gates.globs import Globs, glob_pattern


@dataclass(frozen=True)
class Lane:
    """One `[[lane]]`: the globs of its files, and the lanes that they may import. Its own name is not implied."""

    name: str
    paths: Globs
    may_import: tuple[str, ...]
    formerly: tuple[str, ...] = ()
    may_register: Optional[tuple[str, ...]] = None


@dataclass(frozen=True)
class LanesPolicy:
    """policies/lanes.toml: lanes in order; the first whose glob matches a path has it."""

    policy_file: ClassVar[str] = "lanes.toml"
    lane: tuple[Lane, ...] = ()

    def __post_init__(self) -> None:
        names = [lane.name for lane in self.lane]
        for lane in self.lane:
            place = f"[[lane]] '{lane.name}'"
            if names.count(lane.name) > 1:
                raise PolicyError(f"{place} is there twice; a lane has one section")
            if not lane.paths:
                raise PolicyError(f"{place} paths is empty; it needs at least one glob")
            for key in ("may_import", "may_register"):
                for other in getattr(lane, key) or ():
                    if other not in names:
                        hint = did_you_mean(other, names) or f"; the lanes are {', '.join(names)}"
                        raise PolicyError(f"{place} {key} names '{other}', which is no lane{hint}")
            for root in lane.formerly:
                if not all(part.isidentifier() for part in root.split(".")):
                    raise PolicyError(
                        f"{place} formerly holds '{root}'; it must be a module's name, like labs or old.labs"
                    )


@dataclass(frozen=True)
class Lanes:
    """The lane of every path."""

    lanes: tuple[Lane, ...]
    unit: ClassVar[str] = "lanes"
    reads: ClassVar[tuple[str, ...]] = ()
    _kept: dict[str, Optional[str]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def gather(cls, policy: LanesPolicy) -> Lanes:
        """From the policy alone; which files a lane holds is asked path by path."""
        return cls(policy.lane)

    @cached_property
    def digest(self) -> str:
        """Of names, globs, former names and the matrix."""
        return digest_of(*(repr(lane) for lane in self.lanes))

    def __len__(self) -> int:
        return len(self.lanes)

    @cached_property
    def _pattern(self) -> Pattern[str]:
        # One alternation with a group per lane: the first lane that matches is the group that matched.
        groups = (f"(?P<lane{i}>{'|'.join(map(glob_pattern, lane.paths))})" for i, lane in enumerate(self.lanes))
        return re.compile("|".join(groups) or r"(?!)")

    def of(self, path: str) -> Optional[str]:
        """The name of the lane that a path is in; None where no lane has it."""
        if path not in self._kept:
            match = self._pattern.fullmatch(path)
            number = match.lastgroup if match else None
            self._kept[path] = self.lanes[int(number[4:])].name if number else None
        return self._kept[path]

    @cached_property
    def former_roots(self) -> Mapping[str, str]:
        """Former root name to the lane that it names now."""
        return {root: lane.name for lane in self.lanes for root in lane.formerly}

    def formerly(self, name: str) -> Optional[str]:
        """The lane whose former root a dotted name is, or lies below."""
        parts = name.split(".")
        for length in range(len(parts), 0, -1):
            lane = self.former_roots.get(".".join(parts[:length]))
            if lane is not None:
                return lane
        return None

    @cached_property
    def may_import(self) -> Mapping[str, frozenset[str]]:
        """The matrix: from a lane to the lanes that it may import."""
        return {lane.name: frozenset(lane.may_import) for lane in self.lanes}

    @cached_property
    def may_register(self) -> Mapping[str, frozenset[str]]:
        """From a lane to the lanes that its distribution's entry points may name; unsaid, those that it may import."""
        return {
            lane.name: frozenset(lane.may_import if lane.may_register is None else lane.may_register)
            for lane in self.lanes
        }

    @cached_property
    def says_what_it_registers(self) -> frozenset[str]:
        """The lanes with a `may_register` of their own."""
        return frozenset(lane.name for lane in self.lanes if lane.may_register is not None)

    @cached_property
    def above_all(self) -> frozenset[str]:
        """The lanes that may import every lane there is: what builds, tests and measures the others.

        None where there are two lanes: the one that may import both may as well be the candidate one.
        """
        every = self.may_import.keys()
        return frozenset(name for name, may in self.may_import.items() if may >= every and len(every) > 2)
