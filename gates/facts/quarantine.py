"""The tests that are known to be flaky: policies/quarantine.toml, who mends each of them and until when."""

from __future__ import annotations

import datetime as dt
import posixpath
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Optional

from gates.errors import PolicyError
from gates.facts.checkout import Checkout
from gates.facts.fact import digest_of
from gates.facts.today import Today
from gates.policy_file import lines_of

POLICY = "quarantine.toml"
_ASKED = {"reason": "what is wrong with it", "owner": "who mends it", "ticket": "where that is tracked"}


@dataclass(frozen=True)
class Quarantined:
    """One `[[test]]`: it still runs, and what it says counts for nothing until the day."""

    name: str
    """As pytest names it: tests/test_total.py::test_sum."""
    reason: str
    """What is wrong with it, as far as that is known."""
    owner: str
    """Who mends it."""
    ticket: str
    """Where that is tracked."""
    expires: dt.date
    """The last day on which it may be flaky."""


@dataclass(frozen=True)
class QuarantinePolicy:
    """policies/quarantine.toml: the tests that may be flaky for a while."""

    policy_file: ClassVar[str] = POLICY
    most: int = 10
    """How many there may be: a suite whose flaky tests are all set aside promises nothing."""
    test: tuple[Quarantined, ...] = ()

    def __post_init__(self) -> None:
        if self.most < 0:
            raise PolicyError("most is below 0; it is how many tests may be in quarantine")
        for entry in self.test:
            place = f"[[test]] '{entry.name}'"
            for key in _ASKED:
                if not getattr(entry, key).strip():
                    raise PolicyError(f"{place} {key} is empty; say {_ASKED[key]}")
            if "::" not in entry.name or entry.name != entry.name.strip():
                raise PolicyError(f"{place} name must be as pytest names a test, like tests/test_total.py::test_sum")
        names = [entry.name for entry in self.test]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise PolicyError(f"[[test]] '{twice}' is there twice; a test has one section")


@dataclass(frozen=True)
class Quarantine:
    """The entries, with the lines on which they stand, as of a day."""

    policy: QuarantinePolicy
    today: dt.date
    place: str = f"policies/{POLICY}"
    lines: tuple[int, ...] = ()
    unit: ClassVar[str] = "quarantined tests"
    may_be_none: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def gather(cls, policy: QuarantinePolicy, checkout: Checkout, today: Today) -> Quarantine:
        """Look for the lines, too: a person will want to go there."""
        places = sorted(path for path in checkout.files if posixpath.basename(path) == POLICY)
        beside = [path for path in places if f"{posixpath.dirname(path)}/gates.toml".lstrip("/") in checkout.files]
        if not beside:
            return cls(policy, today.date)
        lines = lines_of(checkout.read(beside[0]), "[[test]]", len(policy.test))
        return cls(policy, today.date, beside[0], tuple(lines))

    @cached_property
    def digest(self) -> str:
        """Of the entries, and of which of them are over."""
        return digest_of(repr(self.policy), self.place, repr(self.lines), repr([e.name for e in self.over]))

    def __len__(self) -> int:
        return len(self.policy.test)

    @property
    def holds_until(self) -> Optional[dt.date]:
        """The last day on which it says just this."""
        return min((entry.expires for entry in self.policy.test if entry.expires >= self.today), default=None)

    @cached_property
    def over(self) -> tuple[Quarantined, ...]:
        """The entries whose last day has been."""
        return tuple(entry for entry in self.policy.test if entry.expires < self.today)

    def line(self, entry: Quarantined) -> int:
        """Where it stands; 0 where that is unclear."""
        position = self.policy.test.index(entry)
        return self.lines[position] if position < len(self.lines) else 0
