"""What may be folded: old enough, not too deep, much the same, of one lane and one set of tags, and not too much."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.memory.grouping import FoldPolicy, plan, planned
from runtime.memory.record import Record
from tests.memory.fakes import DAY, START, DictionaryStore, record

NOW = START + 100 * DAY
ANY_SHARE = FoldPolicy(most_ratio=1.0)


def repeated(count: int = 4, prefix: str = "r", **fields: Any) -> list[Record]:
    return [
        record(f"{prefix}{at}", f"the lantern was repaired {at}", days=at)._replace(**fields) for at in range(count)
    ]


def groups(records: list[Record], policy: FoldPolicy = ANY_SHARE, now: dt.datetime = NOW) -> list[set[str]]:
    return [{source.id for source in one.sources} for one in plan(DictionaryStore(records), policy, now).plans]


def test_what_is_much_the_same_is_planned_together() -> None:
    others = [record(f"x{at}", f"quarterly figures of branch {at}", days=at) for at in range(4)]

    assert groups([*repeated(), *others]) == [{"r0", "r1", "r2", "r3"}, {"x0", "x1", "x2", "x3"}]


@pytest.mark.parametrize(
    ("records", "why"),
    [
        (repeated(2), "two are fewer than three"),
        ([record("a", "violin"), record("b", "ledger"), record("c", "orchid")], "nothing is alike"),
        (repeated(created=NOW - DAY / 2), "they are of today"),
        (repeated(created=NOW + DAY), "they are of tomorrow"),
        (repeated(importance=0.9), "they are important"),
        (repeated(tags=frozenset({"document:a.md", "t"})), "they are passages of a document"),
        (repeated(depth=3), "they are deep enough"),
        ([*repeated(2, "p"), *repeated(2, "c", lane="candidate")], "they are of two lanes"),
        ([*repeated(2, "p"), *repeated(2, "t", tags=frozenset({"t"}))], "they have other tags"),
        (
            [one._replace(created=START + at * 31 * DAY) for at, one in enumerate(repeated(3))],
            "months are between them",
        ),
        ([one._replace(folded_into="s") for one in repeated()], "they are folded already"),
        ([], "there is nothing"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_left_alone(records: list[Record], why: str) -> None:
    enough = [record(f"e{at}", f"{chr(97 + at) * 8}", days=at) for at in range(5)]

    assert groups([*records, *enough]) == [], why


def test_what_is_kept_word_for_word_is_the_policys_to_say() -> None:
    passages = repeated(tags=frozenset({"document:a.md"}))
    letters = repeated(prefix="l", tags=frozenset({"letter", "documents"}))

    assert groups([*passages, *letters]) == [{"l0", "l1", "l2", "l3"}]
    assert groups([*passages, *letters], ANY_SHARE._replace(verbatim=("letter",))) == [{"r0", "r1", "r2", "r3"}]
    assert len(groups([*passages, *letters], ANY_SHARE._replace(verbatim=()))) == 2


def test_a_run_takes_no_more_than_its_share_of_what_lives() -> None:
    many = [record(f"m{at:03}", f"the lantern was repaired {at}", days=at / 10) for at in range(100)]

    assert 3 <= sum(map(len, groups(many, FoldPolicy(most_ratio=0.10)))) <= 10
    assert sum(map(len, groups(many, FoldPolicy(most_ratio=0.03)))) == 3
    assert groups(many, FoldPolicy(most_ratio=0.02)) == []


def test_no_group_is_larger_than_it_may_be_and_no_record_is_in_two() -> None:
    many = [record(f"m{at:03}", f"the lantern was repaired {at}", days=at / 10) for at in range(30)]

    found = groups(many, ANY_SHARE._replace(largest=8))

    assert max(map(len, found)) == 8
    assert sum(map(len, found)) == len(set().union(*found))


def test_a_summary_of_old_records_is_as_young_as_its_fold() -> None:
    """Otherwise it could be folded in the run after the one that made it, and so on up."""
    store = DictionaryStore([*repeated(4), *repeated(4, "s"), *repeated(4, "t")])
    for number, prefix in enumerate("rst"):
        sources = [store.records[f"{prefix}{at}"] for at in range(4)]
        summary = record(f"summary{number}", "the lantern was repaired", days=3, depth=1)
        assert store.fold(planned(sources), summary, NOW)

    assert plan(store, ANY_SHARE, NOW + DAY / 2).plans == []
    [later] = plan(store, ANY_SHARE, NOW + 2 * DAY).plans
    assert {source.id for source in later.sources} == {"summary0", "summary1", "summary2"}


def test_where_a_window_holds_nothing_to_fold_the_next_run_looks_further_on() -> None:
    different = [record(f"a{at:02}", f"{chr(97 + at) * 8}", days=at) for at in range(10)]
    store = DictionaryStore([*different, *[one._replace(created=START + 50 * DAY) for one in repeated()]])
    policy = ANY_SHARE._replace(window=10)

    first = plan(store, policy, NOW)
    second = plan(store, policy, NOW, first.next_since)

    assert first.plans == []
    assert len(second.plans) == 1
    assert second.next_since is None


def test_a_window_of_records_of_one_instant_is_left_behind_too() -> None:
    same = [record(f"a{at:02}", f"{chr(97 + at) * 8}") for at in range(10)]

    found = plan(DictionaryStore(same), ANY_SHARE._replace(window=5), NOW)

    assert found.next_since is not None
    assert found.next_since > START


@given(st.permutations(repeated(6)))
@settings(max_examples=30)
def test_the_plan_does_not_depend_on_the_order_in_which_records_came(records: list[Record]) -> None:
    found = plan(DictionaryStore(records), ANY_SHARE, NOW).plans

    assert [one.key for one in found] == [one.key for one in plan(DictionaryStore(repeated(6)), ANY_SHARE, NOW).plans]


@given(st.lists(st.text(min_size=1, max_size=8), min_size=2, max_size=6, unique=True))
def test_the_same_sources_have_the_same_key_and_others_another(names: list[str]) -> None:
    records = [record(name, "x") for name in names]
    shuffled = list(reversed(records))
    split = [record("".join(names), "x"), record("", "x")]

    assert planned(records).key == planned(shuffled).key
    assert planned(records).key != planned(split).key
    assert planned(records).key != planned([*records, record("another name", "x")]).key


@pytest.mark.parametrize("names", [[], ["a"], ["a", "b", "a"]])
def test_fewer_than_two_or_one_twice_is_no_plan(names: list[str]) -> None:
    with pytest.raises(ValueError, match="at least two, once each"):
        planned([record(name, "x") for name in names])
