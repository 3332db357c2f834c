"""The Gate protocol: one question, asked of facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Callable, Protocol

from gates.facts.fact import Overlay
from gates.finding import Finding


@dataclass(frozen=True)
class Plant:
    """A violation laid over the tree, and where the gate must then find something new.

    `overlay` is the smallest edit of this tree that this policy must refuse; None as content takes a file away.
    """

    overlay: Overlay
    path: str
    subject: str


class Gate(Protocol):
    """One question. A frozen dataclass: its fields are its policy, the parameters of `check` are its facts.

    `check` yields findings; `plant` says how to break the promise, and raises CannotPlant where no edit of this tree
    would. Both are given facts by type. Neither reads a file, a clock or the environment.
    """

    check: Callable[..., Iterable[Finding]]
    plant: Callable[..., Plant]
