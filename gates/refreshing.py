"""What is generated in context files is compared with the tree, or written anew."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Optional

from gates import catalogue
from gates.checks.docs.stale_context import StaleContext
from gates.events import Observer, ignore
from gates.facts.checkout import Checkout
from gates.facts.context.claims import Claims
from gates.facts.store import Store
from gates.finding import Finding
from gates.fixes.edit import Edit
from gates.fixes.writing import write
from gates.policy import Policy
from gates.running import Run, ask, judge

GATE = "stale-context"


@dataclass(frozen=True)
class Refreshed:
    """The context files, how many claims are upheld and so on, what stands against them, and what would be written.

    `findings` are those of the gate, without what is waived and owed; where the policy does not ask it, all there are.
    """

    files: tuple[str, ...]
    account: Mapping[str, int]
    findings: tuple[Finding, ...]
    edits: tuple[Edit, ...]


def refresh(
    policy: Policy, checkout: Checkout, today: dt.date, *, observe: Observer = ignore, store: Optional[Store] = None
) -> Refreshed:
    """Hold every context file against the tree; nothing is written. Errors: those of a run."""
    this = Run(policy, checkout, today, store or Store(None), observe)
    gatherer = this.gatherer()
    claims = gatherer.get(Claims)
    section = next((section for section in catalogue.active(policy) if section.gate == GATE), None)
    if section is None:
        findings = tuple(StaleContext().check(claims.files, claims))
    else:
        findings = judge(this, ask(this, section, catalogue.build(section, checkout), gatherer), gatherer).findings
    files = tuple(file.path for file in claims.files.files)
    edits = (Edit(path, checkout.read(path), claims.blocks.written(path)) for path in files)
    return Refreshed(files, claims.account(), findings, tuple(edit for edit in edits if edit.before != edit.after))


def carry_out(refreshed: Refreshed, checkout: Checkout) -> list[tuple[str, str]]:
    """Write the edits; path and reason of each that could not be made."""
    told = ((edit.path, write(checkout, edit)) for edit in refreshed.edits)
    return [(path, why) for path, why in told if why is not None]
