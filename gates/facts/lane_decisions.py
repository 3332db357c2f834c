"""The decisions that modules may be in a lane, as this repository keeps them; and whether one holds here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Optional

from gates.attestation.keys import CannotCheck
from gates.attestation.promotion import Promotion, problems
from gates.errors import CheckoutError
from gates.facts.checkout import Checkout
from gates.facts.diff import Diff
from gates.facts.fact import digest_of
from gates.facts.module_lanes import ModuleLanes, Placed
from gates.facts.promotion_policy import LaneModule


@dataclass
class LaneDecisions:
    """One file a module, signed; looked at only for a module that changed lane."""

    checkout: Checkout = field(repr=False)
    module_lanes: ModuleLanes = field(repr=False)
    diff: Diff = field(repr=False)
    unit: ClassVar[str] = "decisions"
    may_be_none: ClassVar[bool] = True
    lacking: dict[str, str] = field(default_factory=dict)

    @classmethod
    def gather(cls, checkout: Checkout, module_lanes: ModuleLanes, diff: Diff) -> LaneDecisions:
        """Nothing is read until it is asked for."""
        return cls(checkout, module_lanes, diff)

    @property
    def reads(self) -> tuple[str, ...]:
        """The folder of the decisions."""
        return (f":(literal){self.folder}",)

    @cached_property
    def digest(self) -> str:
        """Of every decision, and of the base."""
        contents = (f"{path} {self.checkout.files[path].blob}" for path in self._paths)
        return digest_of(self.diff.base, *contents)

    def __len__(self) -> int:
        return len(self._paths)

    @property
    def folder(self) -> str:
        """Where they lie."""
        return self.module_lanes.policy.decisions

    def place(self, module: LaneModule) -> str:
        """The path of a module's decision."""
        return f"{self.folder}/{module.name}.json"

    def otherwise(self, module: LaneModule, lane: str) -> Optional[str]:
        """Why no decision lets this module, with the files that it has, be in this lane; None where one does.

        A decision of the base does not: what was decided once is not decided for ever. Where it cannot be told it is
        put into `lacking`, and None.
        """
        place = self.place(module)
        content = self._contents.get(place)
        if content is None:
            return "without a decision"
        if self.diff.before(place) == content:
            return f"and {place} is the decision that was there before"
        files = ((one.file.path, one.file.blob) for one in self.module_lanes.by_module[module.name])
        try:
            return next(
                (
                    f"and {place} is no decision of it: {problem}"
                    for problem in problems(
                        content,
                        Promotion(module.name, lane, self.asked(module, lane)),
                        files,
                        self.module_lanes.policy.public_keys(),
                    )
                ),
                None,
            )
        except CannotCheck as cannot:
            self.lacking[place] = str(cannot)
            return None

    def asked(self, module: LaneModule, lane: str) -> tuple[str, ...]:
        """What a decision must say that the module met: nothing where it only goes down."""
        height = self.module_lanes.policy.height
        before = [one.before for one in self._files(module) if one.before is not None]
        went_down = before and all(height(lane) < height(was) for was in before)
        return () if went_down or height(lane) == 0 else module.asked()

    def _files(self, module: LaneModule) -> tuple[Placed, ...]:
        return self.module_lanes.by_module[module.name]

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        return tuple(sorted(path for path in self.checkout.files if path.startswith(f"{self.folder}/")))

    @cached_property
    def _contents(self) -> Mapping[str, bytes]:
        found: dict[str, bytes] = {}
        for path in self._paths:
            try:
                found[path] = self.checkout.read(path)
            except CheckoutError as error:
                self.lacking[path] = str(error)
        return found
