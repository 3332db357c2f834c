"""A promise set aside by a person until a date: gate, subject, reason, owner, ticket, expiry."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from re import Pattern
from typing import Optional

from gates.finding import Finding, folded
from gates.globs import glob_pattern


@dataclass(frozen=True)
class Waiver:
    """One `[[waiver]]` of policies/waivers.toml. `path` and `subject` are globs, and one of them is needed."""

    gate: str
    """The gate whose findings it sets aside: the gate's name, not a glob."""
    reason: str
    """Why the promise is set aside."""
    owner: str
    """Who answers for it."""
    ticket: str
    """Where it is tracked."""
    expires: dt.date
    """The last day on which it holds."""
    path: Optional[str] = None
    """A glob over paths; without one, any file."""
    subject: Optional[str] = None
    """What the findings are about, `*` standing for anything; without one, anything."""

    @cached_property
    def _path(self) -> Pattern[str]:
        return re.compile(glob_pattern("**" if self.path is None else self.path))

    @cached_property
    def _subject(self) -> Pattern[str]:
        # Folded as a finding's identity is: findings of one fingerprint are set aside together or not at all.
        literals = map(re.escape, folded("*" if self.subject is None else self.subject).split("*"))
        return re.compile(f"(?s:{'.*'.join(literals)})")

    def covers(self, gate: str, finding: Finding) -> bool:
        """Whether the finding is one that this waiver sets aside (expired or not)."""
        if gate != self.gate or not self._path.fullmatch(finding.path):
            return False
        return bool(self._subject.fullmatch(folded(finding.subject)))

    def has_expired(self, today: dt.date) -> bool:
        """A waiver holds up to and including its last day."""
        return today > self.expires

    @property
    def what(self) -> str:
        """How a reader names it: `dynamic-import in runtime/legacy.py, importlib.*`."""
        return f"{self.gate} in {self.path or 'any file'}" + (f", {self.subject}" if self.subject else "")


def split(
    gate: str, findings: Iterable[Finding], waivers: Iterable[Waiver], today: dt.date
) -> tuple[list[Finding], list[tuple[Finding, Waiver]]]:
    """The findings that stand, and those that a waiver in force sets aside, with the waiver."""
    in_force = [waiver for waiver in waivers if waiver.gate == gate and not waiver.has_expired(today)]
    standing: list[Finding] = []
    waived: list[tuple[Finding, Waiver]] = []
    for finding in findings:
        cover = next((waiver for waiver in in_force if waiver.covers(gate, finding)), None)
        if cover is None:
            standing.append(finding)
        else:
            waived.append((finding, cover))
    return standing, waived
