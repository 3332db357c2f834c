"""Is a module ready for a lane, and every module for the next one?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

from gates.facts.promotion_policy import CRITERIA, LaneModule, PromotionPolicy
from gates.promotion.criteria import Answer, Verdict, judge
from gates.promotion.told import NoEvidence, Told


@dataclass(frozen=True)
class Readiness:
    """A module, the lane that it is in (None: its files are in none), the lane it was judged for, and each verdict."""

    module: LaneModule
    now: Optional[str]
    lane: str
    verdicts: tuple[Verdict, ...]

    @property
    def is_ready(self) -> bool:
        """Whether everything that is asked of it is met."""
        return bool(self.verdicts) and not self.missing

    @property
    def missing(self) -> tuple[Verdict, ...]:
        """What is not met, or could not be told."""
        return tuple(each for each in self.verdicts if each.answer in (Answer.UNMET, Answer.UNKNOWN))

    @property
    def breaks_its_must(self) -> tuple[Verdict, ...]:
        """What a gated module has to meet to stay in its lane, and does not."""
        return tuple(each for each in self.missing if each.criterion in self.module.must)


def readiness(told: Told, name: str, lane: str) -> Readiness:
    """Of one module for one lane. NoEvidence, or GatesError where there is no such module."""
    module = told.policy.named(name)
    return Readiness(module, told.modules[name]["lane"], lane, judge(module, lane, told))


def of_all(told: Told) -> tuple[Readiness, ...]:
    """Of every module, for the lane above its own; for its own where there is none above."""
    return tuple(
        readiness(told, module.name, next_lane(told.policy, told.modules[module.name]["lane"], module))
        for module in told.policy.module
    )


def without_evidence(policy: PromotionPolicy, why: NoEvidence) -> tuple[Readiness, ...]:
    """The same where there is none: nobody is ready, and nothing more can be said."""
    return tuple(
        Readiness(
            module,
            None,
            module.lane,
            tuple(Verdict(criterion, Answer.UNKNOWN, str(why)) for criterion in CRITERIA),
        )
        for module in policy.module
    )


def next_lane(policy: PromotionPolicy, now: Optional[str], module: LaneModule) -> str:
    """The lane above; the highest where it is there."""
    height = policy.height(now if now is not None else module.lane)
    return policy.lanes[min(height + 1, len(policy.lanes) - 1)]


def exit_code(found: Sequence[Verdict]) -> int:
    """0 nothing is missing; 1 something is not met; 3 it could not be told."""
    answers = {each.answer for each in found}
    return 1 if Answer.UNMET in answers else 3 if Answer.UNKNOWN in answers else 0
