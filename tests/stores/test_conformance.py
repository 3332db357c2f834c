"""What every store promises, the same for the three of them."""

from __future__ import annotations

import datetime as dt
import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from runtime.errors import ConfigurationFault, RecordRefused, StoreFault
from runtime.memory.record import WITHDRAWN, Counts, Filter, Fold, Lineage
from runtime.memory.store import Store
from runtime.memory.stores.words import COMMON
from tests.stores.invariants import violations
from tests.stores.places import Place
from tests.stores.records import ALL, NOON, a_plan, a_record, a_summary, minutes_after_noon


def test_a_record_comes_back_as_it_was_with_an_embedding_of_unit_length(store: Store) -> None:
    kept = a_record(
        "Grüße, 世界\n", (3, 0, 4, 0), tags=frozenset({"a", 'b"\n,c'}), lane="candidate", importance=0.25, depth=3
    )

    store.remember([kept])

    (back,) = store.get([kept.id])
    assert back._replace(embedding=()) == kept._replace(embedding=())
    assert back.embedding == pytest.approx((0.6, 0.0, 0.8, 0.0))
    assert store.dimension == 4


def test_a_time_of_another_zone_is_the_same_moment(store: Store) -> None:
    there = dt.datetime(1969, 12, 31, 23, 59, 59, 123456, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30)))
    kept = a_record(created=there)

    store.remember([kept])

    assert store.get([kept.id])[0].created == there


def test_an_empty_store_answers_with_nothing(store: Store) -> None:
    store.remember([])

    assert store.get(["nobody"]) == []
    assert store.nearest((1, 0), 5) == []
    assert store.matching("anything", 5) == []
    assert store.oldest(5) == []
    assert store.folds() == []
    assert store.counts() == Counts(0, 0, 0)
    assert store.unfold("nobody") is None
    assert store.lineage("nobody") == Lineage((), None)
    assert store.dimension == 0


def test_records_are_given_in_the_order_in_which_they_are_asked_for(store: Store) -> None:
    first, second = a_record(), a_record()
    store.remember([first, second])

    assert [record.id for record in store.get([second.id, "nobody", first.id, "\ud800", "\0"])] == [second.id, first.id]


def test_more_ids_than_a_statement_takes_are_given(store: Store) -> None:
    records = [a_record(f"number {number}") for number in range(1300)]
    store.remember(records)

    assert [record.id for record in store.get([record.id for record in records])] == [record.id for record in records]


def test_the_same_record_again_changes_nothing(store: Store) -> None:
    kept = a_record(embedding=(0.1, 0.2, 0.3, 0.4))
    store.remember([kept, kept])

    store.remember([kept, a_record()])
    store.remember(store.get([kept.id]))

    assert store.counts() == Counts(2, 0, 0)
    assert violations(store, [kept.id]) == []


@pytest.mark.parametrize(
    "other", [{"text": "else"}, {"embedding": (1.0, 0.0, 0.0, 0.0)}, {"tags": frozenset("x")}, {"importance": 0.9}]
)
def test_an_id_with_other_content_is_refused_with_all_of_its_batch(store: Store, other: dict[str, Any]) -> None:
    kept = a_record()
    store.remember([kept])
    before = store.get([kept.id])

    with pytest.raises(RecordRefused, match=f"{kept.id}: the id is another's"):
        store.remember([a_record(), kept._replace(**other), a_record()])

    assert store.get([kept.id]) == before
    assert store.counts() == Counts(1, 0, 0)


def test_an_id_that_comes_twice_in_a_batch_with_other_content_is_refused(store: Store) -> None:
    one = a_record()

    with pytest.raises(RecordRefused, match="comes twice"):
        store.remember([one, one._replace(text="else")])

    assert store.counts() == Counts(0, 0, 0)


def test_another_dimension_is_refused_and_said(store: Store) -> None:
    store.remember([a_record(embedding=(1, 0, 0))])

    for act in (lambda: store.remember([a_record(embedding=(1, 0))]), lambda: store.nearest((1, 0), 1)):
        with pytest.raises(RecordRefused, match="2 dimensions, the store 3"):
            act()


def test_a_dimension_may_be_decided_when_the_store_is_opened(place: Place) -> None:
    store = place.open(dimension=3)

    assert store.dimension == 3
    with pytest.raises(RecordRefused, match="4 dimensions, the store 3"):
        store.remember([a_record(embedding=(1, 0, 0, 0))])


