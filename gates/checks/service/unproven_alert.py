"""An alert that nobody has seen fire, or that tells nobody what to do.

Why: an alert that cannot fire, fires where nobody asks anything, or wakes somebody with nothing in hand is worse than
none: it is trusted. Most alerts that are met in repositories name no runbook, and hardly any was ever tried.
Instead: name a runbook in the annotation runbook_url, give the alert a severity and an owner, and three unit tests for
promtool whose names hold "fires", "stays silent" and "no traffic".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from gates.checks.gate import Plant
from gates.errors import CannotPlant
from gates.facts.checkout import Checkout
from gates.facts.observability.alert_rules import AlertRule, AlertRules
from gates.facts.observability.objectives import Objectives
from gates.finding import Finding
from gates.globs import Globs, any_of

FIRES, SILENT, NO_TRAFFIC = "fires", "stays silent", "no traffic"
_PLANTED = "GatesPlanted"


@dataclass(frozen=True)
class UnprovenAlert:
    """`labels`: what every alert must say of itself. `runbook_parts`: what a runbook must have, as words that one of
    its headings begins with. `allowed_in`: rule files that are not asked."""

    labels: tuple[str, ...] = ("severity", "owner")
    runbook_parts: tuple[str, ...] = ("Symptom", "First look", "Causes", "Remedies", "Escalation", "Over")
    allowed_in: Globs = ()
    needs: ClassVar[tuple[str, ...]] = ("rules in [facts.alert-rules]",)

    def check(self, alert_rules: AlertRules, objectives: Objectives) -> Iterator[Finding]:
        allowed = any_of(self.allowed_in)
        for alert in alert_rules.alerts:
            if not allowed.fullmatch(alert.path):
                yield from self._told(alert)
                yield from self._followed(alert, alert_rules)
                yield from _tried(alert, alert_rules)
        known = {alert.name for alert in alert_rules.alerts}
        for name in objectives.policy.alerts:
            if name not in known and alert_rules.rule_files:
                path = alert_rules.rule_files[0].path
                message = (
                    f"policies/objectives.toml promises the alert {name}, and no rule file has it; write them anew"
                )
                yield Finding(path, 0, message, subject=f"{name}: promised")

    def plant(self, checkout: Checkout, alert_rules: AlertRules) -> Plant:
        """One more alert in a rule file, without anything."""
        allowed = any_of(self.allowed_in)
        files = [file for file in alert_rules.rule_files if not allowed.fullmatch(file.path)]
        if not files:
            raise CannotPlant("no rule file is asked: the policy forbids nothing")
        path = files[0].path
        rule = f"groups:\n- name: {_PLANTED}\n  rules:\n  - alert: {_PLANTED}\n    expr: vector(1)\n"
        return Plant({path: checkout.read(path) + f"\n---\n{rule}".encode()}, path, f"{_PLANTED}: runbook")

    def _told(self, alert: AlertRule) -> Iterator[Finding]:
        for label in self.labels:
            if not alert.labels.get(label):
                message = f"{alert.name} has no label {label}: nobody knows whom it concerns"
                yield Finding(alert.path, alert.line, message, subject=f"{alert.name}: {label}")

    def _followed(self, alert: AlertRule, alert_rules: AlertRules) -> Iterator[Finding]:
        subject = f"{alert.name}: runbook"
        runbook = alert_rules.runbook(alert)
        if runbook is None:
            named = alert.annotations.get("runbook_url")
            what = f"its runbook_url is {named}, and no such file is here" if named else "it has no runbook_url"
            yield Finding(alert.path, alert.line, f"{alert.name}: {what}", subject=subject)
            return
        sections = alert_rules.sections(runbook)
        if not any(alert.name in text for section in sections for text in section):
            yield Finding(runbook, 0, f"is the runbook of {alert.name}, which it does not name", subject=subject)
        for part in self.runbook_parts:
            here = [section for section in sections if section.heading.lower().startswith(part.lower())]
            if not any(section.text.strip() for section in here):
                message = f"has no part '{part}', which whoever follows {alert.name} needs"
                yield Finding(runbook, 0, message, subject=f"{alert.name}: {part}")


def _tried(alert: AlertRule, alert_rules: AlertRules) -> Iterator[Finding]:
    """Whether there is a test of each kind, and whether it expects what it says."""
    tests = [test for test in alert_rules.tests if test.alert == alert.name]
    severity = alert.labels.get("severity", "")
    fires = [
        test
        for test in tests
        if FIRES in test.name and set(test.severities) & ({severity} if severity else {*test.severities})
    ]
    quiet = [test for test in tests if not test.severities and test.has_series]
    found = {
        FIRES: bool(fires),
        SILENT: any(SILENT in test.name for test in quiet),
        NO_TRAFFIC: any(NO_TRAFFIC in test.name for test in quiet),
    }
    for kind, is_there in found.items():
        if not is_there:
            which = f"{alert.name} ({severity})" if severity else alert.name
            message = f"{which} has no unit test that shows it: {kind}"
            yield Finding(alert.path, alert.line, message, subject=f"{alert.name} {severity}: {kind}")
