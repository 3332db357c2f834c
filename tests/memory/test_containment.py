"""Cascade prevention: whatever is done to a fold, its effect stays inside the sources that were planned.

bench/folding.py does this 10,000 times; here is enough of it to notice what broke.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.containment import FAULTS, Attempt, Open, attempts, wilson
from runtime.memory.record import Filter, Fold, FoldPlan, Record
from runtime.memory.store import Store
from runtime.memory.stores.in_memory import InMemoryStore
from runtime.memory.stores.sqlite import SqliteStore
from tests.memory.fakes import DictionaryStore


def kept_open(make: type) -> Iterator[Open]:
    """Empty stores that live in this process: however often one is opened, it is the same."""

    class Kept(make):  # type: ignore[misc]
        def close(self) -> None:
            pass

    while True:
        store = Kept(dimension=32)
        yield lambda store=store: store  # type: ignore[misc]


def files(folder: Path) -> Iterator[Open]:
    number = 0
    while True:
        number += 1
        yield lambda path=folder / f"{number}.db": SqliteStore(path)  # type: ignore[misc]


def escaped(found: list[Attempt]) -> list[str]:
    return [f"{one.fault}: {effect}" for one in found for effect in one.escaped]


def test_of_300_folds_with_faults_planted_into_a_sqlite_file_all_are_contained(tmp_path: Path) -> None:
    found = list(attempts(files(tmp_path), 304, seed=1, killing=True))

    assert escaped(found) == []
    assert len({one.fault for one in found}) == len(FAULTS) + 1
    # None of it would mean anything if nothing had been folded.
    assert sum(one.folds for one in found) > 100


@pytest.mark.parametrize("make", [InMemoryStore, DictionaryStore])
@pytest.mark.parametrize("seed", [2, 3])
def test_and_so_are_those_in_stores_that_live_in_the_process(make: type, seed: int) -> None:
    found = list(attempts(kept_open(make), 150, seed))

    assert escaped(found) == []
    assert sum(one.folds for one in found) > 50


class Deleting(DictionaryStore):
    def fold(self, plan: FoldPlan, summary: Record, at: dt.datetime) -> Optional[Fold]:
        fold = super().fold(plan, summary, at)
        if fold is not None:
            self.records.pop(fold.sources[0], None)
            self._matrix = None
        return fold


class Reaching(DictionaryStore):
    """Folds everything that is near the summary as well: a cascade."""

    def fold(self, plan: FoldPlan, summary: Record, at: dt.datetime) -> Optional[Fold]:
        near = [one.id for one in self.nearest(summary.embedding, 9, Filter(lane=summary.lane))]
        more = [one for one in self.get(near) if one.id not in {source.id for source in plan.sources}]
        sources = (*plan.sources, *more)
        deep = 1 + max(source.depth for source in sources)
        return super().fold(plan._replace(sources=sources), summary._replace(depth=deep), at)


class Halving(DictionaryStore):
    """Marks one source and forgets the others: a transaction that was none."""

    def fold(self, plan: FoldPlan, summary: Record, at: dt.datetime) -> Optional[Fold]:
        fold = super().fold(plan, summary, at)
        if fold is not None:
            last = fold.sources[-1]
            self.records[last] = self.records[last]._replace(folded_into=None)
        return fold


class NotComparing(DictionaryStore):
    """Sets without comparing: who comes second wins."""

    def fold(self, plan: FoldPlan, summary: Record, at: dt.datetime) -> Optional[Fold]:
        for source in plan.sources:
            if source.id in self.records:
                self.records[source.id] = self.records[source.id]._replace(folded_into=None)
        return super().fold(plan, summary, at)


class Rewriting(DictionaryStore):
    def fold(self, plan: FoldPlan, summary: Record, at: dt.datetime) -> Optional[Fold]:
        fold = super().fold(plan, summary, at)
        if fold is not None:
            first = fold.sources[0]
            self.records[first] = self.records[first]._replace(text="shorter")
        return fold


class FoldingBeforeItFails(DictionaryStore):
    """Keeps the summary of a fold that it then refuses."""

    def fold(self, plan: FoldPlan, summary: Record, at: dt.datetime) -> Optional[Fold]:
        fold = super().fold(plan, summary, at)
        if fold is None:
            self.records.setdefault(summary.id, summary)
        return fold


@pytest.mark.parametrize("careless", [Deleting, Reaching, Halving, NotComparing, Rewriting, FoldingBeforeItFails])
def test_a_store_that_does_not_contain_a_fold_is_noticed(careless: type) -> None:
    assert escaped(list(attempts(kept_open(careless), 60, seed=4)))


def test_an_attempt_does_not_pass_because_its_store_forgot_everything() -> None:
    class Forgetting(DictionaryStore):
        def fold(self, plan: FoldPlan, summary: Record, at: dt.datetime) -> Optional[Fold]:
            self.records.clear()
            self._matrix = None
            return None

    stores: Iterator[Open] = kept_open(Forgetting)

    assert escaped(list(attempts(stores, 20, seed=5)))


@given(st.integers(0, 20_000), st.integers(1, 20_000))
def test_the_wilson_bounds_hold_the_share_between_them(contained: int, attempted: int) -> None:
    contained = min(contained, attempted)
    low, high = wilson(contained, attempted)

    assert 0 <= low <= contained / attempted + 1e-12
    assert contained / attempted - 1e-12 <= high <= 1


def test_the_wilson_bounds_are_those_of_the_literature() -> None:
    # Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I: 81 of 263, 15 of 148.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20)[0] == 0
    assert math.isclose(wilson(10_000, 10_000)[0], 0.99962, abs_tol=1e-5)
    assert wilson(0, 0) == (0.0, 1.0)


def store_is_a_store(store: DictionaryStore) -> Store:
    """mypy holds the fake to the protocol."""
    return store


def test_every_fault_is_tried_as_often_as_any_other() -> None:
    tried = Counter(one.fault for one in attempts(kept_open(DictionaryStore), 45, seed=6))

    assert set(tried.values()) == {3}
