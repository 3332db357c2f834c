"""How long a benchmark may take and how much it may hold: policies/budgets.toml, and what it said at the base."""

from __future__ import annotations

import datetime as dt
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import ClassVar, NamedTuple, Optional

from gates.errors import PolicyError
from gates.facts.checkout import Checkout
from gates.facts.diff import Diff
from gates.facts.fact import digest_of
from gates.policy_file import line_of_key, lines_of, parse_toml, typed

POLICY = "budgets.toml"
QUANTILES: Mapping[str, float] = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
LIMITS = (*QUANTILES, "memory")


@dataclass(frozen=True)
class Raised:
    """`[budget.raised]`: more than the budget allows, until a day; then the budget itself holds again."""

    reason: str
    """Why it takes more for now."""
    owner: str
    """Who answers for it."""
    expires: dt.date
    """The last day on which it holds."""
    p50: Optional[float] = None
    """The median that holds until then, in seconds."""
    p95: Optional[float] = None
    """The 95th percentile that holds until then, in seconds."""
    p99: Optional[float] = None
    """The 99th percentile that holds until then, in seconds."""
    memory: Optional[int] = None
    """What a call may hold at once until then, in bytes."""


@dataclass(frozen=True)
class Budget:
    """`[[budget]]`: what one path of the program may take. At least one limit."""

    name: str
    """What people call the path, like "query" or "stage.memory"."""
    benchmark: str
    """The benchmark that measures it, as pytest calls it: "tests/perf/test_query.py::test_a_query"."""
    p50: Optional[float] = None
    """Half of the calls may take longer, in seconds."""
    p95: Optional[float] = None
    """One call in twenty may take longer, in seconds."""
    p99: Optional[float] = None
    """One call in a hundred may take longer, in seconds."""
    memory: Optional[int] = None
    """What one call may hold at once, in bytes, of what Python allocates."""
    raised: Optional[Raised] = None
    """More than that, until a day."""

    def limit(self, key: str, today: dt.date) -> Optional[float]:
        """What holds on that day; None where nothing is said of it."""
        more = getattr(self.raised, key) if self.raised is not None and today <= self.raised.expires else None
        limit: Optional[float] = more if more is not None else getattr(self, key)
        return limit


@dataclass(frozen=True)
class BudgetsPolicy:
    """policies/budgets.toml: how long things may take, and how much they may hold."""

    policy_file: ClassVar[str] = POLICY
    budget: tuple[Budget, ...] = ()

    def __post_init__(self) -> None:
        names = [budget.name for budget in self.budget]
        for budget in self.budget:
            if names.count(budget.name) > 1:
                raise PolicyError(f"[[budget]] '{budget.name}' is there twice; a path has one budget")
            _refuse_odd(budget)


def _refuse_odd(budget: Budget) -> None:
    place = f"[[budget]] '{budget.name}'"
    for key in ("name", "benchmark"):
        if not getattr(budget, key).strip():
            raise PolicyError(f"{place} {key} is empty; it names {'the path' if key == 'name' else 'a benchmark'}")
    said = [key for key in LIMITS if getattr(budget, key) is not None]
    if not said:
        raise PolicyError(f"{place} allows everything; say p50, p95, p99 or memory")
    for key in said:
        if not 0 < getattr(budget, key) < float("inf"):
            raise PolicyError(f"{place} {key} is {getattr(budget, key)}; it must be a number above 0")
    falling = [key for key in QUANTILES if key in said]
    for lower, higher in zip(falling, falling[1:]):
        if getattr(budget, lower) > getattr(budget, higher):
            raise PolicyError(f"{place} {lower} is above {higher}, which more calls must keep")
    if budget.raised is not None:
        _refuse_odd_raise(budget, budget.raised, f"{place} [raised]")


def _refuse_odd_raise(budget: Budget, raised: Raised, place: str) -> None:
    for key in ("reason", "owner"):
        if not getattr(raised, key).strip():
            raise PolicyError(f"{place} {key} is empty; a raise says why, and who answers for it")
    said = [key for key in LIMITS if getattr(raised, key) is not None]
    if not said:
        raise PolicyError(f"{place} raises nothing; say which of p50, p95, p99 and memory, and to what")
    for key in said:
        before = getattr(budget, key)
        if before is None or not before < getattr(raised, key) < float("inf"):
            than = f"more than {before}" if before is not None else f"left out, since the budget says no {key}"
            raise PolicyError(f"{place} {key} is {getattr(raised, key)}; it must be {than}")


class Loosened(NamedTuple):
    """A limit that allows more than it did at the base; `now` is None where it, or its budget, is gone."""

    name: str
    key: str
    before: float
    now: Optional[float]


@dataclass
class Budgets:
    """The budgets of the policy, where they stand, and which of them allow more than at the base."""

    checkout: Checkout = field(repr=False)
    policy: BudgetsPolicy
    diff: Diff = field(repr=False)
    place: str = f"policies/{POLICY}"
    unit: ClassVar[str] = "budgets"
    may_be_none: ClassVar[bool] = True  # without one, head is held against its base all the same

    @classmethod
    def gather(cls, checkout: Checkout, policy: BudgetsPolicy, diff: Diff) -> Budgets:
        """Nothing is read until it is asked for."""
        found = (path for path in checkout.files if posixpath.basename(path) == POLICY)
        beside = [path for path in found if f"{posixpath.dirname(path)}/gates.toml".lstrip("/") in checkout.files]
        return cls(checkout, policy, diff, cls.place if cls.place in beside or not beside else min(beside))

    @property
    def reads(self) -> tuple[str, ...]:
        """The budgets' own file."""
        return (f":(literal){self.place}",)

    @cached_property
    def digest(self) -> str:
        """Of the budgets, of their file (its lines are told), and of the base."""
        file = self.checkout.files.get(self.place)
        return digest_of(repr(self.policy), file.blob if file is not None else "", self.diff.base)

    def __len__(self) -> int:
        return len(self.policy.budget)

    def line_of(self, name: str, key: str, entry: str = "[[budget]]") -> int:
        """Where a limit stands, or a key of another entry of that budget; 0 where that is unclear."""
        if self.place not in self.checkout.files:
            return 0
        content = self.checkout.read(self.place)
        heads = lines_of(content, "[[budget]]", len(self.policy.budget))
        position = [budget.name for budget in self.policy.budget].index(name)
        start = heads[position]
        if not start:
            return 0
        end = heads[position + 1] - 1 if position + 1 < len(heads) else None
        own = b"\n".join(content.split(b"\n")[start - 1 : end])
        within = line_of_key(own, entry, key)
        return start + within - 1 if within else start

    @cached_property
    def loosened(self) -> tuple[Loosened, ...]:
        """Limits that allow more than at the base, by name; what is raised until a day is not among them."""
        now = {budget.name: budget for budget in self.policy.budget}
        return tuple(
            Loosened(before.name, key, was, limit)
            for before in self._before
            for key, was in _limits(before)
            for limit in [getattr(now.get(before.name), key, None)]
            if limit is None or limit > was
        )

    @property
    def _before(self) -> tuple[Budget, ...]:
        """The budgets of the base; none where it had no file of them, or one that is read no more."""
        content = self.diff.before(self.place)
        if content is None:
            return ()
        try:
            return typed(BudgetsPolicy, parse_toml(content, self.place), self.place).budget
        except PolicyError:
            return ()


def _limits(budget: Budget) -> Iterator[tuple[str, float]]:
    return ((one.name, getattr(budget, one.name)) for one in fields(budget)
            if one.name in LIMITS and getattr(budget, one.name) is not None)  # fmt: skip
