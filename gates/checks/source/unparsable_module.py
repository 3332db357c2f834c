"""A module does not decode or parse.

Why: every other gate is blind in a file that is not Python, and so are the tests: whatever stands in it is unjudged.
Instead: mend the file, delete it, or keep it under a name that does not claim to be Python; cases that are broken on
purpose belong in `allowed_in`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gates.checks.gate import Plant
from gates.errors import CannotPlant
from gates.facts.checkout import Checkout
from gates.facts.modules import Modules
from gates.facts.syntax import Syntax
from gates.finding import Finding
from gates.globs import Globs


@dataclass(frozen=True)
class UnparsableModule:
    """`allowed_in`: files that are broken on purpose, such as the cases of a parser's tests."""

    allowed_in: Globs = ()

    def check(self, syntax: Syntax) -> Iterator[Finding]:
        for path, why in syntax.unparsable(self.allowed_in):
            newer = f"needs Python {why.needs} to be judged: {why.message}; run gates with it" if why.needs else ""
            message = newer or f"{why.kind}: {why.message}"
            verdict = "opaque" if newer else "violation"
            yield Finding(path, why.line, message, subject=why.kind, column=why.column, verdict=verdict)
        for path, reason in syntax.unreadable():
            yield Finding(path, 0, reason, subject="unreadable", verdict="opaque")

    def plant(self, checkout: Checkout, modules: Modules) -> Plant:
        """Open a parenthesis at the end of a module, and never close it."""
        for file in modules.outside(self.allowed_in):
            if file.path.endswith(".py"):
                return Plant({file.path: checkout.read(file.path) + b"\n(\n"}, file.path, "syntax")
        raise CannotPlant("allowed_in covers every module: the policy forbids nothing")
