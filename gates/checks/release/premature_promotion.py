"""A module changed lane without a decision.

Why: a lane is a promise to everybody who relies on it. What is moved up by an edit of a path brings what was never
covered, measured or drilled into production, and nobody has decided that it may.
Instead: make the evidence of this commit, and let `gates promote MODULE --to LANE --key KEY` write the decision: it
says what is missing, and the command that would produce it. Commit what it writes.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from re import Pattern
from typing import ClassVar

from gates.checks.gate import Plant
from gates.errors import CannotPlant
from gates.facts.lane_decisions import LaneDecisions
from gates.facts.module_lanes import ModuleLanes
from gates.facts.promotion_policy import LaneModule
from gates.finding import Finding
from gates.globs import Globs, any_of
from gates.number_words import counted

_PLANTED = "gates_planted.py"


@dataclass(frozen=True)
class PrematurePromotion:
    """`allowed_in`: files that may change lane without a decision, and be of no module."""

    allowed_in: Globs = ()
    """Files that may change lane without a decision, and be of no module."""
    needs: ClassVar[tuple[str, ...]] = ("a [[module]] in promotion.toml",)

    def check(self, module_lanes: ModuleLanes, lane_decisions: LaneDecisions) -> Iterator[Finding]:
        left_out = any_of(self.allowed_in)
        for one in module_lanes.by_module.get("", ()):
            if not left_out.fullmatch(one.file.path):
                message = f"lies in {one.lane}, and is of no [[module]] of {module_lanes.place}"
                yield Finding(one.file.path, 0, message, subject=f"no module: {one.file.path}")
        for module in module_lanes.policy.module:
            yield from _changed(module, module_lanes, lane_decisions, left_out)
            yield from _above(module, module_lanes, left_out)

    def plant(self, module_lanes: ModuleLanes) -> Plant:
        """Move a file of a lower lane to where a module of a higher one lies; else add one that is of no module."""
        left_out = any_of(self.allowed_in)
        places = {(one.lane, posixpath.join(posixpath.dirname(one.file.path), _PLANTED)) for one in module_lanes.placed}
        free = [(lane, path) for lane, path in sorted(places) if not left_out.fullmatch(path)]
        held = [(lane, path) for lane, path in free if module_lanes.lanes.of(path) == lane]
        for lane, path in held:
            module = module_lanes.module_of(path)
            low = next(module_lanes.below(lane), None)
            if module is not None and low is not None:
                content = module_lanes.diff.before(low.file.path)
                return Plant({low.file.path: None, path: content}, path, f"{module}: {low.lane} to {lane}")
        for _, path in held:
            if module_lanes.module_of(path) is None:
                return Plant({path: b"planted = True\n"}, path, f"no module: {path}")
        if module_lanes.placed and not free:
            raise CannotPlant("allowed_in leaves no file: the policy forbids nothing that a plant could break")
        raise CannotPlant("no file of the base lies in a lane below another's: nothing could be moved up")


def _changed(
    module: LaneModule, module_lanes: ModuleLanes, lane_decisions: LaneDecisions, left_out: Pattern[str]
) -> Iterator[Finding]:
    files = [one for one in module_lanes.by_module[module.name] if not left_out.fullmatch(one.file.path)]
    moves: dict[tuple[str, str], list[str]] = {}
    for one in files:
        if one.before not in (None, one.lane):
            moves.setdefault((str(one.before), one.lane), []).append(one.file.path)
    if files and not moves and module_lanes.is_compared and all(one.before is None for one in files):
        highest = max(files, key=lambda one: module_lanes.policy.height(one.lane))
        if module_lanes.policy.height(highest.lane):
            moves["nowhere", highest.lane] = [one.file.path for one in files if one.lane == highest.lane]
    for (before, now), paths in sorted(moves.items()):
        why = lane_decisions.otherwise(module, now)
        if why is not None:
            yield _finding(module.name, before, now, paths, why)


def _finding(module: str, before: str, now: str, paths: list[str], why: str) -> Finding:
    came = "is new" if before == "nowhere" else f"came from {before}"
    message = (
        f"{counted(len(paths), 'files')} of {module} {came} and {'is' if len(paths) == 1 else 'are'} in {now}, {why}; "
        f"`gates promote {module} --to {now} --key KEY` writes one, or says what is missing"
    )
    return Finding(paths[0], 0, message, subject=f"{module}: {before} to {now}")


def _above(module: LaneModule, module_lanes: ModuleLanes, left_out: Pattern[str]) -> Iterator[Finding]:
    height = module_lanes.policy.height
    files = (one for one in module_lanes.by_module[module.name] if not left_out.fullmatch(one.file.path))
    first = next((one for one in files if height(one.lane) > height(module.lane)), None)
    if first is not None:
        message = f"{module.name} belongs in {module.lane}, says {module_lanes.place}, and lies in {first.lane}"
        yield Finding(first.file.path, 0, message, subject=f"{module.name}: above {module.lane}")
