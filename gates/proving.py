"""Each gate, shown a planted violation, must turn red."""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from gates import __version__, catalogue
from gates.checks.gate import Gate, Plant
from gates.errors import CannotPlant, FactUnavailable, GatesError
from gates.events import GateFinished, GateStarted, Observer, ignore
from gates.facts.checkout import Checkout
from gates.facts.extraction import Extraction
from gates.facts.fact import Gatherer, parameters
from gates.facts.store import Store
from gates.finding import Finding
from gates.policy import Policy, Section
from gates.report import Outcome, Report, Result
from gates.running import Run, ask, chosen, judge, read_ahead


def prove(
    policy: Policy,
    checkout: Checkout,
    *,
    today: dt.date,
    observe: Observer = ignore,
    store: Optional[Store] = None,
    only: Sequence[str] = (),
) -> Report:
    """Plant one violation per active gate into an overlay of this tree, under this policy, and demand a new finding.

    A result is PASSED when the gate found what was planted, after waivers and baseline; FAILED when it stayed green,
    and so cannot fail here; BROKEN when nothing could be planted or the gate could not tell.
    """
    this = Run(policy, checkout, today, store or Store(None))
    gatherer = this.gatherer()
    gates = [(section, catalogue.build(section, checkout)) for section in chosen(policy, only)]
    read_ahead([ask(this, section, gate, gatherer) for section, gate in gates], gatherer)
    results = []
    for section, gate in gates:
        observe(GateStarted(section.gate))
        began = time.perf_counter()
        result = _proved(this, section, gate, gatherer)
        results.append(dataclasses.replace(result, seconds=time.perf_counter() - began))
        observe(GateFinished(results[-1]))
    return Report(
        version=__version__,
        results=tuple(results),
        commit=checkout.commit,
        tree=checkout.tree,
        dirty=checkout.dirty,
        today=today.isoformat(),
        policies=policy.folder,
        is_proof=True,
        notes=(*checkout.notes, *this.store.notes),
    )


def _proved(this: Run, section: Section, gate: Gate, gatherer: Gatherer) -> Result:
    unproved = Result(section.gate, section.rule.level, Outcome.BROKEN)
    try:
        asked: dict[str, Any] = {name: gatherer.get(kind) for name, kind in parameters(gate.plant).items()}
        plant = gate.plant(**asked)
    except CannotPlant as why:
        return dataclasses.replace(unproved, reason=_no_ground(section, asked) or str(why))
    except FactUnavailable as why:
        return dataclasses.replace(unproved, reason=str(why))
    except GatesError:
        raise
    except Exception as error:  # noqa: BLE001  (one gate's fault must not hide what the others show)
        return dataclasses.replace(unproved, reason=f"its plant failed: {type(error).__name__}: {error}")
    before = judge(this, ask(this, section, gate, gatherer), gatherer)
    planted = dataclasses.replace(this, checkout=this.checkout.overlaid(plant.overlay))
    among = planted.gatherer(gatherer.get(Extraction).copied(planted.checkout))
    after = judge(planted, ask(planted, section, gate, among, keep=False), among, keep=False)
    return _compared(section, plant, before, after)


def _no_ground(section: Section, asked: Mapping[str, Any]) -> Optional[str]:
    """What to do where a plant found no place because there is none, whatever the policy says."""
    needed = [fact for fact in asked.values() if hasattr(fact, "unit") and not getattr(fact, "may_be_none", False)]
    empty = [f"no {fact.unit}" for fact in needed if not len(fact)]
    if not empty:
        return None
    remedy = f"prove it when there are, or set level to off in {section.place}"
    return f"there are {' and '.join(empty)} to plant into; {remedy}"


def _compared(section: Section, plant: Plant, before: Result, after: Result) -> Result:
    subject = Finding(plant.path, 0, "", plant.subject).fingerprint(section.gate)
    new = _standing(section.gate, after)[subject] - _standing(section.gate, before)[subject]
    found = tuple(
        finding for finding in after.findings if finding.path == plant.path and finding.subject == plant.subject
    )
    result = dataclasses.replace(after, findings=found[-1:], waived=(), owed=(), reason=None, excused=None, notes=())
    where = f"{plant.path}, {plant.subject}"
    if after.outcome is Outcome.BROKEN:
        # What cannot tell here without a plant cannot with one; whether that blocks, the policy says alike.
        excused = after.excused if before.outcome is Outcome.BROKEN else None
        reason = f"with {where} planted it could not tell: {after.reason}"
        return dataclasses.replace(result, reason=reason, excused=excused)
    if new > 0:
        return dataclasses.replace(result, outcome=Outcome.PASSED, reason=f"found what was planted: {where}")
    return dataclasses.replace(result, outcome=Outcome.FAILED, reason=_why_green(plant, after, where))


def _standing(gate: str, result: Result) -> Counter[str]:
    return Counter(finding.fingerprint(gate) for finding in result.findings)


def _why_green(plant: Plant, after: Result, where: str) -> str:
    def is_it(finding: Finding) -> bool:
        return finding.path == plant.path and finding.subject == plant.subject

    cover = next((waiver for finding, waiver in after.waived if is_it(finding)), None)
    if cover is not None:
        return f"cannot fail here: the waiver of {cover.what} sets aside what was planted ({where})"
    if any(is_it(finding) for finding in after.owed):
        return f"cannot fail here: the baseline owes what was planted ({where})"
    return f"cannot fail here: it stayed green with a violation planted ({where})"
