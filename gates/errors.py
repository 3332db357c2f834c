"""What can go wrong that is not a finding: each says what, where, and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GatesError(Exception):
    """Something a person can mend. The command line prints its text alone and exits with 2."""


class PolicyError(GatesError):
    """The policy makes no sense: a misspelt key, a wrong type, a glob that matches nothing."""


class CheckoutError(GatesError):
    """The repository cannot be read: no such folder, git refuses, a base that does not exist."""


class FactUnavailable(Exception):
    """A fact cannot be gathered. Its text names the remedy; the gates that asked for it are BROKEN."""


class CannotPlant(Exception):
    """A gate finds no place in this tree, under this policy, where a violation could be planted."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`"; did you mean 'x'?"`, or nothing where no known word comes near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else ""
