"""The lines of one file as reports tell of them; several reports joined."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Optional, Protocol

EXIT = "exit"
"""Where a branch leads that leaves its function or module."""
Branch = tuple[int, str]
"""The line that a branch leaves from, and the line that it leads to, or EXIT."""
_NONE: frozenset[int] = frozenset()


class ReportError(ValueError):
    """What is no report of coverage, or a damaged one; the text says what stops it from being read."""


class FileLines(NamedTuple):
    """The first lines of statements: those that ran, and those that did not; the lines that nobody counts.

    `missing_branches` are of lines that may have run. `branches` is how many ways out the lines with branches have;
    a report that was made without branches says nothing of them, and `has_branches` is False.
    """

    executed: frozenset[int]
    missing: frozenset[int]
    excluded: frozenset[int] = _NONE
    missing_branches: frozenset[Branch] = frozenset()
    has_branches: bool = False

    @property
    def statements(self) -> frozenset[int]:
        """All that are counted."""
        return self.executed | self.missing


class Report(Protocol):
    """One report; `measured` is in seconds since the epoch, None where it does not say."""

    @property
    def measured(self) -> Optional[float]:
        """When it was made."""

    @property
    def names(self) -> Iterable[str]:
        """The files that it speaks of."""

    @property
    def folders(self) -> Sequence[str]:
        """Where its files lie, if that is not a part of their names: each in one of these."""

    def lines(self, names: Mapping[str, str]) -> Mapping[str, FileLines]:
        """What it tells of these of its files, each given with the module that it is.

        ReportError where one of them cannot be told.
        """


class ReadReport(NamedTuple):
    """A report that was read as a whole."""

    files: Mapping[str, FileLines]
    measured: Optional[float] = None
    folders: Sequence[str] = ()

    @property
    def names(self) -> Iterable[str]:
        """The files that it speaks of."""
        return self.files

    def lines(self, names: Mapping[str, str]) -> Mapping[str, FileLines]:
        """What it tells of them."""
        return {name: self.files[name] for name in names}


def joined(parts: Iterable[FileLines]) -> FileLines:
    """What several runs saw together: a line or a branch that one of them took was taken."""
    several = list(parts)
    if len(several) == 1:
        return several[0]
    executed = frozenset[int]().union(*(part.executed for part in several))
    missing = frozenset[int]().union(*(part.missing for part in several)) - executed
    excluded = frozenset[int]().union(*(part.excluded for part in several)) - executed - missing
    told = [part for part in several if part.has_branches]
    open_ways = frozenset[Branch]().union(*(part.missing_branches for part in told))
    taken = {way for way in open_ways for part in told if way[0] in part.executed and way not in part.missing_branches}
    return FileLines(executed, missing, excluded, open_ways - taken, bool(told))
