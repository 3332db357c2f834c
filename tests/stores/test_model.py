"""Any sequence of operations leaves a store as the plainest possible model of it says."""

from __future__ import annotations

import itertools
import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Optional

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from runtime.errors import RecordRefused
from runtime.memory.record import WITHDRAWN, Counts, Filter, Fold, Record
from tests.stores.invariants import violations
from tests.stores.places import InMemoryPlace, Place, SqlitePlace, postgres_place
from tests.stores.records import ALL, NOON, a_plan, a_record, a_summary, minutes_after_noon

_WORDS = ("owl", "mouse", "river", "night")
_TAGS = ("red", "big")


class AgainstADictionary(RuleBasedStateMachine):
    """The model: records by id, and folds by their summary."""

    place: Place

    def __init__(self) -> None:
        super().__init__()
        self.machine_place = self.new_place()
        self.store = self.machine_place.open()
        self.records: dict[str, Record] = {}
        self.standing: dict[str, Fold] = {}
        self.offered: list[Record] = []
        self.minutes = itertools.count()

    def new_place(self) -> Place:
        return InMemoryPlace()

    def teardown(self) -> None:
        for store in self.machine_place.opened:
            store.close()

    def live(self) -> list[Record]:
        records = [record for record in self.records.values() if record.folded_into is None]
        return sorted(records, key=lambda record: (record.created, record.id))

    @rule(
        spoken=st.lists(st.tuples(st.lists(st.sampled_from(_WORDS), min_size=1), st.integers(1, 8)), max_size=5),
        tags=st.frozensets(st.sampled_from(_TAGS)),
    )
    def remember(self, spoken: list[tuple[list[str], int]], tags: frozenset[str]) -> None:
        made = [
            a_record(" ".join(words), (1.0, angle), tags=tags, created=minutes_after_noon(next(self.minutes) % 7))
            for words, angle in spoken
        ]
        self.store.remember(made)
        self.offered += made
        self.records.update((record.id, record) for record in made)

    @precondition(lambda self: self.offered)
    @rule(data=st.data(), changed=st.booleans())
    def remember_again(self, data: Any, changed: bool) -> None:
        record = data.draw(st.sampled_from(self.offered))
        if not changed:
            self.store.remember([record, a_record("a new one", (1.0, 1.0))._replace(id=record.id + "-b")][:1])
            return
        with pytest.raises(RecordRefused):
            self.store.remember([a_record("lost with it", (1.0, 0.0)), record._replace(text="else")])

    @precondition(lambda self: self.live())
    @rule(data=st.data(), angle=st.integers(1, 8))
    def fold(self, data: Any, angle: int) -> None:
        sources = data.draw(
            st.lists(st.sampled_from(self.live()), min_size=1, max_size=4, unique_by=lambda one: one.id)
        )
        summary = a_summary(sources, "short", embedding=(1.0, angle))
        fold = self.store.fold(a_plan(sources), summary, minutes_after_noon(next(self.minutes)))
        assert fold is not None
        assert fold.sources == tuple(source.id for source in sources)
        self.stand(fold, summary)

    def stand(self, fold: Fold, summary: Record) -> None:
        self.standing[summary.id] = fold
        self.records[summary.id] = summary
        for source in fold.sources:
            self.records[source] = self.records[source]._replace(folded_into=summary.id)

    @precondition(lambda self: self.standing)
    @rule(data=st.data())
    def fold_again(self, data: Any) -> None:
        fold = data.draw(st.sampled_from(list(self.standing.values())))
        sources = [self.records[source] for source in fold.sources]
        assert self.store.fold(a_plan(sources), a_summary(sources, "other", embedding=(1.0, 1.0)), NOON) == fold

    @precondition(lambda self: self.standing)
    @rule(data=st.data())
    def fold_what_is_cold(self, data: Any) -> None:
        fold = data.draw(st.sampled_from(list(self.standing.values())))
        sources = [self.records[fold.sources[0]], *self.live()[:1]]
        if len(sources) == len(fold.sources) == 1:
            return
        assert self.store.fold(a_plan(sources), a_summary(sources, "no", embedding=(1.0, 1.0)), NOON) is None

    @precondition(lambda self: self.standing)
    @rule(data=st.data())
    def unfold(self, data: Any) -> None:
        summary = data.draw(st.sampled_from(list(self.standing)))
        if self.records[summary].folded_into is not None:
            with pytest.raises(RecordRefused):
                self.store.unfold(summary)
            return
        fold = self.standing.pop(summary)
        assert self.store.unfold(summary) == fold
        del self.records[summary]
        for source in fold.sources:
            self.records[source] = self.records[source]._replace(folded_into=None)

    @precondition(lambda self: self.records)
    @rule(data=st.data())
    def withdraw(self, data: Any) -> None:
        chosen = data.draw(st.lists(st.sampled_from(sorted(self.records)), min_size=1, max_size=3, unique=True))
        live = [name for name in chosen if self.records[name].folded_into is None]
        if any(self.records[name].depth for name in live):
            with pytest.raises(RecordRefused):
                self.store.withdraw(chosen)
            return
        assert self.store.withdraw(chosen) == live
        self.records.update((name, self.records[name]._replace(folded_into=WITHDRAWN)) for name in live)

    @precondition(lambda self: self.records)
    @rule(data=st.data())
    def restore(self, data: Any) -> None:
        chosen = data.draw(st.lists(st.sampled_from(sorted(self.records)), min_size=1, max_size=3, unique=True))
        withdrawn = [name for name in chosen if self.records[name].folded_into == WITHDRAWN]
        assert self.store.restore(chosen) == withdrawn
        self.records.update((name, self.records[name]._replace(folded_into=None)) for name in withdrawn)

    @rule()
    def open_again(self) -> None:
        if self.machine_place.kind != "in-memory":
            self.store.close()
            self.store = self.machine_place.open()

    @rule(
        angle=st.integers(1, 8), most=st.integers(1, 6), tags=st.frozensets(st.sampled_from(_TAGS)), cold=st.booleans()
    )
    def nearest(self, angle: int, most: int, tags: frozenset[str], cold: bool) -> None:
        which = Filter(tags=tags, with_cold=cold)
        expected = sorted((-_cosine(one.embedding, (1.0, angle)), one.id) for one in self.fitting(which))[:most]
        found = self.store.nearest((1.0, float(angle)), most, which)
        assert [one.score for one in found] == pytest.approx([-score for score, _ in expected], abs=1e-6)
        # Which of the nearly equal comes first is a matter of the last digit.
        assert {one.id for one in found if one.score > found[-1].score + 1e-6} <= {name for _, name in expected}

    @rule(word=st.sampled_from(_WORDS), cold=st.booleans())
    def matching(self, word: str, cold: bool) -> None:
        which = Filter(with_cold=cold)
        expected = {record.id for record in self.fitting(which) if word in record.text}
        assert {one.id for one in self.store.matching(word, 1000, which)} == expected

    def fitting(self, which: Filter) -> list[Record]:
        records = self.records.values() if which.with_cold else self.live()
        return [record for record in records if which.tags <= record.tags]

    @invariant()
    def every_record_is_as_the_model_says(self) -> None:
        found = {record.id: record for record in self.store.get(list(self.records))}
        assert found.keys() == self.records.keys()
        for name, record in self.records.items():
            assert found[name]._replace(embedding=()) == record._replace(embedding=())
        live = len(self.live())
        assert self.store.counts() == Counts(live, len(self.records) - live, len(self.standing))
        assert [record.id for record in self.store.oldest(10**6)] == [record.id for record in self.live()]
        assert set(self.store.folds()) == set(self.standing.values())

    @invariant()
    def the_invariants_hold(self) -> None:
        assert violations(self.store, list(self.records)) == []
        assert len(self.store.oldest(10**6, ALL)) == len(self.records)