def test_the_nearest_come_first_and_equals_by_id(store: Store) -> None:
    east, north, between = (a_record(embedding=where) for where in ((1, 0), (0, 1), (1, 1)))
    again = a_record(embedding=(2, 0))
    store.remember([again, between, north, east])

    found = store.nearest((5, 0.001), 3)

    assert [one.id for one in found] == [*sorted([east.id, again.id]), between.id]
    assert [one.score for one in found] == pytest.approx([1.0, 1.0, math.sqrt(0.5)], abs=1e-3)
    assert store.nearest((1, 0), 0) == []
    assert len(store.nearest((-1, 0), 99)) == 4


def test_filters_hold_for_every_way_to_look(store: Store) -> None:
    red = a_record("a word", (1, 0), tags=frozenset({"red", "big"}), created=minutes_after_noon(0))
    blue = a_record("a word", (1, 0), tags=frozenset({"blue", "big"}), created=minutes_after_noon(10))
    other = a_record("a word", (1, 0), lane="candidate", created=minutes_after_noon(20))
    store.remember([red, blue, other])
    expected = [
        (Filter(), {red, blue, other}),
        (Filter(tags=frozenset({"big"})), {red, blue}),
        (Filter(tags=frozenset({"big", "red"})), {red}),
        (Filter(tags=frozenset({"bi"})), set()),
        (Filter(tags=frozenset({"\ud800"})), set()),
        (Filter(lane="candidate"), {other}),
        (Filter(lane="nowhere"), set()),
        (Filter(lane="a\0b"), set()),
        (Filter(since=minutes_after_noon(10)), {blue, other}),
        (Filter(until=minutes_after_noon(10)), {red}),
        (Filter(since=minutes_after_noon(5), until=minutes_after_noon(20), tags=frozenset({"big"})), {blue}),
    ]
    for which, who in expected:
        ids = {record.id for record in who}
        assert {one.id for one in store.nearest((1, 0), 9, which)} == ids, which
        assert {one.id for one in store.matching("word", 9, which)} == ids, which
        assert {record.id for record in store.oldest(9, which)} == ids, which


def test_a_tag_is_found_whole_whatever_is_in_it(store: Store) -> None:
    tags = ['a"', "\n", ",", "a", '"a"', "\\", "x,", "%", "_", "ä"]
    records = {tag: a_record("a word", tags=frozenset({tag, "z"})) for tag in tags}
    store.remember(list(records.values()))

    for tag, record in records.items():
        assert [one.id for one in store.oldest(20, Filter(tags=frozenset({tag})))] == [record.id], repr(tag)
        assert store.get([record.id])[0].tags == {tag, "z"}


def test_a_time_without_a_zone_is_refused_in_a_filter(store: Store) -> None:
    with pytest.raises(RecordRefused, match="time zone"):
        store.oldest(1, Filter(since=dt.datetime(2026, 1, 1)))  # noqa: DTZ001


def test_texts_with_the_words_are_found_the_more_the_better(store: Store) -> None:
    both = a_record("The owl sees the mouse")
    one = a_record("An owl flies at night over the fields")
    none = a_record("Nothing of the kind, bowls and howling")
    store.remember([none, one, both])

    found = store.matching("OWL mouse?", 9)

    assert [record.id for record in found] == [both.id, one.id]
    assert found[0].score > found[1].score > 0
    assert store.matching("owl", 1)[0].id in {both.id, one.id}


def test_accents_and_the_size_of_letters_make_no_difference(store: Store) -> None:
    kept = a_record("Ein Café in GRÖSSE")
    store.remember([kept])

    for text in ("cafe", "CAFÉ", "grosse"):
        assert [one.id for one in store.matching(text, 9)] == [kept.id], text


_ODD = ['"', "'", "(", "{}", ":*", "\\", "%", "\0", "", " ", "?" * 5000, "NOT", "; DROP TABLE records", "1=1 --"]
_ODD += ["owl AND", "NEAR(owl, mouse)", "owl*", "text:owl", "^owl", "-owl", "owl OR OR", "owl&!", "\ud800 owl"]
_ODD += ["owl' | 'mouse"]


def test_a_word_that_nearly_every_text_holds_does_not_hide_a_rarer_one(store: Store) -> None:
    owl = a_record("the owl", (1, 0))
    store.remember([owl, *(a_record(f"the {number}", (1, 0)) for number in range(COMMON + 50))])

    assert [one.id for one in store.matching("the owl", 9)] == [owl.id]
    assert len(store.matching("the", 9)) == 9
    assert [one.id for one in store.matching("the nowhere 77", 9)] == [one.id for one in store.matching("77", 9)]


