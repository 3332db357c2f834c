"""A context file says something of the repository that the tree contradicts.

Why: people and programs act on what AGENTS.md, CLAUDE.md and their like say; a path, a command or a count that was true
last year costs each of them a wrong turn, and nobody notices.
Instead: correct it, or let it be derived: text between `<!-- gates:begin lanes -->` and `<!-- gates:end -->` is written
by `gates context --write`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gates.checks.gate import Plant
from gates.errors import CannotPlant
from gates.facts.checkout import Checkout
from gates.facts.context.claims import Claims
from gates.facts.context.files import ContextFiles
from gates.facts.context.held import CONTRADICTED
from gates.finding import Finding
from gates.globs import Globs, any_of

_PLANTED = "gates-planted/gone.md"


@dataclass(frozen=True)
class StaleContext:
    """`allowed_in`: context files that may be out of date, such as those of an archive."""

    allowed_in: Globs = ()

    def check(self, files: ContextFiles, claims: Claims) -> Iterator[Finding]:
        allowed = any_of(self.allowed_in)
        for held in claims.held:
            if held.answer.verdict != CONTRADICTED or allowed.fullmatch(held.path):
                continue
            text = " ".join(held.claim.text.split())
            nearest = held.answer.nearest
            yield Finding(
                held.path,
                held.claim.line,
                f"{held.claim.kind} `{text}`: {held.answer.evidence}" + (f"; nearest is {nearest}" if nearest else ""),
                subject=held.subject,
                fix=nearest or None,
            )

    def plant(self, checkout: Checkout, files: ContextFiles) -> Plant:
        """Append a link that leads nowhere to the first context file outside the allowed ones."""
        allowed = any_of(self.allowed_in)
        for file in files.files:
            if not allowed.fullmatch(file.path):
                planted = f"\n\nSee [this]({_PLANTED}).\n".encode()
                return Plant({file.path: checkout.read(file.path) + planted}, file.path, f"link: {_PLANTED}")
        raise CannotPlant("allowed_in covers every context file: the policy forbids nothing")
