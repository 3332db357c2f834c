"""What a gate finds is mended where it has a fix: its edits are worked out, shown as a diff, or written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Optional

from gates import catalogue
from gates.errors import FactUnavailable, GatesError
from gates.events import Observer, ignore
from gates.facts.checkout import Checkout
from gates.facts.fact import parameters
from gates.facts.store import Store
from gates.finding import Finding
from gates.fixes.edit import Edit, Found, Mended, Unmended
from gates.fixes.writing import refusal, untouchable, write
from gates.policy import Policy, Section
from gates.report import Level, Outcome, Result
from gates.running import Run, ask, chosen, judge, read_ahead


@dataclass(frozen=True)
class Mending:
    """What can be done about the findings of one gate, and what cannot. `untold` says why the gate could not tell."""

    gate: str
    level: Level
    edits: tuple[Edit, ...] = ()
    unmended: tuple[Unmended, ...] = ()
    untold: Optional[str] = None

    @property
    def mended(self) -> list[tuple[str, Mended]]:
        """Path and finding of all that the edits mend."""
        return [(edit.path, mended) for edit in self.edits for mended in edit.mended]


def mend(
    policy: Policy,
    checkout: Checkout,
    gate: str,
    *,
    paths: Sequence[str] = (),
    allow_dirty: bool = False,
    observe: Observer = ignore,
    store: Optional[Store] = None,
) -> Mending:
    """Ask one gate of the policy, and its fix what to do about each finding; nothing is written.

    `paths`: only what lies at or below these paths of the repository. Files that may not be changed are among the
    `unmended`: git does not track them, or (unless `allow_dirty`) they have changes that no commit holds.
    Errors: GatesError for a gate that is not asked here or has no fix, and outside of git.
    """
    if not checkout.has_git:
        raise GatesError(f"{checkout.root}: is no git repository, and what is mended in it could not be taken back")
    this = Run(policy, checkout, dt.date.min, store or Store(None), observe)
    (section,) = chosen(policy, [gate])
    work_out = catalogue.fix_of(gate)
    gatherer = this.gatherer()
    built = catalogue.build(section, checkout)
    question = ask(this, section, built, gatherer)
    read_ahead([question], gatherer)
    result = judge(this, question, gatherer)
    unsure = Mending(gate, section.rule.level)
    if result.outcome in (Outcome.BROKEN, Outcome.VACUOUS):
        return replace(unsure, untold=result.reason or result.outcome.value)
    found = Found(_within(result, paths), untouchable(checkout, allow_dirty))
    if not found.findings:
        return unsure
    given = {type(built): built, Found: found}
    try:
        facts: dict[str, Any] = {
            name: given[kind] if kind in given else gatherer.get(kind) for name, kind in parameters(work_out).items()
        }
        steps = list(work_out(**facts))
    except FactUnavailable as why:
        return replace(unsure, untold=str(why))
    return _sorted(section, checkout, steps, allow_dirty)


def _within(result: Result, paths: Sequence[str]) -> tuple[Finding, ...]:
    everything = (*result.findings, *result.owed, *(finding for finding, _ in result.waived))
    return tuple(finding for finding in everything if not paths or any(_holds(path, finding.path) for path in paths))


def _holds(path: str, other: str) -> bool:
    return path in ("", other) or other.startswith(f"{path}/")


def _sorted(section: Section, checkout: Checkout, steps: Sequence[Any], allow_dirty: bool) -> Mending:
    edits: list[Edit] = []
    unmended = [step for step in steps if isinstance(step, Unmended)]
    for edit in (step for step in steps if isinstance(step, Edit)):
        why = refusal(checkout, edit, allow_dirty)
        if why is None:
            edits.append(edit)
        else:
            unmended += _not_done(edit, why)
    return Mending(section.gate, section.rule.level, tuple(edits), tuple(sorted(unmended)))


def _not_done(edit: Edit, why: str) -> list[Unmended]:
    return [Unmended(edit.path, line, why) for line in [mended.line for mended in edit.mended] or [0]]


def carry_out(mending: Mending, checkout: Checkout) -> Mending:
    """Write the edits, each file whole or not at all; what then still could not be written is unmended."""
    done: list[Edit] = []
    failed: list[Unmended] = []
    for edit in mending.edits:
        why = write(checkout, edit)
        if why is None:
            done.append(edit)
        else:
            failed += _not_done(edit, why)
    return replace(mending, edits=tuple(done), unmended=(*mending.unmended, *failed))