@pytest.mark.parametrize("text", _ODD)
def test_no_query_language_is_read_in_a_question(store: Store, text: str) -> None:
    owl, other = a_record("the owl"), a_record("and or not near text")
    store.remember([owl, other])

    found = {one.id for one in store.matching(text, 9)}

    assert (owl.id in found) == ("owl" in text)
    assert (other.id in found) == any(word in text for word in ("AND", "OR ", "NOT", "NEAR", "text"))


def test_operators_in_a_question_are_words(store: Store) -> None:
    near, plain = a_record("near the river"), a_record("an owl by the river")
    store.remember([near, plain])

    assert [one.id for one in store.matching("NEAR", 9)] == [near.id]
    assert {one.id for one in store.matching("owl NOT near", 9)} == {near.id, plain.id}


def test_the_oldest_come_first_and_before_a_time(store: Store) -> None:
    late, early, middle = (a_record(created=minutes_after_noon(minutes)) for minutes in (30, 10, 20))
    store.remember([late, early, middle])

    assert [record.id for record in store.oldest(2)] == [early.id, middle.id]
    assert [record.id for record in store.oldest(9, before=minutes_after_noon(20))] == [early.id]
    assert store.oldest(0) == []


def test_a_fold_puts_its_summary_in_the_place_of_its_sources(store: Store) -> None:
    first, second, other = (a_record("an owl", (1, 0)) for _ in range(3))
    store.remember([first, second, other])
    plan, summary = a_plan([second, first]), a_summary([first, second], "two owls", embedding=(1, 0.1))

    fold = store.fold(plan, summary, NOON)

    assert fold == Fold(plan.key, summary.id, (second.id, first.id), NOON)
    assert store.folds() == [fold]
    assert store.counts() == Counts(2, 2, 1)
    assert store.lineage(summary.id) == Lineage((second.id, first.id), None)
    assert store.lineage(first.id) == Lineage((), summary.id)
    assert store.get([first.id])[0] == store.get([first.id])[0]._replace(folded_into=summary.id)
    live, every_one = {other.id, summary.id}, {other.id, summary.id, first.id, second.id}
    assert {one.id for one in store.nearest((1, 0), 9)} == live
    assert {one.id for one in store.nearest((1, 0), 9, ALL)} == every_one
    assert {one.id for one in store.matching("owl owls", 9)} == live
    assert {one.id for one in store.matching("owl owls", 9, ALL)} == every_one
    assert {record.id for record in store.oldest(9)} == live
    assert {record.id for record in store.oldest(9, ALL)} == every_one
    assert violations(store, every_one) == []


def test_the_same_fold_again_gives_the_one_that_stands(store: Store) -> None:
    sources = [a_record(), a_record()]
    store.remember(sources)
    fold = store.fold(a_plan(sources), a_summary(sources), NOON)

    again = store.fold(a_plan(sources), a_summary(sources, "said otherwise"), minutes_after_noon(1))

    assert fold is not None
    assert again == fold
    assert store.counts() == Counts(1, 2, 1)


def test_a_fold_of_what_is_live_no_more_changes_nothing(store: Store) -> None:
    first, second, third = (a_record() for _ in range(3))
    store.remember([first, second, third])
    store.fold(a_plan([first]), a_summary([first]), NOON)
    before = store.oldest(9, ALL)

    assert store.fold(a_plan([first, second]), a_summary([first, second]), NOON) is None
    assert store.fold(a_plan([third, a_record()]), a_summary([third]), NOON) is None

    assert store.oldest(9, ALL) == before
    assert len(store.folds()) == 1
    assert violations(store) == []


def test_a_summary_can_be_folded_and_is_undone_from_the_top(store: Store) -> None:
    leaves = [a_record(), a_record()]
    store.remember(leaves)
    below = a_summary(leaves, "below")
    first = store.fold(a_plan(leaves), below, NOON)
    above = a_summary([below], "above")
    second = store.fold(a_plan([below]), above, minutes_after_noon(1))
    assert store.folds() == [first, second]
    assert violations(store) == []

    with pytest.raises(RecordRefused, match="unfold that one first"):
        store.unfold(below.id)

    assert store.unfold(above.id) == second
    assert store.unfold(below.id) == first
    assert store.unfold(below.id) is None
    assert store.counts() == Counts(2, 0, 0)
    assert store.get([below.id, above.id]) == []
    assert store.matching("below above", 9) == []
    assert {one.id for one in store.nearest(leaves[0].embedding, 9, ALL)} == {leaf.id for leaf in leaves}
    assert violations(store, [leaf.id for leaf in leaves]) == []


