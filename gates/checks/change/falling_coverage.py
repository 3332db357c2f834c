"""A module has more that no test reaches than is recorded, or the record was raised.

Why: a percentage of the whole hides what one file loses, and fails whoever deletes covered code; what tests do not
reach is a debt that is counted by file, in git, and only falls.
Instead: test what is new, or what lost its test; where less is missed than is recorded, `gates coverage` says so.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gates.checks.gate import Plant
from gates.errors import CannotPlant
from gates.facts.checkout import Checkout
from gates.facts.coverage import CoverageSettings
from gates.facts.coverage_debt import PLACE, CoverageDebt, Debt, Missed, beyond, of, ways_of
from gates.facts.modules import Modules
from gates.finding import Finding
from gates.globs import Glob, Globs, any_of
from gates.number_words import many

_FEW = 8


@dataclass(frozen=True)
class FallingCoverage:
    """`paths`: the modules whose debt is counted; `allowed_in`: those among them whose debt is not."""

    paths: Globs = (Glob("**"),)
    """The modules whose debt is counted."""
    allowed_in: Globs = ()
    """Modules among them whose debt is not counted, such as the tests themselves."""

    def check(self, debt: CoverageDebt) -> Iterator[Finding]:
        recorded = debt.recorded
        if recorded is None:
            return
        missed = debt.missed(self.paths, self.allowed_in)
        now, ways = of(missed), ways_of(missed)
        for path, keys in beyond(now, recorded, ways).items():
            fresh = _first_of(missed[path], keys)
            lines = ", ".join(str(line) for line in sorted({each.line for each in fresh})[:_FEW])
            before = sum(recorded.get(path, Counter()).values())
            message = (
                f"{_counted(fresh)} more than recorded {_are(fresh)} reached by no test ({before} recorded): {lines}"
            )
            yield Finding(path, fresh[0].line, message, subject="debt")
        if debt.at_base is not None:
            raised = beyond(recorded, debt.at_base, ways)
            for path, keys in (raised if debt.coverage.is_told else _statements(raised)).items():
                message = f"the recorded debt of {path} was raised by {sum(keys.values())}; it may only fall"
                yield Finding(PLACE, 0, message, subject=path)
        if debt.coverage.is_told:
            for path, keys in beyond(recorded, now, ways).items():
                message = f"{sum(keys.values())} of what is recorded is owed no more; `gates coverage` records it"
                yield Finding(path, 0, message, subject="paid off", verdict="unproven")

    def plant(self, checkout: Checkout, modules: Modules, settings: CoverageSettings) -> Plant:
        """Append a function to the first module, with a report in which nothing entered it."""
        pattern, left_out = any_of(self.paths), any_of(self.allowed_in)
        for file in modules.files:
            if file.path.endswith(".py") and pattern.fullmatch(file.path) and not left_out.fullmatch(file.path):
                before = checkout.read(file.path)
                line = before.count(b"\n") + 3
                measured = {"executed_lines": [line], "missing_lines": [line + 1], "missing_branches": []}
                report = json.dumps({"meta": {"branch_coverage": True}, "files": {file.path: measured}}).encode()
                overlay = {file.path: before + b"\n\ndef gates_planted_function():\n    return 1\n"}
                overlay.update(dict.fromkeys(settings.reports, report))
                if PLACE not in checkout.files:
                    overlay[PLACE] = b'{"schema": 1, "files": {}}\n'
                return Plant(overlay, file.path, "debt")
        raise CannotPlant("paths and allowed_in leave no module: the policy forbids nothing")


def _statements(debt: Debt) -> Debt:
    """Without the branches: which statement owed them, only a report tells."""
    kept = {
        path: Counter({key: n for key, n in keys.items() if not key.startswith(">")}) for path, keys in debt.items()
    }
    return {path: keys for path, keys in kept.items() if keys}


def _first_of(missed: Sequence[Missed], keys: Counter[str]) -> list[Missed]:
    """Those that the keys speak of: of several with one key the last ones, since what is new mostly stands behind."""
    left = keys.copy()
    found = []
    for each in reversed(missed):
        if left[each.key] > 0:
            left[each.key] -= 1
            found.append(each)
    return found[::-1]


def _counted(missed: Sequence[Missed]) -> str:
    branches = sum(each.is_branch for each in missed)
    statements = len(missed) - branches
    told = [many(statements, "statement")] if statements else []
    if branches:
        told.append(f"{branches} branch{'' if branches == 1 else 'es'}")
    return " and ".join(told)


def _are(missed: Sequence[Missed]) -> str:
    return "is" if len(missed) == 1 else "are"
