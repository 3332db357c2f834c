"""Recall: everything where it is little, else the most relevant; of 10,000 records within 100 ms at the median.

One of the few tests with a clock in its assertion: the seed asks for it.
"""

from __future__ import annotations

import datetime as dt
import random
import statistics
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import ConfigurationFault
from runtime.memory.memory import Memory
from runtime.memory.recall import Answer, Cue, Limits, recall, telling
from runtime.memory.record import EVERYTHING, Filter, Record, Scored
from runtime.memory.scoring import WeightedSum
from runtime.memory.stores.in_memory import InMemoryStore
from runtime.telemetry.events import MemoryRecalled
from tests.memory.fakes import DAY, EMBEDDER, START, DictionaryStore, Notebook, record

WORDS = ["harbour", "ledger", "lantern", "orchid", "glacier", "violin", "compass", "meadow", "anchor", "thunder"]
NOW = START + 400 * DAY


def some_records(count: int, seed: int = 1) -> list[Record]:
    draw = random.Random(seed)
    texts = [" ".join(draw.choices(WORDS, k=5)) + f" {number}" for number in range(count)]
    return [record(f"r{number:05}", text, days=number / 100) for number, text in enumerate(texts)]


def asked(text: str) -> Cue:
    return Cue(text, EMBEDDER.embed([text])[0], NOW)


class SimilarityAlone(NamedTuple):
    def score(self, record: Record, similarity: float, lexical: float, now: dt.datetime) -> float:
        return similarity


def answer(
    store: DictionaryStore, text: str, most: Optional[int], limits: Limits, which: Filter = EVERYTHING
) -> Answer:
    return recall(store, WeightedSum(), asked(text), most, which, limits)


def test_the_median_recall_of_10_000_records_takes_at_most_100_ms() -> None:
    memory = Memory(DictionaryStore(some_records(10_000)), EMBEDDER, fold_every=0, fold_above=None)
    memory.recall("warm up", 5)

    # Whatever else the machine does can only make it slower: the quietest of a few rounds says most.
    assert min(median_recall(memory) for _ in range(3)) <= 0.100


def test_a_store_that_takes_its_time_is_found_over_the_100_ms() -> None:
    class Slow(DictionaryStore):
        def nearest(self, embedding: Sequence[float], most: int, which: Filter = EVERYTHING) -> list[Scored]:
            time.sleep(0.101)
            return super().nearest(embedding, most, which)

    memory = Memory(Slow(some_records(20)), EMBEDDER, fold_every=0, fold_above=None)

    assert median_recall(memory, times=3) > 0.100


def median_recall(memory: Memory, times: int = 21) -> float:
    seconds = []
    for number in range(times):
        began = time.perf_counter()
        found = memory.recall(f"{WORDS[number % 10]} {number}", 10)
        seconds.append(time.perf_counter() - began)
        assert len(found) == 10
    return statistics.median(seconds)


def test_everything_comes_back_where_it_is_little() -> None:
    store = DictionaryStore(some_records(20))

    found = answer(store, "violin", None, Limits(context_limit=20, kmax=20))

    assert found.route == "everything"
    assert {one.record.id for one in found.recalled} == set(store.records)


@pytest.mark.parametrize(
    ("limits", "because"),
    [
        (Limits(context_limit=19, kmax=20), "there are more live records than the context takes"),
        (Limits(context_limit=20, kmax=19), "there are more candidates than kmax"),
    ],
)
def test_past_either_limit_the_most_relevant_are_chosen(limits: Limits, because: str) -> None:
    store = DictionaryStore(some_records(20))

    found = answer(store, "violin", 5, limits)

    assert found.route == "fused", because
    assert len(found.recalled) == 5


@given(
    count=st.integers(0, 60),
    context_limit=st.integers(0, 60),
    kmax=st.integers(1, 60),
    most=st.none() | st.integers(0, 80),
)
@settings(max_examples=60)
def test_never_more_than_was_asked_for_nor_than_kmax_and_always_that_many(
    count: int, context_limit: int, kmax: int, most: Optional[int]
) -> None:
    store = DictionaryStore(some_records(count))

    found = answer(store, "violin", most, Limits(context_limit, kmax))

    wanted = kmax if most is None else min(most, kmax)
    assert len(found.recalled) == min(wanted, count)
    # Neither is the store ever asked for all it has: at 10,000,000 records that alone would be the budget.
    assert all(asked <= kmax + 1 for asked in store.asked_for)


