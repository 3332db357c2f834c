"""An alert that nobody has seen fire, that tells nobody what to do, or that is not the one that was promised.

Why: an alert that cannot fire, fires where nobody asks anything, or wakes somebody with nothing in hand is worse than
none: it is trusted. Most alerts that are met in repositories name no runbook, and hardly any was ever tried. What
follows from objectives.toml and was changed by hand keeps another promise than the one that people read.
Instead: name a runbook in the annotation runbook_url, give the alert a severity and an owner, and three unit tests for
promtool whose names hold "fires", "stays silent" and "no traffic". Change the objectives, and write what follows anew:
`gates observability`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import ClassVar, Optional

from gates.checks.gate import Plant
from gates.errors import CannotPlant
from gates.facts.checkout import Checkout
from gates.facts.observability.alert_rules import AlertRule, AlertRules
from gates.facts.observability.generated_files import GeneratedFiles
from gates.facts.observability.objectives import Objectives
from gates.finding import Finding
from gates.globs import Globs, any_of
from gates.observability.writing import generated

FIRES, SILENT, NO_TRAFFIC = "fires", "stays silent", "no traffic"
_PLANTED = "GatesPlanted"
_DRIFTED, _ANEW = "what follows", "write it anew with `gates observability`"


@dataclass(frozen=True)
class UnprovenAlert:
    """`labels`: what every alert must say of itself. `runbook_parts`: what a runbook must have, as words that one of
    its headings begins with. `allowed_in`: rule files and generated files that are not asked."""

    labels: tuple[str, ...] = ("severity", "owner")
    runbook_parts: tuple[str, ...] = ("Symptom", "First look", "Causes", "Remedies", "Escalation", "Over")
    allowed_in: Globs = ()
    needs: ClassVar[tuple[str, ...]] = ("rules in [facts.alert-rules]",)

    def check(
        self, alert_rules: AlertRules, objectives: Objectives, generated_files: GeneratedFiles
    ) -> Iterator[Finding]:
        allowed = any_of(self.allowed_in)
        for alert in alert_rules.alerts:
            if not allowed.fullmatch(alert.path):
                yield from self._told(alert)
                yield from self._followed(alert, alert_rules)
                yield from _tried(alert, alert_rules)
        for finding in _drifted(objectives, generated_files):
            if not allowed.fullmatch(finding.path):
                yield finding

    def plant(
        self, checkout: Checkout, alert_rules: AlertRules, objectives: Objectives, generated_files: GeneratedFiles
    ) -> Plant:
        """A line more in what follows from the objectives; where nothing does, one more alert without anything."""
        allowed = any_of(self.allowed_in)
        for path in _following(objectives, generated_files):
            if path in checkout.files and not allowed.fullmatch(path):
                return Plant({path: checkout.read(path) + b"\n"}, path, _DRIFTED)
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


def _drifted(objectives: Objectives, generated_files: GeneratedFiles) -> Iterator[Finding]:
    """Each file that is not what follows from the objectives and the catalogue, at the first line that differs."""
    for path, right in _following(objectives, generated_files).items():
        held = generated_files.of(path)
        if held is None:
            yield Finding(path, 0, f"follows from the objectives, and is not there; {_ANEW}", subject=_DRIFTED)
        elif held != right:
            line, is_there, follows = _first_difference(held, right)
            message = f"is not what follows from the objectives: {is_there}, where {follows} follows"
            yield Finding(path, line, f"{message}; {_ANEW}", subject=_DRIFTED)


def _following(objectives: Objectives, generated_files: GeneratedFiles) -> Mapping[str, bytes]:
    """Path to content. GatesError for a promise that the catalogue does not let one measure."""
    telemetry = generated_files.telemetry
    return {} if telemetry is None else generated(objectives.policy, telemetry)


def _first_difference(held: bytes, right: bytes) -> tuple[int, str, str]:
    """The number of the line, counted from 1, and what stands and what should stand there."""
    pairs = zip_longest(held.split(b"\n"), right.split(b"\n"))
    line, (is_there, follows) = next((n, pair) for n, pair in enumerate(pairs, 1) if pair[0] != pair[1])
    both = zip_longest(is_there or b"", follows or b"")
    column = next((n for n, (one, other) in enumerate(both) if one != other), 0)
    return line, _shown(is_there, column), _shown(follows, column)


def _shown(line: Optional[bytes], column: int) -> str:
    """The line from a little before this column on: lines of rules are long, and begin alike."""
    if line is None:
        return "nothing"
    start = max(0, column - 20)
    return f"`{line[start : start + 60].decode('utf-8', 'replace').strip()}`"
