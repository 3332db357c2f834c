"""A secret stands in the repository: a token, a private key, a password in an address.

Why: what was pushed once is read by whoever wants to, and stays in the history when the file is mended; scanners of
others find it within minutes.
Instead: rotate it first, then take it out; keep secrets in the forge's store or in a vault, and read them from the
environment. What only looks like one is waived by its fingerprint, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from gates.checks.gate import Plant
from gates.errors import CannotPlant
from gates.facts.supply.searched_text import made_up_token
from gates.facts.supply.secrets import LeakedAt, Secrets
from gates.finding import Finding
from gates.globs import Globs, any_of

_PLANT = "gates-planted-secret.txt"


@dataclass(frozen=True)
class LeakedSecret:
    """`allowed_in`: files in which secrets may stand, such as the keys of a test that opens nothing."""

    hides_lines: ClassVar[bool] = True
    allowed_in: Globs = ()

    def check(self, secrets: Secrets) -> Iterator[Finding]:
        allowed = any_of(self.allowed_in)
        many = len(secrets.engines)
        for found in secrets.leaked:
            if not allowed.fullmatch(found.path):
                leak = found.leak
                seen = f"by {' and '.join(leak.engines)}{_alone(leak.engines, many)}{_when(found)}"
                line = leak.line if not found.where else 0
                # The words of a waiver: who sets it aside needs them, and nobody can tell the secret by them.
                subject = f"{leak.rule} {leak.fingerprint}"
                message = f"{subject}: a secret, {seen}"
                yield Finding(found.path, line, message, subject, leak.column if line else 0)

    def plant(self, secrets: Secrets) -> Plant:
        """Add a file with a token of GitHub's form, which is nobody's."""
        if any_of(self.allowed_in).fullmatch(_PLANT) or any_of(secrets.settings.leave_out).fullmatch(_PLANT):
            raise CannotPlant("allowed_in covers every file: the policy forbids nothing")
        token = made_up_token(_PLANT)
        subject = f"github-pat {secrets.fingerprint(token)}"
        return Plant({_PLANT: f'token = "{token}"\n'.encode()}, _PLANT, subject)


def _alone(engines: tuple[str, ...], many: int) -> str:
    return " alone: they disagree" if len(engines) < many else ""


def _when(found: LeakedAt) -> str:
    if found.where in ("staged", "history"):
        return ", staged though the file here does not have it" if found.where == "staged" else ", in the history"
    return f", brought by commit {found.where[:12]} and not here any more" if found.where else ""