@given(seed=st.integers(0, 1_000), most=st.integers(1, 12))
@settings(max_examples=30)
def test_the_top_k_by_similarity_are_the_top_k_by_looking_at_each(seed: int, most: int) -> None:
    records = some_records(50, seed)
    cue = asked(records[seed % 50].text)

    found = recall(DictionaryStore(records), SimilarityAlone(), cue, most, EVERYTHING, Limits(context_limit=0))

    by_hand = {one.id: round(sum(a * b for a, b in zip(one.embedding, cue.embedding)), 5) for one in records}
    best = sorted(by_hand.values(), reverse=True)[:most]
    assert [by_hand[one.record.id] for one in found.recalled] == pytest.approx(best, abs=2e-5)


def test_what_shares_a_rare_word_is_found_where_similarity_alone_looks_elsewhere() -> None:
    alike = [record(f"near{number}", f"serial numbers of pumps, batch {number}") for number in range(50)]
    exact = record("exact", " ".join(WORDS) + ", and among all of this, once, the code ZX81")
    store = InMemoryStore(EMBEDDER.dimension)
    store.remember([*alike, exact])
    cue = "which serial numbers of pumps have ZX81"
    assert "exact" not in {one.id for one in store.nearest(asked(cue).embedding, 3)}

    found = recall(store, WeightedSum(), asked(cue), 3, EVERYTHING, Limits(context_limit=0, kmax=3))

    assert "exact" in {one.record.id for one in found.recalled}


def test_what_only_shares_words_is_as_similar_as_it_is() -> None:
    """Similarity did not bring it, so its similarity must be worked out."""

    class MatchingOne(DictionaryStore):
        def matching(self, text: str, most: int, which: Filter = EVERYTHING) -> list[Scored]:
            return [Scored("r00007", 1.0)]

    store = MatchingOne(some_records(20))
    cue = asked("violin")
    similar = {one.id: one.score for one in store.nearest(cue.embedding, 20)}

    found = recall(store, SimilarityAlone(), cue, 20, EVERYTHING, Limits(context_limit=0, breadth=0, fewest=1))

    assert len(found.recalled) == 2
    assert found.recalled[1].record.id == "r00007"
    assert found.recalled[1].score == pytest.approx(similar["r00007"], abs=2e-6)


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (Filter(tags=frozenset({"a"})), {"one", "both"}),
        (Filter(tags=frozenset({"a", "b"})), {"both"}),
        (Filter(lane="candidate"), {"both"}),
        (Filter(since=START + 5 * DAY), {"both", "other"}),
        (Filter(until=START + 5 * DAY), {"one"}),
        (Filter(tags=frozenset({"nobody"})), set()),
    ],
)
@pytest.mark.parametrize("context_limit", [0, 100])
def test_filters_hold_by_every_route(which: Filter, expected: set[str], context_limit: int) -> None:
    store = DictionaryStore(
        [
            record("one", "violin one", days=1, tags=["a"]),
            record("both", "violin both", days=9, tags=["a", "b"], lane="candidate"),
            record("other", "violin other", days=5, tags=["b"]),
        ]
    )

    found = answer(store, "violin", 10, Limits(context_limit), which)

    assert {one.record.id for one in found.recalled} == expected


def test_a_filter_finds_its_few_records_among_many_that_match_better() -> None:
    many = [record(f"m{number:03}", f"violin {number}") for number in range(300)]
    store = DictionaryStore([*many, record("tagged", "an entirely different matter", tags=["rare"])])

    found = answer(store, "violin", 3, Limits(context_limit=0, kmax=5), Filter(tags=frozenset({"rare"})))

    assert [one.record.id for one in found.recalled] == ["tagged"]


@pytest.mark.parametrize("context_limit", [0, 100])
def test_equal_records_come_back_in_the_order_of_their_ids(context_limit: int) -> None:
    class Unordered(DictionaryStore):
        def get(self, ids: Sequence[str]) -> list[Record]:
            return super().get(ids)[::-1]

    names = ["c", "a", "e", "b", "d"]
    store = Unordered([record(name, "the same text") for name in names])

    found = answer(store, "the same text", 5, Limits(context_limit))

    assert [one.record.id for one in found.recalled] == sorted(names)


