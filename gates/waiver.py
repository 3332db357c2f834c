"""A promise set aside by a person until a date: gate, subject, reason, owner, ticket, expiry."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Iterable, Optional, Pattern

from gates.finding import Finding
from gates.globs import glob_pattern


@dataclass(frozen=True)
class Waiver:
    """One `[[waiver]]` of policies/waivers.toml. `path` and `subject` are globs, and one of them is needed."""

    gate: str
    reason: str
    owner: str
    ticket: str
    expires: datetime.date
    path: Optional[str] = None
    subject: Optional[str] = None

    @cached_property
    def _path(self) -> Pattern[str]:
        return re.compile(glob_pattern(self.path or "**"))

    @cached_property
    def _subject(self) -> Pattern[str]:
        return re.compile("(?s:%s)" % ".*".join(re.escape(part) for part in (self.subject or "*").split("*")))

    def covers(self, gate: str, finding: Finding) -> bool:
        """Whether the finding is one that this waiver sets aside (expired or not)."""
        if gate != self.gate or not self._path.fullmatch(finding.path):
            return False
        return bool(self._subject.fullmatch(finding.subject))

    def has_expired(self, today: datetime.date) -> bool:
        """A waiver holds up to and including its last day."""
        return today > self.expires

    @property
    def what(self) -> str:
        """How a reader names it: `dynamic-import in runtime/legacy.py, importlib.*`."""
        return f"{self.gate} in {self.path or 'any file'}" + (f", {self.subject}" if self.subject else "")


def split(
    gate: str, findings: Iterable[Finding], waivers: Iterable[Waiver], today: datetime.date
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
