"""In which lane each module of policies/promotion.toml lies, and in which it lay at the base."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from re import Pattern
from typing import ClassVar, NamedTuple, Optional

from gates.errors import FactUnavailable, PolicyError, did_you_mean
from gates.facts.checkout import Checkout
from gates.facts.diff import Change, Diff
from gates.facts.fact import digest_of
from gates.facts.files import File
from gates.facts.lanes import Lanes, LanesPolicy
from gates.facts.modules import Modules
from gates.facts.promotion_policy import POLICY, LaneModule, PromotionPolicy
from gates.globs import any_of
from gates.policy_file import parse_toml, typed

LANES = "lanes.toml"


class Placed(NamedTuple):
    """One file: the lane that it is in, and the one that it was in; None where it, or a lane of it, was not there."""

    file: File
    lane: str
    before: Optional[str]


@dataclass
class ModuleLanes:
    """The modules with their files; what changed lane since the base. Only Python files count."""

    checkout: Checkout = field(repr=False)
    modules: Modules = field(repr=False)
    diff: Diff = field(repr=False)
    lanes: Lanes
    policy: PromotionPolicy
    unit: ClassVar[str] = "modules with a lane"

    @classmethod
    def gather(
        cls, checkout: Checkout, modules: Modules, diff: Diff, lanes: Lanes, policy: PromotionPolicy
    ) -> ModuleLanes:
        """From the two policies. FactUnavailable where they do not know the same lanes."""
        known = [lane.name for lane in lanes.lanes]
        for lane in policy.lanes:
            if lane not in known:
                hint = did_you_mean(lane, known) or f"; the lanes are {', '.join(known) or 'none'}"
                raise FactUnavailable(f"{POLICY}: lanes names '{lane}', which is no lane of {LANES}{hint}")
        return cls(checkout, modules, diff, lanes, policy)

    @property
    def reads(self) -> tuple[str, ...]:
        """The lanes' own file, whose content at the base is compared."""
        return (f":(literal){_place(LANES, self.checkout.files)}",)

    @cached_property
    def digest(self) -> str:
        """Of both policies, of the modules, of the base, and of where the policies lie: the base has its own there."""
        return digest_of(repr(self.policy), self.place, self.lanes.digest, self.diff.digest)

    def __len__(self) -> int:
        return len(self.policy.module)

    def account(self) -> dict[str, int]:
        """How many files they hold, and how many of those changed lane."""
        moved = sum(1 for one in self.placed if one.before is not None and one.before != one.lane)
        return {"files with a lane": len(self.placed), "that changed lane": moved}

    @property
    def place(self) -> str:
        """The path of promotion.toml."""
        return _place(POLICY, self.checkout.files)

    @cached_property
    def placed(self) -> tuple[Placed, ...]:
        """Every file of a lane that modules rise through, by path."""
        held = ((file, self.lanes.of(file.path)) for file in self.modules.files)
        rising = [(file, lane) for file, lane in held if lane in self.policy.lanes and lane is not None]
        return tuple(Placed(file, lane, self._before(file)) for file, lane in rising)

    @cached_property
    def by_module(self) -> Mapping[str, tuple[Placed, ...]]:
        """Each module's files; those of no module under ""."""
        found: dict[str, list[Placed]] = {module.name: [] for module in self.policy.module}
        for one in self.placed:
            found.setdefault(self.module_of(one.file.path) or "", []).append(one)
        return {name: tuple(files) for name, files in found.items()}

    def lane_of(self, module: LaneModule) -> Optional[str]:
        """The highest lane that it has a file in; None for a module without a file."""
        return max((one.lane for one in self.by_module[module.name]), key=self.policy.height, default=None)

    @cached_property
    def _patterns(self) -> list[tuple[str, Pattern[str]]]:
        return [(module.name, any_of(module.paths)) for module in self.policy.module]

    @property
    def is_compared(self) -> bool:
        """Whether the base had lanes; where it had none nothing can have changed them."""
        return self._lanes_before is not None

    def _before(self, file: File) -> Optional[str]:
        """Of whatever kind that lane is: what was a tool until now has met nothing either."""
        if self._lanes_before is None:
            return None
        origin = self._origin(file)
        return None if origin is None else self._lanes_before.of(origin)

    def _origin(self, file: File) -> Optional[str]:
        """Where it lay at the base: where what is gone had its content, where git says, or where its name was."""
        change = self._changes.get(file.path)
        if change is None:
            return file.path
        name = posixpath.basename(file.path)
        # `__init__.py` is everywhere: one that is gone here did not become one that is new there
        gone = [each for each in self._gone if name != "__init__.py"]
        same = [each.before for each in gone if each.blob_before == file.blob and self.checkout.read(file.path)]
        # A name says something among the lanes that modules rise through; every folder of tests has a conftest.py.
        alike = [each.before for each in gone if posixpath.basename(each.before or "") == name and self._rose(each)]
        known = [change.before] if change.before is not None else alike
        return next(iter((*same, *known)), None)

    @cached_property
    def _changes(self) -> Mapping[str, Change]:
        return {change.path: change for change in self.diff.changes if change.path is not None}

    @cached_property
    def _gone(self) -> tuple[Change, ...]:
        return tuple(change for change in self.diff.changes if change.path is None)

    def _rose(self, gone: Change) -> bool:
        assert self._lanes_before is not None
        return gone.before is not None and self._lanes_before.of(gone.before) in self.policy.lanes

    @cached_property
    def _lanes_before(self) -> Optional[Lanes]:
        """As the base had them, wherever it had them. FactUnavailable where they cannot be read."""
        place = _place(LANES, self.diff.paths_before)
        content = self.diff.before(place)
        if content is None:
            return None
        try:
            return Lanes(typed(LanesPolicy, parse_toml(content, place), f"{place}:").lane)
        except PolicyError as error:
            raise FactUnavailable(
                f"the base ({self.diff.base[:12]}) has lanes that cannot be read, so what changed lane since cannot be "
                f"told: {error}; name a base whose policies can be read: --base REF"
            ) from None

    def below(self, lane: str) -> Iterator[Placed]:
        """Files of a lower lane that hold something, and that lay there at the base as well."""
        height = self.policy.height
        lower = (one for one in self.placed if height(one.lane) < height(lane) and one.before == one.lane)
        return (one for one in lower if self.diff.before(one.file.path))

    def module_of(self, path: str) -> Optional[str]:
        """The module whose file it is, or would be."""
        return next((name for name, pattern in self._patterns if pattern.fullmatch(path)), None)


def _place(name: str, paths: Collection[str]) -> str:
    """A policy file among the paths of a repository: the one that lies beside a gates.toml."""
    found = (path for path in paths if posixpath.basename(path) == name)
    beside = [path for path in found if f"{posixpath.dirname(path)}/gates.toml".lstrip("/") in paths]
    usual = f"policies/{name}"
    return usual if usual in beside or not beside else min(beside)
