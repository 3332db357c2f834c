"""What a run says while it works: frozen records, for whoever wants to show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Union

from gates.report import Result


@dataclass(frozen=True)
class FilesRead:
    """So many of the files that had to be looked at are done."""

    done: int
    of: int


@dataclass(frozen=True)
class GateStarted:
    """A gate is about to be asked."""

    gate: str


@dataclass(frozen=True)
class GateFinished:
    """A gate has answered."""

    result: Result


Event = Union[FilesRead, GateStarted, GateFinished]
Observer = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Nobody listens."""
