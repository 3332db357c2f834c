"""A handler for every failure neither raises it again, returns it, keeps it, logs it nor counts it.

Why: what fails in silence fails for months; a guard that swallows its own failure reports that all is well.
Instead: catch the failure that is expected, by name; or log it, count it, or let it through.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gates.checks.gate import Plant
from gates.errors import CannotPlant
from gates.facts.checkout import Checkout
from gates.facts.handlers import BroadHandlers
from gates.facts.modules import Modules
from gates.facts.unparsed import line_of
from gates.finding import Finding
from gates.globs import Globs

_PLANTED = b"""

def gates_planted_function():
    try:
        return open("gates-planted")
    except Exception:
        pass
"""


@dataclass(frozen=True)
class SwallowedFailure:
    """`allowed_in`: the files in which a failure may be dropped, such as tests of what fails."""

    allowed_in: Globs = ()

    def check(self, handlers: BroadHandlers) -> Iterator[Finding]:
        for path, handler in handlers.outside(self.allowed_in):
            if not handler.does:
                caught = handler.caught if handler.caught != "bare" else "every failure"
                yield Finding(
                    path,
                    handler.line,
                    f"{caught} is caught in {handler.scope} and dropped",
                    subject=f"{handler.scope}: {handler.caught}",
                    column=handler.column,
                )
        for path, reason in handlers.unknown(self.allowed_in):
            message = f"mentions a handler for every failure and cannot be parsed ({reason})"
            yield Finding(path, line_of(reason), message, subject="cannot be parsed", verdict="opaque")

    def plant(self, checkout: Checkout, modules: Modules) -> Plant:
        """Append a function that swallows to the first module outside the allowed ones."""
        for file in modules.outside(self.allowed_in):
            if file.path.endswith(".py"):
                overlay = {file.path: checkout.read(file.path) + _PLANTED}
                return Plant(overlay, file.path, "gates_planted_function: Exception")
        raise CannotPlant("allowed_in covers every module: the policy forbids nothing")