def _cosine(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return sum(a * b for a, b in zip(one, other)) / math.hypot(*one) / math.hypot(*other)


def _run(machine: type[AgainstADictionary], examples: int, phases: Sequence[Phase] = tuple(Phase)) -> None:
    few = settings(
        phases=phases,
        max_examples=examples,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=few)


def test_the_store_in_memory_does_as_a_dictionary_would() -> None:
    _run(AgainstADictionary, 150)


def test_the_store_in_sqlite_does_as_a_dictionary_would() -> None:
    with tempfile.TemporaryDirectory() as folder:
        names = itertools.count()

        class InSqlite(AgainstADictionary):
            def new_place(self) -> Place:
                return SqlitePlace(Path(folder) / f"{next(names)}.db")

        _run(InSqlite, 60)


def test_the_store_in_postgres_does_as_a_dictionary_would(postgres_url: str) -> None:
    class InPostgres(AgainstADictionary):
        def new_place(self) -> Place:
            return postgres_place(postgres_url)

    _run(InPostgres, 20)


def test_the_model_notices_a_store_that_loses_a_source() -> None:
    class Losing(AgainstADictionary):
        def stand(self, fold: Fold, summary: Record) -> None:
            super().stand(fold, summary)
            self.lose(fold.sources[0])

        def lose(self, source: Optional[str]) -> None:
            entries = self.store._entries  # type: ignore[attr-defined]
            entries.pop(source)

    with pytest.raises((AssertionError, KeyError)):
        _run(Losing, 30, [Phase.generate])  # that it fails is enough: nobody reads the smallest way to
