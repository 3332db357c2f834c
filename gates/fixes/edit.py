"""What a fix does about findings: an Edit of a file, or Unmended, with the reason.

A fix is a module of this package that is named after its gate and has a function `mend`. Like a gate's `check` it asks
for what it needs by type, and is given it: the gate itself as the policy fills it, `Found`, facts. It reads and yields,
and writes nothing: `gates.fixing` writes, for all of them alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Optional, Union

from gates.finding import Finding


class Mended(NamedTuple):
    """One finding less: the line that it stood in (0: the whole file), and what stands there now."""

    line: int
    now: str


@dataclass(frozen=True)
class Edit:
    """A file as it is and as it should be; `before` is None for one that is new.

    `to` is where it then lies, for a file that is renamed: content and place in one step. `mended` says what for.
    """

    path: str
    before: Optional[bytes]
    after: bytes
    mended: tuple[Mended, ...] = ()
    to: Optional[str] = None


class Unmended(NamedTuple):
    """A finding, or a file, that stays as it is, and why: nothing is guessed."""

    path: str
    line: int
    reason: str


@dataclass(frozen=True)
class Found:
    """What the gate finds in the files that are to be mended: new, owed and waived alike."""

    findings: tuple[Finding, ...]
    untouchable: frozenset[str] = frozenset()
    """Files of which every edit is refused; a fix whose edits belong together asks before."""

    def by_path(self) -> Mapping[str, Sequence[Finding]]:
        """The findings of each file, in the order of their places."""
        files: dict[str, list[Finding]] = {}
        for finding in sorted(self.findings, key=lambda finding: finding.place):
            files.setdefault(finding.path, []).append(finding)
        return files


Mend = Callable[..., Iterator[Union[Edit, Unmended]]]
"""`mend` of a fix: its parameters are read by type."""