def test_of_records_that_match_alike_the_newer_and_the_more_important_come_first() -> None:
    old = record("a", "violin", days=0)
    new = record("b", "violin", days=399)
    weighty = record("c", "violin", days=0, importance=1.0)

    found = answer(DictionaryStore([old, new, weighty]), "violin", 3, Limits())

    assert [one.record.id for one in found.recalled] == ["b", "c", "a"]


def test_neither_age_nor_importance_lifts_what_does_not_match() -> None:
    matching = record("old", "violin lessons on Tuesday", importance=0.0)
    fresh = [record(f"new{number}", "quarterly ledger closed", days=400, importance=1.0) for number in range(5)]

    found = answer(DictionaryStore([*fresh, matching]), "violin lessons", 1, Limits())

    assert [one.record.id for one in found.recalled] == ["old"]


def test_a_record_of_the_future_is_as_recent_as_one_of_now() -> None:
    weights = WeightedSum()

    assert weights.score(record("f", "x", days=999), 0.5, 0.5, NOW) == weights.score(
        record("n", "x", 400), 0.5, 0.5, NOW
    )


@pytest.mark.parametrize(
    ("text", "looked_for"),
    [
        ("How is the lantern?", "lantern"),
        ("what IS this", "what IS this"),
        ("", ""),
        ("¿dónde está?", "dónde está"),
        ("C++ and Go", "c go"),
    ],
)
def test_words_that_stand_in_every_text_are_not_looked_for(text: str, looked_for: str) -> None:
    assert telling(text) == looked_for


class ByTable(NamedTuple):
    scores: Mapping[str, float]

    def score(self, record: Record, similarity: float, lexical: float, now: dt.datetime) -> float:
        return self.scores[record.id]


def test_the_relevance_hook_has_the_last_word() -> None:
    store = DictionaryStore([record("a", "violin"), record("b", "ledger"), record("c", "orchid")])

    found = recall(store, ByTable({"a": 1, "b": 3, "c": 2}), asked("violin"), 3, EVERYTHING, Limits())

    assert [(one.record.id, one.score) for one in found.recalled] == [("b", 3), ("c", 2), ("a", 1)]


def test_a_relevance_hook_that_gives_no_number_is_named_with_the_record() -> None:
    store = DictionaryStore([record("a", "violin")])

    with pytest.raises(ConfigurationFault, match="ByTable scored record 'a' as nan"):
        recall(store, ByTable({"a": float("nan")}), asked("violin"), 3, EVERYTHING, Limits())


def test_the_observer_hears_by_which_route_and_from_how_many() -> None:
    heard = Notebook()
    store = DictionaryStore(some_records(40))
    memory = Memory(store, EMBEDDER, limits=Limits(context_limit=39), observe=heard, clock=lambda: 7.0)

    memory.recall("violin", 2)
    memory.recall("nothing that any of them says", 2)

    fused, exact = heard.heard(MemoryRecalled)
    assert fused == MemoryRecalled("fake", "fused", fused.candidates, 2, 0.0)  # type: ignore[union-attr]
    assert 32 <= fused.candidates <= 40  # type: ignore[union-attr]
    assert exact == MemoryRecalled("fake", "exact", 32, 2, 0.0)
    memory.close()


def test_a_store_that_answers_by_an_approximate_index_is_said_to() -> None:
    class Approximating(DictionaryStore):
        approximate = True

    assert answer(Approximating(some_records(9)), "violin", 2, Limits(context_limit=0)).route == "approximate"
    assert answer(Approximating(some_records(9)), "violin", 2, Limits()).route == "everything"


def test_what_is_folded_away_comes_back_only_where_it_is_asked_for() -> None:
    store = DictionaryStore([record("live", "violin a"), record("cold", "violin b")._replace(folded_into="live")])

    def ids(which: Filter) -> list[str]:
        return [one.record.id for one in answer(store, "violin", 5, Limits(), which).recalled]

    assert ids(EVERYTHING) == ["live"]
    assert sorted(ids(Filter(with_cold=True))) == ["cold", "live"]
