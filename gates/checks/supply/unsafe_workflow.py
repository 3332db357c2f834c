"""A workflow may do harm, or is green whatever happens.

Why: CI holds the keys. A workflow that gives a token away, runs what a stranger wrote, or passes over its own failures
is the way in; and a required check that no workflow provides blocks, or guards, nothing.
Instead: `permissions: {}` at the top and the least a job needs, `persist-credentials: false`, no untrusted text in a
script, a time limit for every job; let what fails fail. zizmor judges what it knows best; its rules stand in the
messages, and its comments (`# zizmor: ignore[rule]`) are counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gates.checks.gate import Plant
from gates.errors import CannotPlant
from gates.facts.supply.workflow_audit import SEVERITIES, WorkflowAudit
from gates.facts.supply.workflows import FOLDER, Workflows
from gates.finding import UNPROVEN, Finding
from gates.globs import Globs, any_of

_PLANT = f"{FOLDER}/gates-planted.yml"
_LEFT_TO_OTHERS = frozenset({"unpinned-uses", "unpinned-images"})  # of the gate unpinned-action
# What starts a job whose check the forge shows on the commit of a change.
_OF_A_CHANGE = frozenset(
    "pull_request pull_request_target pull_request_review push merge_group deployment deployment_status".split()
)


@dataclass(frozen=True)
class UnsafeWorkflow:
    """`allowed_in`: workflows that are not judged. `required_checks`: the checks that the forge demands of a change.

    `least_severity`: what zizmor takes for less is no finding.
    """

    allowed_in: Globs = ()
    required_checks: tuple[str, ...] = ()
    least_severity: Literal["informational", "low", "medium", "high"] = "low"

    def check(self, workflows: Workflows, audit: WorkflowAudit) -> Iterator[Finding]:
        allowed = any_of(self.allowed_in)
        for finding in (*_own(workflows), *self._audited(audit)):
            if not allowed.fullmatch(finding.path):
                yield finding
        yield from self._required(workflows)

    def _audited(self, audit: WorkflowAudit) -> Iterator[Finding]:
        least = SEVERITIES.index(self.least_severity)
        for found in audit.findings:
            rank = SEVERITIES.index(found.severity) if found.severity in SEVERITIES else len(SEVERITIES)
            if rank >= least and found.ident not in _LEFT_TO_OTHERS:
                message = f"{found.message} (zizmor: {found.ident}, {found.severity})"
                yield Finding(found.path, found.line, message, f"{found.ident}: {found.where}", found.column)

    def _required(self, workflows: Workflows) -> Iterator[Finding]:
        """Each required check is a job's, by the name that the forge shows, and a change starts that job."""
        for check in self.required_checks:
            jobs = [job for job in workflows.jobs if job.path.startswith(FOLDER) and re.fullmatch(job.check, check)]
            started = [job for job in jobs if _OF_A_CHANGE.intersection(job.events)]
            subject = f"required check: {check}"
            if not jobs:
                known = ", ".join(sorted({job.id for job in workflows.jobs})) or "none"
                message = f"the check '{check}' is required, and no job provides it; the jobs are {known}"
                yield Finding(FOLDER, 0, message, subject)
            elif not started:
                events = ", ".join(jobs[0].events) or "nothing"
                message = f"the check '{check}' is required, and no change starts the job {jobs[0].id}: {events} does"
                yield Finding(FOLDER, 0, message, subject)
            elif all(job.is_computed for job in started):
                message = f"whether the matrix of {started[0].id} provides the required check '{check}' cannot be told"
                yield Finding(started[0].path, started[0].line, message, subject, verdict=UNPROVEN)

    def plant(self, workflows: Workflows) -> Plant:
        """Add a workflow whose job may run for six hours."""
        if any_of(self.allowed_in).fullmatch(_PLANT):
            raise CannotPlant("allowed_in covers every workflow: the policy forbids nothing")
        text = (
            "on: push\npermissions: {}\njobs:\n  planted:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: 'true'\n"
        )
        return Plant({_PLANT: text.encode()}, _PLANT, "planted: no time limit")


def _own(workflows: Workflows) -> Iterator[Finding]:
    for job in workflows.jobs:
        if not job.has_timeout and not job.is_call:
            message = f"the job {job.id} has no timeout-minutes: it may hang for six hours"
            yield Finding(job.path, job.line, message, subject=f"{job.id}: no time limit")
    for lenience in workflows.leniences:
        message = f"passes over its own failure: `{lenience.value}`"
        yield Finding(lenience.path, lenience.line, message, subject=f"{lenience.where}: {lenience.value}")
    for call in workflows.make_calls():
        if call.makefile not in workflows.checkout.files:
            message = f"`make {call.target}`: there is no {call.makefile}"
            yield Finding(call.path, call.line, message, subject=f"make {call.target}")
            continue
        is_whole, targets = workflows.targets(call.makefile)
        if is_whole and call.target not in targets and call.file not in workflows.checkout.files:
            message = f"`make {call.target}`: {call.makefile} has no such target"
            yield Finding(call.path, call.line, message, subject=f"make {call.target}")
