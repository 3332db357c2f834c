"""What no store keeps, and what it says of it: nothing of the batch is kept then."""

from __future__ import annotations

import datetime as dt
import math
import sys
from typing import Any

import pytest

from runtime.errors import ConfigurationFault, RecordRefused
from runtime.memory.record import Counts, Record
from runtime.memory.store import Store
from runtime.memory.stores.admission import LONGEST_TEXT
from tests.stores.places import Place
from tests.stores.records import a_record

_CASES: list[tuple[dict[str, Any], str]] = [
    ({"embedding": (1.0, math.nan)}, "holds nan at dimension 1"),
    ({"embedding": (math.inf, 1.0)}, "holds inf at dimension 0"),
    ({"embedding": (-math.inf, math.nan)}, "holds -inf at dimension 0"),
    ({"embedding": (1e308, 1e308, 1e308, 1e308)}, "too long"),
    ({"embedding": ()}, "0 dimensions"),
    ({"embedding": (0.0, 0.0)}, "all zeros"),
    ({"embedding": (1.0,) * 20_000}, "20000 dimensions"),
    ({"embedding": "12"}, "not str"),
    ({"embedding": b"12345678"}, "not bytes"),
    ({"embedding": None}, "sequence of numbers"),
    ({"embedding": ("a", "b")}, "sequence of numbers"),
    ({"embedding": (10**400, 1)}, "sequence of numbers"),
    ({"text": ""}, "text is empty"),
    ({"text": " \n\t"}, "text is empty"),
    ({"text": b"bytes"}, "not bytes; decode it first"),
    ({"text": None}, "not NoneType"),
    ({"text": "half \udc80 a pair"}, "half a surrogate pair at 5"),
    ({"text": "a\0b"}, "NUL"),
    ({"text": "x" * (10 << 20)}, "split it"),
    ({"text": "ä" * (LONGEST_TEXT // 2 + 1)}, "split it"),
    ({"id": "x" * 256}, "1 to 255"),
    ({"id": 7}, "id is 7"),
    ({"id": "\ud800"}, "surrogate"),
    ({"lane": ""}, "lane is ''"),
    ({"tags": "red"}, "a set of words"),
    ({"tags": frozenset({"", "a"})}, "tag is ''"),
    ({"tags": frozenset({1})}, "tag is 1"),
    ({"tags": None}, "a set of words"),
    ({"importance": 1.5}, "0 to 1"),
    ({"importance": math.nan}, "0 to 1"),
    ({"importance": "high"}, "0 to 1"),
    ({"depth": -1}, "depth is -1"),
    ({"depth": 0.5}, "depth is 0.5"),
    ({"created": dt.datetime(2026, 1, 1)}, "time zone"),  # noqa: DTZ001
    ({"created": "yesterday"}, "time zone"),
    ({"folded_into": "another"}, "for the store to say"),
]


def test_a_record_that_cannot_be_kept_is_refused_with_its_batch_and_its_reason(store: Store) -> None:
    for change, complaint in _CASES:
        with pytest.raises(RecordRefused, match=complaint):
            # First, because the first record decides the dimension; then last, after what can be kept.
            store.remember([a_record(embedding=(1, 0))._replace(**change), a_record(embedding=(1, 0))])
        with pytest.raises(RecordRefused):
            store.remember([a_record(embedding=(1, 0)), a_record(embedding=(1, 0))._replace(**change)])

    assert store.counts() == Counts(0, 0, 0)
    store.remember([a_record(embedding=(1, 0, 0))])


def test_what_is_no_record_is_refused(store: Store) -> None:
    with pytest.raises(RecordRefused, match="a dict is no Record"):
        store.remember([{"id": "1"}])  # type: ignore[list-item]


def test_a_refusal_names_the_record(store: Store) -> None:
    with pytest.raises(RecordRefused, match=r"^record the-third: "):
        store.remember([a_record(), a_record(id="the-third", text="")])


@pytest.mark.parametrize("cue", [(math.nan, 1.0), (0.0, 0.0), ("a", "b"), (1.0, 2.0, 3.0)])
def test_a_cue_that_has_no_direction_is_refused(store: Store, cue: Any) -> None:
    store.remember([a_record(embedding=(1, 0))])

    with pytest.raises(RecordRefused):
        store.nearest(cue, 3)


def test_the_longest_text_of_the_longest_words_is_kept_and_found(store: Store) -> None:
    words = " ".join(f"{number:04x}" for number in range(LONGEST_TEXT // 5))
    longest = Record("longest", words, (1.0, 0.0), a_record().created)
    one_word = Record("one-word", "y" * LONGEST_TEXT, (1.0, 0.0), a_record().created)

    store.remember([longest, one_word])

    assert [one.id for one in store.matching("00ff", 3)] == ["longest"]
    assert store.get(["longest"])[0].text == words


def test_very_small_and_very_large_embeddings_have_a_direction(store: Store) -> None:
    small, large = a_record(embedding=(1e-300, 0.0)), a_record(embedding=(0.0, 1e300))
    store.remember([small, large])

    assert store.get([small.id, large.id])[0].embedding == (1.0, 0.0)
    assert store.nearest((0, 1e-200), 1)[0].id == large.id


def test_without_numpy_a_store_that_searches_in_this_process_says_what_to_install(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    if place.kind == "postgres":
        assert place.open().counts() == Counts(0, 0, 0)
    else:
        with pytest.raises(ConfigurationFault, match="pip install"):
            place.open()
