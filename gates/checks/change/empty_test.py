"""A test cannot fail: it asserts nothing or what is always true, is never run, or tests nothing of this repository.

Why: such a test is counted, is green, covers lines, and would stay green if the code were gone.
Instead: assert what the code promises; name the exception that is expected; give a skip its condition, or a reason
with a day on which somebody looks again: `@pytest.mark.skip("waits for the new store, 2027-01-31")`. Import what is
tested, and test no copy of it; compare a golden, or take it out.
Changed statements whose mutants all survive (`gates mutate`) are listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gates.checks.gate import Plant
from gates.errors import CannotPlant
from gates.facts.checkout import Checkout
from gates.facts.goldens import Goldens
from gates.facts.mutants import Mutants
from gates.facts.test_code import TestCode
from gates.facts.test_reach import TestReach
from gates.facts.unparsed import line_of
from gates.finding import Finding
from gates.globs import Glob, Globs

_PLANTED = "test_gates_planted"
_SAID = {
    "always true": "asserts what is always true: {}",
    "mock": "asserts what a mock was told to give: {}",
    "too broad": "expects any failure, a misspelt name as well: {}",
    "may not run": "has all its assertions under `{}`, which may not run",
    "swallowed": "catches what its own assertions raise, and tells nobody: `{}`",
    "skipped": "is skipped {}",
}


@dataclass(frozen=True)
class EmptyTest:
    """`paths`: where tests lie, by default everywhere; `allowed_in`: those among them whose tests may do without."""

    paths: Globs = (Glob("**"),)
    """Where tests lie; among these files those named test_*.py, *_test.py, test.py and tests.py are asked."""
    allowed_in: Globs = ()
    """The files whose tests may do without assertions, such as examples that are only run."""

    def check(self, tests: TestCode, reach: TestReach, goldens: Goldens, mutants: Mutants) -> Iterator[Finding]:
        for path, test in tests.silent(self.paths, self.allowed_in):
            message = f"`{test.name}` asserts nothing, and calls nothing that does"
            yield Finding(path, test.line, message, subject=f"{test.name}: no assertion")
        for path, offence in tests.offences(self.paths, self.allowed_in):
            message = f"`{offence.name}` {_SAID[offence.kind].format(offence.detail)}"
            yield Finding(path, offence.line, message, subject=f"{offence.name}: {offence.kind}")
        for path, reason in tests.unknown(self.paths, self.allowed_in):
            message = f"holds tests by its name and cannot be parsed ({reason})"
            yield Finding(path, line_of(reason), message, subject="cannot be parsed", verdict="opaque")
        yield from self._beside_the_product(reach, goldens)
        for path, tried in mutants.survivors():
            yield Finding(path, tried.line, tried.told, subject=f"survives: {tried.said[0]}", verdict="unproven")

    def _beside_the_product(self, reach: TestReach, goldens: Goldens) -> Iterator[Finding]:
        for path, line in reach.strangers(self.paths, self.allowed_in):
            message = "imports nothing of this repository, and reads or starts nothing: whatever breaks here, it passes"
            yield Finding(path, line, message, subject="imports nothing of the repository")
        for copy in reach.copies(self.paths, self.allowed_in):
            what = f"a copy of what {copy.original} defines: what changes there, it does not see"
            message = f"`{copy.test}` asks `{copy.name}` of this file, {what}"
            yield Finding(copy.path, copy.line, message, subject=f"{copy.name}: a copy")
        for path, why in goldens.unread(self.paths, self.allowed_in):
            message = f"says what should come out, and is compared with nothing: it {why}"
            yield Finding(path, 0, message, subject="a golden that nobody compares")

    def plant(self, checkout: Checkout, tests: TestCode) -> Plant:
        """Append a test without an assertion to the first file of tests."""
        for file in tests.among(self.paths, self.allowed_in):
            overlay = {file.path: checkout.read(file.path) + f"\n\ndef {_PLANTED}():\n    pass\n".encode()}
            return Plant(overlay, file.path, f"{_PLANTED}: no assertion")
        raise CannotPlant("paths and allowed_in leave no file of tests: the policy forbids nothing")