def test_what_was_unfolded_can_be_folded_again(store: Store) -> None:
    sources = [a_record(), a_record()]
    store.remember(sources)
    plan, summary = a_plan(sources), a_summary(sources)
    for _ in range(3):
        assert store.fold(plan, summary, NOON) is not None
        assert [one.id for one in store.nearest(summary.embedding, 9)] == [summary.id]
        assert store.unfold(summary.id) is not None
        assert {one.id for one in store.nearest(summary.embedding, 9)} == {source.id for source in sources}
    assert violations(store) == []


def test_a_plan_that_makes_no_sense_is_refused_and_changes_nothing(store: Store) -> None:
    one, other = a_record(), a_record()
    store.remember([one, other])
    summary = a_summary([one])
    cases = [
        (a_plan([]), summary, "no sources"),
        (a_plan([one, one]), summary, "twice"),
        (a_plan([one]), one._replace(depth=1), "is one of its sources"),
        (a_plan([one]), summary._replace(depth=0), "its sources make it 1"),
        (a_plan([one]), summary._replace(depth=5), "its sources make it 1"),
        (a_plan([one]), summary._replace(id=other.id), "is there already"),
        (a_plan([one]), summary._replace(text=" "), "empty"),
        (a_plan([one]), summary._replace(embedding=(1.0,)), "dimensions"),
        (a_plan([one])._replace(key=""), summary, "fold key"),
    ]
    for plan, offered, complaint in cases:
        with pytest.raises(RecordRefused, match=complaint):
            store.fold(plan, offered, NOON)

    assert store.counts() == Counts(2, 0, 0)
    assert violations(store, [one.id, other.id]) == []


def test_a_cold_record_remembered_again_stays_cold(store: Store) -> None:
    source = a_record()
    store.remember([source])
    store.fold(a_plan([source]), a_summary([source]), NOON)

    store.remember([source])

    assert store.counts() == Counts(1, 1, 1)


def test_what_is_withdrawn_is_recalled_no_more_and_kept(store: Store) -> None:
    said, other = a_record("an owl", (1, 0)), a_record("an owl", (1, 0.5))
    store.remember([said, other])

    assert store.withdraw(["nobody", said.id, said.id, "\0"]) == [said.id]
    assert store.withdraw([said.id]) == store.withdraw([]) == []

    assert [one.id for one in store.nearest((1, 0), 9)] == [other.id]
    assert [one.id for one in store.matching("owl", 9)] == [other.id]
    assert [one.id for one in store.oldest(9)] == [other.id]
    assert {one.id for one in store.nearest((1, 0), 9, ALL)} == {said.id, other.id}
    assert {one.id for one in store.matching("owl", 9, ALL)} == {said.id, other.id}
    assert store.get([said.id])[0].folded_into == store.lineage(said.id).folded_into == WITHDRAWN
    assert store.counts() == Counts(1, 1, 0)
    assert violations(store, [said.id, other.id]) == []


def test_what_was_withdrawn_comes_back_as_it_was(store: Store) -> None:
    records = [a_record("an owl", (1, 0)), a_record("an owl", (1, 0.5))]
    store.remember(records)
    before = store.oldest(9)
    names = [record.id for record in records]
    store.withdraw(names)

    store.remember(records)
    assert store.counts() == Counts(0, 2, 0)
    assert store.restore(["nobody", *names]) == names
    assert store.restore(names) == []

    assert store.oldest(9) == before
    assert {one.id for one in store.nearest((1, 0), 9)} == {one.id for one in store.matching("owl", 9)} == set(names)
    assert store.counts() == Counts(2, 0, 0)
    assert violations(store, names) == []


def test_a_summary_is_not_withdrawn_and_its_sources_are_not_either(store: Store) -> None:
    source, other = a_record(), a_record()
    store.remember([source, other])
    summary = a_summary([source])
    fold = store.fold(a_plan([source]), summary, NOON)

    with pytest.raises(RecordRefused, match=f"{summary.id} is a summary"):
        store.withdraw([other.id, summary.id])
    assert store.withdraw([source.id]) == store.restore([source.id, other.id]) == []

    assert store.counts() == Counts(2, 1, 1)
    assert store.folds() == [fold]
    assert violations(store, [source.id, other.id]) == []


