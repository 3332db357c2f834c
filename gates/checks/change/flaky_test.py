"""A test passes and fails with the same code, or is set aside for longer than it may be.

Why: a red build that is run again until it is green teaches everybody to look away, and the one failure that
mattered is run away with the others; what is set aside without a day is never looked at again.
Instead: mend what the finding names: restore what a test changes, give it its seed, its clock, its folder. `gates
flakes` prints a line that makes it fail. What cannot be mended today goes into policies/quarantine.toml, with an
owner and a day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gates.checks.gate import Plant
from gates.errors import CannotPlant
from gates.facts.changed_code import ChangedCode
from gates.facts.flake_recording import FlakeRecording, Flaky, TestRuns, render
from gates.facts.flakes import Flakes
from gates.facts.quarantine import Quarantine, Quarantined
from gates.facts.test_code import is_test_file
from gates.finding import UNPROVEN, Finding
from gates.globs import Glob, Globs, any_of
from gates.number_words import many

_NEW = ("new", "changed")
_PLANTED = "test_gates_planted"


@dataclass(frozen=True)
class FlakyTest:
    """`paths`: where tests must be stable; `allowed_in`: those among them that need not.

    `runs_of_change`: how often a new or a changed test must have run with different seeds, and not failed.
    """

    paths: Globs = (Glob("**"),)
    """Where tests must be stable."""
    allowed_in: Globs = ()
    """The files among them whose tests need not, such as tests that ask a service over the network."""
    runs_of_change: int = 59
    """How often a new or a changed test must have run: 59 without a failure say that it fails in fewer than 5 %."""

    def check(self, flakes: Flakes, quarantine: Quarantine, changed: ChangedCode) -> Iterator[Finding]:
        yield from _odd_entries(quarantine)
        told = flakes.told
        if told is None:
            return
        set_aside = {entry.name: entry for entry in quarantine.policy.test}
        flaky = {each.test for each in told.flaky}
        for each in told.flaky:
            runs = told.tests[each.test]
            if self._is_asked(runs.path) and each.test not in set_aside:
                yield Finding(runs.path, runs.line, _said(each), subject=each.test)
        seen = {runs.path for runs in told.tests.values()}
        for module in changed.modules:
            if (
                module.statements
                and is_test_file(module.path)
                and module.path not in seen
                and self._is_asked(module.path)
            ):
                message = "holds changed tests, and the recording none of them: let `gates flakes` run it, too"
                line = module.statements[0].first
                yield Finding(module.path, line, message, subject="was not run", verdict="opaque")
        for test, runs in told.tests.items():
            if self._is_asked(runs.path) and test not in flaky and test not in set_aside:
                yield from self._unbounded(test, runs)
        for entry in quarantine.policy.test:
            if entry not in quarantine.over:
                yield from self._released(quarantine, entry, told, entry.name in flaky)

    def _is_asked(self, path: str) -> bool:
        return any_of(self.paths).fullmatch(path) is not None and any_of(self.allowed_in).fullmatch(path) is None

    def _unbounded(self, test: str, runs: TestRuns) -> Iterator[Finding]:
        if runs.failed == runs.runs and runs.runs:
            message = f"fails always, in {many(runs.runs, 'run')}: that is no flakiness, and for the tests to say"
            yield Finding(runs.path, runs.line, message, subject=f"fails always: {test}", verdict=UNPROVEN)
        elif runs.why and runs.seeds < self.runs_of_change:
            message = (
                f"`{test}` is {'' if runs.why in _NEW else 'one that '}{runs.why}"
                f"{'' if runs.why in _NEW else ' changed lines'} and ran with {many(runs.seeds, 'seed')}; "
                f"{self.runs_of_change} without a failure are asked for"
            )
            verdict = "opaque" if runs.why in _NEW else UNPROVEN
            yield Finding(runs.path, runs.line, message, subject=f"ran too seldom: {test}", verdict=verdict)

    def _released(
        self, quarantine: Quarantine, entry: Quarantined, told: FlakeRecording, is_flaky: bool
    ) -> Iterator[Finding]:
        """An entry that says what is no longer so."""
        runs = told.tests.get(entry.name)
        if runs is None:
            message = f"sets aside {entry.name}, which was not run; does it still exist?"
        elif runs.failed == runs.runs:
            message = f"sets aside {entry.name}, which fails always ({many(runs.runs, 'run')}): that is no flakiness"
        elif not is_flaky and not runs.failed and runs.seeds >= self.runs_of_change:
            message = f"sets aside {entry.name}, which has become stable ({many(runs.runs, 'run')}); take it out"
        else:
            return
        yield Finding(quarantine.place, quarantine.line(entry), message, subject=entry.name)

    def plant(self, flakes: Flakes) -> Plant:
        """A recording in which a test of the first file is flaky."""
        for path in flakes.files:
            if self._is_asked(path):
                test = f"{path}::{_PLANTED}"
                runs = TestRuns(path=path, line=1, runs=2, failed=1)
                found = Flaky(test, "order", "reversed", "fails when run alone", "pytest", (8, 8, 0, 8), 0.0001)
                recording = FlakeRecording(files={}, tests={test: runs}, flaky=(found,))
                return Plant({flakes.settings.file: render(recording)}, path, test)
        raise CannotPlant("paths and allowed_in leave no file of tests: the policy forbids nothing")


def _said(each: Flaky) -> str:
    failed, runs, failed_else, runs_else = each.rates
    counts = f"{failed} of {runs}, against {failed_else} of {runs_else}"
    state = f"; left changed: {'; '.join(each.state)}" if each.state else ""
    return f"`{each.test}` is flaky: it {each.because} ({each.dimension}; {counts}){state}. To see it: {each.command}"


def _odd_entries(quarantine: Quarantine) -> Iterator[Finding]:
    for entry in quarantine.over:
        message = f"the quarantine of {entry.name} expired on {entry.expires} ({entry.owner}, {entry.ticket})"
        yield Finding(quarantine.place, quarantine.line(entry), message, subject=f"expired: {entry.name}")
    number, most = len(quarantine.policy.test), quarantine.policy.most
    if number > most:
        message = f"{many(number, 'test')} are in quarantine, and {most} may be; mend some"
        yield Finding(quarantine.place, 0, message, subject="too many")
