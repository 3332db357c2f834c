"""A gate of the change, asked of a repository without the rest of a run."""

from __future__ import annotations

import datetime as dt
from typing import Any

from gates.facts.checkout import Checkout
from gates.facts.extraction import Extraction
from gates.facts.fact import Gatherer, parameters
from gates.facts.scope import Scope
from gates.facts.store import Store
from gates.facts.today import Today
from gates.finding import Finding

TODAY = dt.date(2026, 11, 23)


def gatherer(checkout: Checkout, **settings: Any) -> Gatherer:
    """The facts of a checkout; `settings` are values for the types of that name."""
    store = Store(None)
    extraction = Extraction(checkout, store, "test", workers=1)
    given = [checkout, store, Today(TODAY), Scope(), extraction]
    return Gatherer(given, lambda kind: settings.get(kind.__name__) or kind())


def asked(gate: Any, facts: Gatherer) -> list[Finding]:
    """What the gate finds."""
    return list(gate.check(**{name: facts.get(kind) for name, kind in parameters(gate.check).items()}))


def told(findings: list[Finding]) -> list[tuple[str, int, str]]:
    """Path, line and subject of what fails."""
    return [(found.path, found.line, found.subject) for found in findings if found.verdict != "unproven"]
