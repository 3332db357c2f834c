"""One observation; its identity survives moving lines."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Optional

UNPROVEN = "unproven"
_SPACE = re.compile(r"\s+")


def folded(subject: str) -> str:
    """A subject as identity sees it: every run of white space is one space, and none stands at either end."""
    return _SPACE.sub(" ", subject).strip()


@dataclass(frozen=True)
class Finding:
    """What a gate saw at one place.

    `path` is relative to the repository, with `/`; `line` and `column` count from 1, and 0 means the whole file.
    `subject` is what the finding is about (a module's name, a call's spelling): with the gate and the path it is the
    finding's identity, so it must not hold line numbers. `trace` is a chain of modules, importer first.
    `verdict` is "violation" where the target is known, and "opaque" where it cannot be known here; "unproven" is what
    a reader is told and nobody can decide: a note of the result, that fails nothing.
    """

    path: str
    line: int
    message: str
    subject: str
    column: int = 0
    trace: tuple[str, ...] = ()
    fix: Optional[str] = None
    verdict: str = "violation"

    def fingerprint(self, gate: str) -> str:
        """16 hex digits of gate, path and subject (white space folded); never of the line."""
        identity = "\0".join((gate, self.path, folded(self.subject)))
        return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def place(self) -> tuple[str, int, int, str]:
        """What findings are sorted by."""
        return (self.path, self.line, self.column, self.subject)
