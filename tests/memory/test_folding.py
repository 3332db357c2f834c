"""A fold: what its summary is, when it is given up, and that nothing changes where it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Optional

import pytest

from runtime.memory.folding import Folder, retained, summary_of
from runtime.memory.grouping import FoldPolicy, plan, planned
from runtime.memory.ids import new_id
from runtime.memory.record import Fold, FoldPlan, Record
from runtime.memory.store import Store
from runtime.memory.stores.in_memory import InMemoryStore
from runtime.memory.stores.sqlite import SqliteStore
from runtime.memory.summary import Excerpts, Summariser
from runtime.telemetry.events import MemoryFolded, Observer, ignore
from tests.memory.fakes import (
    DAY,
    EMBEDDER,
    START,
    DictionaryStore,
    Failing,
    Meddling,
    Notebook,
    Saying,
    StoreThatIsGone,
    StoreThatLosesAnswers,
    record,
)
from tests.memory.invariants import violations

NOW = START + 100 * DAY
POLICY = FoldPolicy(most_ratio=1.0, cool_down=0.0, floor=0.5)


def diary() -> list[Record]:
    return [record(f"d{at}", f"the lantern was repaired, invoice {at}", days=at) for at in range(4)]


def folder_of(
    store: Store, summariser: Optional[Summariser] = None, heard: Observer = ignore, policy: FoldPolicy = POLICY
) -> Folder:
    return Folder(store, EMBEDDER, summariser or Excerpts(), new_id, policy, heard, clock=lambda: 0.0)


@pytest.fixture(params=["dictionary", "in memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    makers: dict[str, Callable[[], Store]] = {
        "dictionary": DictionaryStore,
        "in memory": lambda: InMemoryStore(EMBEDDER.dimension),
        "sqlite": lambda: SqliteStore(tmp_path / "memory.db"),
    }
    made = makers[request.param]()
    made.remember(diary())
    yield made
    made.close()


def kept(store: Store) -> dict[str, Record]:
    return {one.id: one for one in store.get([one.id for one in diary()])}


def test_the_sources_are_cold_the_summary_is_live_and_each_knows_the_other(store: Store) -> None:
    before = kept(store)

    [fold] = folder_of(store).run(NOW).folds

    assert set(fold.sources) == set(before)
    assert store.counts() == (1, 4, 1)
    assert violations(store, before) == []
    [summary] = store.get([fold.summary])
    assert (summary.depth, summary.lane, summary.folded_into) == (1, "production", None)


def test_a_second_run_finds_nothing_to_do(store: Store) -> None:
    folder = folder_of(store)
    assert len(folder.run(NOW).folds) == 1

    assert folder.run(NOW) == ([], 0, 0)
    assert store.counts() == (1, 4, 1)


def test_unfolded_everything_is_as_it_was_and_can_be_folded_again(store: Store) -> None:
    before = kept(store)
    [fold] = folder_of(store).run(NOW).folds

    undone = store.unfold(fold.summary)
    assert undone is not None
    assert undone.key == fold.key
    assert kept(store) == before
    assert store.counts() == (4, 0, 0)
    assert len(folder_of(store).run(NOW).folds) == 1


@pytest.mark.parametrize(
    ("summariser", "reason"),
    [
        (Failing(RuntimeError("out of tokens")), "RuntimeError: out of tokens"),
        (Saying(""), "Saying gave no text"),
        (Saying("  \n"), "Saying gave no text"),
        (Saying(None), "Saying gave no text"),
        (Saying(b"bytes"), "Saying gave no text"),
    ],
)
def test_a_summariser_that_fails_changes_nothing(store: Store, summariser: Summariser, reason: str) -> None:
    before, heard = kept(store), Notebook()

    run = folder_of(store, summariser, heard).run(NOW)

    assert run == ([], 0, 1)
    assert kept(store) == before
    assert store.counts() == (4, 0, 0)
    assert heard.events == [MemoryFolded(store.name, "failed", 4, 0.0, reason)]


def test_a_summary_that_a_real_store_cannot_keep_changes_nothing(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "memory.db")
    store.remember(diary())
    before = kept(store)

    assert folder_of(store, Saying("half a pair \ud800")).run(NOW).failed == 1
    assert folder_of(store, Saying("x" * 10_000_000)).run(NOW).failed == 1
    assert kept(store) == before
    store.close()


def test_a_source_that_somebody_folds_meanwhile_is_left_to_them(store: Store) -> None:
    before, heard = kept(store), Notebook()

    def overtake(sources: Sequence[Record]) -> None:
        folder_of(store).fold(planned(sources[:3]), NOW)

    run = folder_of(store, Meddling(overtake), heard).run(NOW)

    assert run == ([], 1, 0)
    assert heard.events == [MemoryFolded(store.name, "abandoned", 4, 0.0, "a source is live no more")]
    assert store.counts() == (2, 3, 1)
    assert violations(store, before) == []


def test_the_same_plan_that_somebody_carries_out_meanwhile_is_one_fold(store: Store) -> None:
    heard = Notebook()

    def overtake(sources: Sequence[Record]) -> None:
        folder_of(store).fold(planned(sources), NOW)

    run = folder_of(store, Meddling(overtake), heard).run(NOW)

    assert run == ([], 0, 0)
    assert [event.outcome for event in heard.events if isinstance(event, MemoryFolded)] == ["repeated"]
    assert store.counts() == (1, 4, 1)


def test_where_only_the_answer_was_lost_the_fold_stands_and_is_said_to() -> None:
    store = StoreThatLosesAnswers(diary())

    [fold] = folder_of(store).run(NOW).folds

    assert store.folds() == [fold]
    assert store.calls.count("fold") == 2


def test_a_store_that_cannot_fold_is_a_failure_of_each_fold_and_no_crash() -> None:
    heard = Notebook()
    store = StoreThatIsGone(diary())

    assert folder_of(store, heard=heard).run(NOW) == ([], 0, 1)
    assert heard.events == [MemoryFolded("fake", "failed", 4, 0.0, "StoreFault: the disk is full")]


def crowded() -> DictionaryStore:
    """Four records to fold, and close to each of them ten others, each nearer than any summary could be."""
    crowd = [
        record(f"c{at}-{copy:02}", one.text, days=95 + copy / 100, importance=0.95)
        for at, one in enumerate(diary())
        for copy in range(10)
    ]
    return DictionaryStore([*diary(), *crowd])


def test_a_summary_that_its_sources_would_not_find_is_given_up_before_it_is_kept() -> None:
    store, heard = crowded(), Notebook()
    before = dict(store.records)

    run = folder_of(store, heard=heard, policy=POLICY._replace(floor=0.9, top=10)).run(NOW)

    assert run == ([], 1, 0)
    assert store.records == before
    assert "fold" not in store.calls
    [event] = heard.heard(MemoryFolded)
    assert event == MemoryFolded("fake", "abandoned", 4, 0.0, "0% of the sources would find it, 90% must")


def test_what_was_given_up_is_not_summarised_again_and_again() -> None:
    asked: list[Sequence[Record]] = []
    folder = folder_of(crowded(), Meddling(asked.append), policy=POLICY._replace(floor=0.9))

    for _ in range(3):
        folder.run(NOW)

    assert len(asked) == 1


def test_what_was_measured_before_is_what_a_recall_finds_after() -> None:
    """The measure asks a store that still holds the sources; folded for real, it must give the same ranks."""
    noise = [record(f"n{at}", f"the ledger of branch {at} was closed", days=90) for at in range(30)]
    store = DictionaryStore([*diary(), *noise])
    summary = summary_of(diary(), Excerpts().summarise(diary()), "summary")

    for top in (1, 2, 3, 10):
        before = retained(store, EMBEDDER, diary(), summary, top)
        after = DictionaryStore(list(store.records.values()))
        after.fold(planned(diary()), summary, NOW)
        found = [[one.id for one in after.nearest(cue.embedding, top)] for cue in diary()]
        assert before == sum("summary" in ids for ids in found) / 4


def test_an_embedder_that_gives_no_numbers_measures_nothing() -> None:
    class Blank:
        dimension = EMBEDDER.dimension

        def embed(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
            return [(math.nan,) * self.dimension for _ in texts]

    store = DictionaryStore(diary())
    folder = Folder(store, Blank(), Excerpts(), new_id, POLICY)

    assert folder.run(NOW) == ([], 1, 0)
    assert store.counts().folds == 0


def test_no_summary_is_deeper_than_it_may_be_however_often_it_folds() -> None:
    store = DictionaryStore(
        [record(f"d{at:03}", f"the lantern was repaired {at % 7}", days=at / 10) for at in range(200)]
    )
    before = dict(store.records)
    folder = folder_of(store, policy=POLICY._replace(max_depth=2, floor=0.0))

    for month in range(12):
        folder.run(NOW + 2 * month * DAY)

    depths = [one.depth for one in store.records.values()]
    assert max(depths) == 2
    assert violations(store, before) == []


def test_a_run_never_folds_a_summary_that_it_made_itself() -> None:
    store = DictionaryStore(
        [record(f"d{at:03}", f"the lantern was repaired {at % 7}", days=at / 10) for at in range(200)]
    )

    run = folder_of(store).run(NOW)

    made = {fold.summary for fold in run.folds}
    assert len(made) > 3
    assert made.isdisjoint(source for fold in run.folds for source in fold.sources)


def test_a_run_stops_when_it_is_told_to_and_after_as_many_as_were_asked_for() -> None:
    def many() -> DictionaryStore:
        return DictionaryStore(
            [record(f"d{at:03}", f"the lantern was repaired {at}", days=at / 10) for at in range(60)]
        )

    left = iter([False, False, True])

    assert len(folder_of(many()).run(NOW, stop=lambda: next(left)).folds) == 2
    assert len(folder_of(many()).run(NOW, most=1).folds) == 1


def test_a_summary_stands_in_the_middle_of_its_sources_and_carries_what_they_share() -> None:
    sources = [
        record("a", "violin", days=1, tags=["x", "y"], lane="candidate", importance=0.2),
        record("b", "ledger", days=5, tags=["x"], lane="candidate", importance=0.8, depth=1),
    ]

    summary = summary_of(sources, "text", "s")

    assert (summary.created, summary.tags, summary.lane) == (START + 5 * DAY, frozenset({"x"}), "candidate")
    assert (summary.importance, summary.depth, summary.text) == (0.8, 2, "text")
    assert math.hypot(*summary.embedding) == pytest.approx(1)
    cosines = [sum(a * b for a, b in zip(summary.embedding, one.embedding)) for one in sources]
    assert cosines[0] == pytest.approx(cosines[1])


def test_sources_that_cancel_each_other_still_have_a_summary() -> None:
    one = record("a", "violin")
    other = one._replace(id="b", embedding=tuple(-value for value in one.embedding))

    assert math.hypot(*summary_of([one, other], "t", "s").embedding) == pytest.approx(1)


def test_folded_in_two_places_at_once_every_source_is_folded_once(tmp_path: Path) -> None:
    """Two folders with connections of their own, each of which has planned before the other commits."""
    path = tmp_path / "memory.db"
    first, second = SqliteStore(path), SqliteStore(path)
    first.remember(diary())
    before = kept(first)
    plans: list[FoldPlan] = [*plan(first, POLICY, NOW).plans, *plan(second, POLICY, NOW).plans]
    assert len({one.key for one in plans}) == 1

    folds: list[Fold] = [
        ending.fold
        for ending in (folder_of(first).fold(plans[0], NOW), folder_of(second).fold(plans[1], NOW))
        if ending.fold
    ]

    assert folds[0] == folds[1]
    assert violations(second, before) == []
    first.close()
    second.close()