def test_what_is_withdrawn_is_not_folded(store: Store) -> None:
    one, other = a_record(), a_record()
    store.remember([one, other])
    store.withdraw([one.id])

    assert store.fold(a_plan([one, other]), a_summary([one, other]), NOON) is None
    store.restore([one.id])
    assert store.fold(a_plan([one, other]), a_summary([one, other]), NOON) is not None
    assert violations(store) == []


def test_what_another_opening_withdrew_is_seen_at_once(shared_place: Place) -> None:
    one, other = shared_place.open(), shared_place.open()
    said = a_record("an owl", (1, 0))
    one.remember([said])
    assert [found.id for found in other.nearest((1, 0), 9)] == [said.id]

    one.withdraw([said.id])
    assert other.nearest((1, 0), 9) == other.matching("owl", 9) == []

    other.restore([said.id])
    assert [found.id for found in one.nearest((1, 0), 9)] == [said.id]


def test_a_closed_store_says_so(store: Store) -> None:
    store.remember([a_record()])
    store.close()
    store.close()

    for act in (lambda: store.remember([a_record()]), store.counts, lambda: store.nearest((1, 0, 0, 0), 1)):
        with pytest.raises(StoreFault, match="closed"):
            act()


def test_what_was_kept_is_there_when_it_is_opened_again(shared_place: Place) -> None:
    store = shared_place.open()
    sources, other = [a_record("an owl"), a_record("an owl")], a_record("a mouse", tags=frozenset({"t"}))
    store.remember([*sources, other])
    fold = store.fold(a_plan(sources), a_summary(sources, "owls"), NOON)
    before = store.oldest(9, ALL), store.nearest(other.embedding, 9), store.matching("mouse owls", 9), store.counts()
    store.close()

    again = shared_place.open()

    assert (
        again.oldest(9, ALL),
        again.nearest(other.embedding, 9),
        again.matching("mouse owls", 9),
        again.counts(),
    ) == before
    assert again.folds() == [fold]
    assert again.dimension == 4
    assert violations(again) == []


def test_opened_again_for_another_dimension_it_refuses(shared_place: Place) -> None:
    shared_place.open().remember([a_record(embedding=(1, 0, 0))])

    with pytest.raises(ConfigurationFault, match="of 3 dimensions, not 384"):
        shared_place.open(dimension=384)


def test_each_of_two_openings_sees_at_once_what_the_other_has_done(shared_place: Place) -> None:
    one, other = shared_place.open(), shared_place.open()
    sources = [a_record("an owl", (1, 0)), a_record("an owl", (1, 0.5))]
    assert other.nearest((1, 0), 9) == []

    one.remember(sources)
    assert [found.id for found in other.nearest((1, 0), 9)] == [source.id for source in sources]
    assert other.dimension == 2

    summary = a_summary(sources, "owls", embedding=(0, 1))
    other.fold(a_plan(sources), summary, NOON)
    assert [found.id for found in one.nearest((1, 0), 9)] == [summary.id]
    assert [found.id for found in one.matching("owl owls", 9)] == [summary.id]

    one.unfold(summary.id)
    assert [found.id for found in other.nearest((1, 0), 9, ALL)] == [source.id for source in sources]
    assert one.counts() == other.counts() == Counts(2, 0, 0)


def test_threads_write_and_search_at_once_and_nothing_is_lost(store: Store) -> None:
    batches = [[a_record(f"batch {batch} owl {number}") for number in range(20)] for batch in range(16)]

    def write_and_look(batch: int) -> bool:
        store.remember(batches[batch])
        nearest = store.nearest(batches[batch][3].embedding, 400)
        return batches[batch][3].id in {one.id for one in nearest} and bool(store.matching(f"batch {batch}", 1))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(write_and_look, range(16)))
    assert store.counts() == Counts(320, 0, 0)
    assert violations(store, [record.id for batch in batches for record in batch]) == []


def test_of_folds_that_overlap_and_race_exactly_one_stands(store: Store) -> None:
    records = [a_record(f"number {number}") for number in range(12)]
    store.remember(records)
    plans = [records[start : start + 6] for start in range(7)] * 2

    with ThreadPoolExecutor(7) as pool:
        folds = list(pool.map(lambda sources: store.fold(a_plan(sources), a_summary(sources), NOON), plans))

    standing = {fold for fold in folds if fold is not None}
    assert standing == set(store.folds())
    assert 1 <= len(standing) <= 2
    assert violations(store, [record.id for record in records]) == []
