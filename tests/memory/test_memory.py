"""The memory as a service uses it: what it is given it keeps, what makes no sense it refuses, from any thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import ConfigurationFault, QueryRefused, RecordRefused
from runtime.memory.embedding import HashedNgrams
from runtime.memory.grouping import FoldPolicy
from runtime.memory.memory import Memory
from runtime.memory.record import Counts, Filter
from runtime.memory.stores.in_memory import InMemoryStore
from runtime.memory.stores.sqlite import SqliteStore
from runtime.telemetry.events import MemoryFolded, MemoryRemembered, MemorySized
from tests.memory.fakes import DAY, EMBEDDER, START, DictionaryStore, Notebook, record
from tests.memory.invariants import violations

NOW = START + 100 * DAY


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    made = Memory(SqliteStore(tmp_path / "memory.db"), EMBEDDER, now=lambda: NOW)
    yield made
    made.close()


def test_what_is_remembered_is_recalled_with_all_that_was_said_of_it(memory: Memory) -> None:
    ids = memory.remember(
        ["the lantern was repaired", "the ledger was closed"], tags=["work"], lane="candidate", importance=0.7
    )

    best, other = memory.recall("who repaired the lantern")

    assert [best.record.id, other.record.id] == ids
    assert best.score > other.score
    assert best.record.text == "the lantern was repaired"
    assert (best.record.tags, best.record.lane, best.record.importance) == (frozenset({"work"}), "candidate", 0.7)
    assert best.record.created == NOW


def test_it_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    first = Memory(SqliteStore(tmp_path / "memory.db"), EMBEDDER)
    first.remember(["the lantern was repaired"])
    first.close()

    second = Memory(SqliteStore(tmp_path / "memory.db"), EMBEDDER)
    assert [one.record.text for one in second.recall("lantern")] == ["the lantern was repaired"]
    second.close()


def test_what_is_remembered_together_keeps_its_order(memory: Memory) -> None:
    ids = memory.remember([f"line {number}" for number in range(50)])

    oldest = memory.store.oldest(50)
    assert [one.id for one in oldest] == ids
    assert len({one.created for one in oldest}) == 50


def test_the_same_text_again_is_another_record_and_takes_nothing_away(memory: Memory) -> None:
    first = memory.remember(["the lantern was repaired"])
    second = memory.remember(["the lantern was repaired"])

    assert first != second
    assert memory.sizes() == Counts(2, 0, 0)


def test_records_are_kept_as_they_are_and_get_an_embedding_where_they_have_none(memory: Memory) -> None:
    own = record("mine", "the lantern", days=3)
    bare = own._replace(id="bare", embedding=())

    assert memory.remember([own, bare, "and a text"])[:2] == ["mine", "bare"]
    kept, embedded = memory.store.get(["mine", "bare"])
    assert kept.created == own.created
    assert embedded.embedding == kept.embedding


def test_nothing_to_remember_is_nothing_done() -> None:
    heard = Notebook()
    memory = Memory(DictionaryStore(), EMBEDDER, observe=heard)

    assert memory.remember([]) == []
    assert heard.events == []


def test_an_empty_memory_recalls_nothing(memory: Memory) -> None:
    assert memory.recall("anything") == []


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ("one text", "give a list of texts"),
        (b"bytes", "give a list of texts"),
        ([b"bytes"], "text 0 is of type bytes: give a str"),
        (["good", None], "text 1 is of type NoneType"),
        (["good", 7], "text 1 is of type int"),
        (["good", ""], "text 1 is empty"),
        (["good", " \n\t"], "text 1 is empty"),
        (["good", "x" * 10_000_000], "text 1 has 10,000,000 characters: split it"),
        (["good", "half \ud800"], "text 1 holds half a surrogate pair"),
        (["good", "a\0b"], "NUL"),
        (["good", record("r", "x")._replace(text="")], "text 1 is empty"),
        (["good", record("r", "x")._replace(embedding=(float("nan"),) * 384)], "nan"),
        (["good", record("r", "x")._replace(embedding=(float("inf"),) * 384)], "inf"),
        (["good", record("r", "x")._replace(embedding=(0.5, 0.5))], "2 dimensions"),
        (["good", record("r", "x")._replace(embedding=(0.0,) * 384)], "all zeros"),
        (["good", record("r", "x")._replace(created=START.replace(tzinfo=None))], "time zone"),
        (["good", record("r", "x")._replace(importance=7.0)], "importance is 7.0"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_of_the_call_is_kept(memory: Memory, texts: Any, says: str) -> None:
    memory.remember(["what was there before"])

    with pytest.raises(RecordRefused, match=says):
        memory.remember(texts)

    assert [one.record.text for one in memory.recall("before")] == ["what was there before"]
    assert memory.sizes() == Counts(1, 0, 0)


@pytest.mark.parametrize(
    ("cue", "most", "says"),
    [
        ("", None, "the cue is empty"),
        ("  ", None, "the cue is empty"),
        ("x" * 10_000_000, None, "a cue of 10,000,000 characters"),
        ("half \udfff", None, "half a surrogate pair"),
        (b"bytes", None, "a cue of type bytes"),
        (None, None, "a cue of type NoneType"),
        ("lantern", -1, "at most -1 records"),
        ("lantern", 2.5, "at most 2.5 records"),
        ("lantern", True, "at most True records"),
    ],
)
def test_a_cue_that_cannot_be_asked_is_refused(memory: Memory, cue: Any, most: Any, says: str) -> None:
    with pytest.raises(QueryRefused, match=says):
        memory.recall(cue, most)


@given(cue=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).filter(str.strip))
@settings(max_examples=80)
def test_any_text_at_all_can_be_asked_and_nothing_in_it_is_read_as_syntax(cue: str) -> None:
    memory = Memory(SEVERAL, EMBEDDER, fold_every=0)

    assert {one.record.id for one in memory.recall(cue)} == {"a", "b", "c"}


SEVERAL = InMemoryStore(EMBEDDER.dimension)
SEVERAL.remember([record("a", "violin"), record("b", 'NEAR("x" OR *)'), record("c", "記憶")])


@pytest.mark.parametrize("wrong", [0, 2])
def test_an_embedder_that_gives_too_few_or_too_many_is_named(wrong: int) -> None:
    class Miscounting(HashedNgrams):
        def embed(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
            return super().embed(["x"]) * wrong

    memory = Memory(DictionaryStore(), Miscounting())

    with pytest.raises(ConfigurationFault, match=f"Miscounting gave {wrong} embeddings for 1 texts"):
        memory.remember(["a text"])
    assert memory.sizes() == Counts(0, 0, 0)


def test_the_observer_hears_what_was_remembered_folded_and_how_much_there_is() -> None:
    heard = Notebook()
    policy = FoldPolicy(most_ratio=1.0, floor=0.0, cool_down=0.0)
    memory = Memory(DictionaryStore(), EMBEDDER, fold_policy=policy, observe=heard, clock=lambda: 3.0, now=lambda: NOW)

    memory.remember([record(f"r{at}", f"the lantern was repaired {at}", days=at) for at in range(4)])
    fold = memory.fold()
    assert fold is not None
    memory.unfold(fold.summary)

    assert heard.events == [
        MemoryRemembered("fake", 4, 0.0),
        MemorySized("fake", 4, 0),
        MemoryFolded("fake", "folded", 4, 0.0, None),
        MemorySized("fake", 1, 4),
        MemorySized("fake", 4, 0),
    ]
    memory.close()


def test_a_memory_that_is_folded_recalls_the_summary_and_the_sources_where_they_are_asked_for(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "memory.db")
    memory = Memory(store, EMBEDDER, fold_policy=FoldPolicy(most_ratio=1.0), now=lambda: NOW)
    memory.remember([record(f"r{at}", f"the lantern was repaired, invoice {at}", days=at) for at in range(4)])
    fold = memory.fold()
    assert fold is not None

    assert [one.record.id for one in memory.recall("lantern invoice")] == [fold.summary]
    with_cold = {one.record.id for one in memory.recall("lantern invoice", which=Filter(with_cold=True))}
    assert with_cold == {fold.summary, "r0", "r1", "r2", "r3"}
    assert memory.unfold(fold.summary) is not None
    assert memory.unfold(fold.summary) is None
    assert {one.record.id for one in memory.recall("lantern invoice")} == {"r0", "r1", "r2", "r3"}
    memory.close()


def test_many_threads_remember_recall_and_fold_and_nothing_is_lost(tmp_path: Path) -> None:
    policy = FoldPolicy(min_age=DAY, most_ratio=0.5, cool_down=0.0, floor=0.0)
    memory = Memory(SqliteStore(tmp_path / "memory.db"), EMBEDDER, fold_policy=policy, fold_every=5, now=lambda: NOW)
    acknowledged: list[str] = []
    failures: list[BaseException] = []

    def work(worker: int) -> None:
        try:
            for turn in range(8):
                made = [
                    record(f"w{worker}t{turn}n{number}", f"the lantern was repaired {number}", days=number)
                    for number in range(5)
                ]
                acknowledged.extend(memory.remember(made))
                assert memory.recall("lantern", 3)
                if turn % 3 == 0:
                    memory.fold()
        except BaseException as failure:
            failures.append(failure)
            raise

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert memory.background.settle(20)

    assert failures == []
    assert memory.background.failures == 0
    assert memory.sizes().folds > 0
    before = {one.id: one._replace(folded_into=None) for one in memory.store.get(acknowledged)}
    assert len(before) == 4 * 8 * 5
    assert violations(memory.store, before) == []
    memory.close()
