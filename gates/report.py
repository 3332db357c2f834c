"""What a run found: Outcome, Result, Report; and the one place that decides the exit code."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Optional

from gates.baseline import Debt
from gates.finding import Finding
from gates.waiver import Waiver


class Level(str, enum.Enum):
    """What a broken promise does: stop the merge, be shown, or not be asked at all."""

    BLOCK = "block"
    WARN = "warn"
    OFF = "off"


class Outcome(str, enum.Enum):
    """How a gate ended. Only PASSED is a pass."""

    PASSED = "passed"
    FAILED = "failed"
    VACUOUS = "vacuous"
    """There was nothing to look at."""
    BROKEN = "broken"
    """It could not tell: a missing tool, a stale recording."""


@dataclass(frozen=True)
class Result:
    """One gate's answer.

    `examined` says how many of what each of its facts searched. `digest` is of everything that the answer depends on.
    `seconds` is for the screen and stays out of evidence. `reason` says why an outcome is VACUOUS or BROKEN; `excused`
    why such an outcome does not block here (`when_broken = "warn"`, `may_be_empty`, `--changed`).
    For the memo of an unchanged tree, and no part of what is said: `is_settled` is False where asking again could give
    another answer of the same tree, `until` is the last day on which this one holds.
    """

    gate: str
    level: Level
    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    waived: tuple[tuple[Finding, Waiver], ...] = ()
    owed: tuple[Finding, ...] = ()
    examined: Mapping[str, int] = field(default_factory=dict)
    digest: str = ""
    seconds: float = 0.0
    reason: Optional[str] = None
    excused: Optional[str] = None
    notes: tuple[str, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    is_settled: bool = field(default=True, compare=False)
    until: Optional[str] = field(default=None, compare=False)

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Standing, waived and owed."""
        return self.findings + tuple(finding for finding, _ in self.waived) + self.owed


@dataclass(frozen=True)
class Report:
    """All results of a run, and what they are about. Plain data.

    `lines` holds the source text of findings by path and line, cut to a length; `paid_off` the debt that is gone;
    `dirty` the paths among those looked at that differ from the commit. `reads` are git pathspecs of what was looked
    at, None for all; they are for the memo of an unchanged tree, and no part of what the report says. `is_proof` tells
    what `gates prove` says from what `gates run` says, for the words of the verdict.
    """

    version: str
    results: tuple[Result, ...]
    commit: Optional[str] = None
    tree: Optional[str] = None
    base: Optional[str] = None
    dirty: tuple[str, ...] = ()
    today: str = ""
    strict: bool = False
    policies: str = "policies"
    paid_off: tuple[Debt, ...] = ()
    notes: tuple[str, ...] = ()
    lanes: Optional[LaneMap] = None
    lines: Mapping[tuple[str, int], str] = field(default_factory=dict)
    reads: Optional[tuple[str, ...]] = field(default=None, compare=False, repr=False)
    is_proof: bool = field(default=False, compare=False)

    @property
    def exit_code(self) -> int:
        """1 a gate at level block failed; 3 one could not tell or looked at nothing; 0 every promise held.

        The command line adds 2, the policy or the command line makes no sense.
        """
        blocking = [result for result in self.results if result.level is Level.BLOCK]
        if any(result.outcome is Outcome.FAILED for result in blocking):
            return 1
        unsure = (result for result in blocking if result.outcome in (Outcome.BROKEN, Outcome.VACUOUS))
        return 3 if any(self.strict or result.excused is None for result in unsure) else 0

    def result(self, gate: str) -> Result:
        """The result of one gate; KeyError where it did not run."""
        for result in self.results:
            if result.gate == gate:
                return result
        raise KeyError(gate)

    def without_durations(self) -> Report:
        """The same report with every `seconds` zero, for evidence: durations are no function of the input."""
        return replace(self, results=tuple(replace(result, seconds=0.0) for result in self.results))


@dataclass(frozen=True)
class LaneMap:
    """The lanes as they are: modules in each, what each may import, and the edges counted between them."""

    modules: Mapping[str, int]
    may_import: Mapping[str, tuple[str, ...]]
    edges: Mapping[tuple[str, str], int]
