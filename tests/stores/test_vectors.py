"""The index of embeddings finds what comparing with each of them finds; approximately only when it was measured."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Iterator, Sequence
from heapq import nsmallest
from pathlib import Path
from typing import Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.memory import approximate
from runtime.memory.record import EVERYTHING, Filter
from runtime.memory.stores.admission import unit
from runtime.memory.vectors import Bounds, Row, Vectors
from tests.stores.places import InMemoryPlace, SqlitePlace
from tests.stores.records import a_record

np = pytest.importorskip("numpy")
ALWAYS = Bounds(None, None)


def a_row(number: int, embedding: Sequence[float], **fields: Any) -> Row:
    return Row(number, f"{number:06}", unit(embedding), 0, frozenset(), "production", False)._replace(**fields)


def clustered(size: int, dimension: int = 32, clusters: int = 60, seed: int = 0) -> list[Row]:
    chance = np.random.default_rng(seed)
    centres = chance.standard_normal((clusters, dimension))
    points = centres[chance.integers(clusters, size=size)] + 0.5 * chance.standard_normal((size, dimension))
    return [a_row(number, point) for number, point in enumerate(points.tolist())]


@pytest.fixture
def large() -> Iterator[Vectors]:
    vectors = Vectors(32, None)
    vectors.add(clustered(30_000))
    yield vectors
    vectors.close()


def by_hand(rows: Sequence[Row], cue: bytes, most: int) -> list[str]:
    there = np.frombuffer(b"".join(row.embedding for row in rows), np.float32).reshape(len(rows), -1)
    scores = np.round(there.astype(np.float64) @ np.frombuffer(cue, np.float32).astype(np.float64), 9)
    return [name for _, name in nsmallest(most, zip((-scores).tolist(), (row.id for row in rows)))]


@given(st.integers(0, 10_000), st.integers(1, 3000), st.integers(1, 40), st.integers(1, 6))
def test_the_nearest_are_those_that_comparing_with_each_would_find(
    seed: int, size: int, most: int, dimension: int
) -> None:
    chance = random.Random(seed)
    # Few directions: many are exactly equal, and the order among them is by id.
    rows = [
        a_row(number, [1.0, *(chance.randint(-2, 2) for _ in range(dimension - 1))], id=f"{chance.random()}")
        for number in range(size)
    ]
    vectors, cue = Vectors(dimension, None), unit([1.0, *(chance.randint(-2, 2) for _ in range(dimension - 1))])
    vectors.add(rows)

    found = vectors.nearest(cue, most, EVERYTHING, ALWAYS)

    assert [one.id for one in found] == by_hand(rows, cue, most)


def test_of_very_many_the_nearest_are_the_same_by_blocks(large: Vectors) -> None:
    rows = clustered(30_000)
    for seed in range(20):
        cue = clustered(1, seed=seed)[0].embedding
        assert [one.id for one in large.nearest(cue, 10, EVERYTHING, ALWAYS)] == by_hand(rows, cue, 10)


def test_rows_that_are_equal_in_every_number_come_in_the_order_of_ids() -> None:
    vectors = Vectors(7, None)
    embedding = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    vectors.add([a_row(number, embedding, id=f"{(number * 7919) % 20_011:05}") for number in range(20_011)])

    found = vectors.nearest(unit(embedding), 50, EVERYTHING, ALWAYS)

    assert [one.id for one in found] == [f"{number:05}" for number in range(50)]


def test_few_that_pass_a_filter_are_found_among_very_many(large: Vectors) -> None:
    rows = [a_row(30_000 + n, [1.0] * 31 + [n], tags=frozenset("t"), lane="candidate", created=n) for n in range(300)]
    large.add(rows)

    cue = unit([0.0] * 31 + [1.0])
    for which in (Filter(tags=frozenset("t")), Filter(lane="candidate")):
        assert [one.id for one in large.nearest(cue, 5, which, ALWAYS)] == by_hand(rows, cue, 5)
    assert [one.id for one in large.nearest(cue, 5, Filter(lane="candidate"), Bounds(10, 13))] == [
        "030012",
        "030011",
        "030010",
    ]
    assert large.nearest(cue, 5, Filter(tags=frozenset("u")), ALWAYS) == []


def test_what_is_marked_comes_back_and_what_is_removed_does_not() -> None:
    vectors = Vectors(2, None)
    vectors.add([a_row(number, (1, number / 10)) for number in range(3)])

    vectors.mark([0, 2, 99], cold=True)
    assert [one.id for one in vectors.nearest(unit((1, 0)), 9, EVERYTHING, ALWAYS)] == ["000001"]
    assert len(vectors.nearest(unit((1, 0)), 9, Filter(with_cold=True), ALWAYS)) == 3

    vectors.mark([0], cold=False)
    vectors.remove([1])
    assert [one.id for one in vectors.nearest(unit((1, 0)), 9, EVERYTHING, ALWAYS)] == ["000000"]
    assert len(vectors.nearest(unit((1, 0)), 9, Filter(with_cold=True), ALWAYS)) == 2


def test_searches_go_on_while_rows_are_added_and_the_array_grows() -> None:
    vectors, rows = Vectors(8, None), clustered(20_000, dimension=8)
    vectors.add(rows[:10])
    ended = threading.Event()
    wrong: list[Optional[str]] = []

    def look() -> None:
        while not ended.is_set():
            found = vectors.nearest(rows[3].embedding, 1, EVERYTHING, ALWAYS)
            if math.isnan(found[0].score) or found[0].score < 0.999:
                wrong.append(found[0].id)

    looking = threading.Thread(target=look)
    looking.start()
    for start in range(10, 20_000, 97):
        vectors.add(rows[start : start + 97])
    ended.set()
    looking.join()

    assert not wrong
    assert len(vectors) == 20_000


def test_an_approximate_index_finds_what_the_exact_search_finds_and_what_came_later() -> None:
    pytest.importorskip("faiss")
    rows = clustered(12_000)
    vectors = Vectors(32, 10_000)
    vectors.add(rows)
    vectors.build_approximate()
    assert vectors.approximate is not None
    assert vectors.approximate.recall >= approximate.LEAST_RECALL
    later = [a_row(20_000 + n, np.random.default_rng(n).standard_normal(32).tolist()) for n in range(50)]
    vectors.add(later)

    shares = []
    for cue in (row.embedding for row in clustered(60, seed=5)):
        found = {one.id for one in vectors.nearest(cue, 10, EVERYTHING, ALWAYS)}
        shares.append(len(found & set(by_hand(rows + later, cue, 10))) / 10)
    assert sum(shares) / len(shares) >= approximate.LEAST_RECALL
    assert vectors.nearest(later[7].embedding, 1, EVERYTHING, ALWAYS)[0].id == later[7].id
    vectors.mark([row.number for row in rows[:1000]], cold=True)
    assert {one.id for one in vectors.nearest(rows[5].embedding, 50, EVERYTHING, ALWAYS)}.isdisjoint(
        row.id for row in rows[:1000]
    )
    assert len(vectors.nearest(rows[5].embedding, 50, EVERYTHING, ALWAYS)) == 50
    vectors.close()


def test_it_is_built_in_the_background_when_there_are_enough() -> None:
    pytest.importorskip("faiss")
    vectors, rows = Vectors(32, 5000), clustered(6000)

    vectors.add(rows[:4000])
    assert vectors.approximate is None
    vectors.add(rows[4000:])
    assert vectors.nearest(rows[0].embedding, 1, EVERYTHING, ALWAYS)[0].id == rows[0].id
    vectors.wait_for_approximate()

    assert vectors.approximate is not None
    assert vectors.approximate.size == 6000
    vectors.close()


def test_an_index_that_finds_too_little_is_refused_and_the_search_stays_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("faiss")
    monkeypatch.setattr(approximate, "_PROBES", (1,))
    chance = np.random.default_rng(3)
    # In every direction alike: no list of neighbours holds the ten nearest.
    rows = [a_row(number, point) for number, point in enumerate(chance.standard_normal((5000, 48)).tolist())]
    vectors = Vectors(48, None)
    vectors.add(rows)

    vectors.build_approximate()

    assert vectors.approximate is None
    assert "0.95 is asked" in str(vectors.refusal)
    assert [one.id for one in vectors.nearest(rows[9].embedding, 1, EVERYTHING, ALWAYS)] == [rows[9].id]
    vectors.close()


def test_without_faiss_the_search_stays_exact_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "faiss", None)
    vectors = Vectors(4, 10)
    vectors.add(clustered(20, dimension=4))
    vectors.wait_for_approximate()

    assert vectors.approximate is None
    assert "not installed" in str(vectors.refusal)
    assert len(vectors.nearest(unit((1, 0, 0, 0)), 20, EVERYTHING, ALWAYS)) == 20
    vectors.close()


@pytest.mark.parametrize("kind", ["in-memory", "sqlite"])
def test_a_store_says_when_it_answers_approximately(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("faiss")
    place: Any = InMemoryPlace() if kind == "in-memory" else SqlitePlace(tmp_path / "memory.db")
    store: Any = place.open(approximate_from=2000)
    assert not store.approximate
    records = [a_record(f"number {row.number}", np.frombuffer(row.embedding, np.float32)) for row in clustered(2500)]
    store.remember(records)

    first = store.nearest(records[7].embedding, 1)
    store._vectors.wait_for_approximate()

    assert store.approximate
    assert [one.id for one in first] == [one.id for one in store.nearest(records[7].embedding, 1)] == [records[7].id]
    store.close()
