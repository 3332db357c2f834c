"""The index of a Postgres store finds what the exact search finds, or it is not used."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from runtime.memory.record import EVERYTHING, Filter, Record
from tests.stores.invariants import violations
from tests.stores.places import PostgresPlace, postgres_place, stoppable_postgres_server
from tests.stores.records import ALL, NOON, a_plan, a_record, a_summary

psycopg = pytest.importorskip("psycopg")

from runtime.memory.stores import postgres_index  # noqa: E402
from runtime.memory.stores.postgres import PostgresStore  # noqa: E402

DIMENSION = 16
CUE = (1.0, *(0.1,) * (DIMENSION - 1))


@pytest.fixture
def place(postgres_url: str) -> Iterator[PostgresPlace]:
    made = postgres_place(postgres_url)
    yield made
    for store in made.opened:
        store.close()


def scattered(count: int, seed: int = 0) -> list[Record]:
    chance = random.Random(seed)
    return [
        a_record(f"number {number}", [chance.gauss(0, 1) for _ in range(DIMENSION)], tags=frozenset({f"t{number % 3}"}))
        for number in range(count)
    ]


def opened(place: PostgresPlace, approximate_from: int = 200) -> PostgresStore:
    store = place.open(approximate_from=approximate_from)
    assert isinstance(store, PostgresStore)
    return store


def indexed(place: PostgresPlace, records: Sequence[Record]) -> PostgresStore:
    store = opened(place)
    store.remember(records)
    store.counts()
    store.wait_for_approximate()
    return store


def names(store: PostgresStore, most: int = 10, which: Filter = EVERYTHING) -> list[str]:
    return [one.id for one in store.nearest(CUE, most, which)]


def indexes(place: PostgresPlace) -> list[tuple[object, ...]]:
    """Definition of each HNSW index, and whether it is whole."""
    select = (
        "SELECT pg_get_indexdef(indexrelid), indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
        "WHERE relnamespace = %s::regnamespace AND relam = (SELECT oid FROM pg_am WHERE amname = 'hnsw')"
    )
    with psycopg.connect(place.url) as connection:
        rows: list[tuple[object, ...]] = connection.execute(select, (place.schema,)).fetchall()
    return rows


def scans(place: PostgresPlace, store: PostgresStore) -> int:
    """How often the index was searched, by the server's own count."""
    select = "SELECT idx_scan FROM pg_stat_user_indexes WHERE schemaname = %s AND indexrelname = 'nearest_of_live'"
    # A connection says what it did when it next has time, unless it is told to.
    store._run(lambda connection: connection.execute("SELECT pg_stat_force_next_flush()"))
    with psycopg.connect(place.url) as connection:
        ((count,),) = connection.execute(select, (place.schema,)).fetchall()
    return int(count)


def test_below_the_threshold_there_is_no_index_and_every_answer_is_exact(place: PostgresPlace) -> None:
    store = opened(place, approximate_from=1000)
    store.remember(scattered(300))
    store.counts()
    store.wait_for_approximate()

    assert not store.approximate
    assert indexes(place) == []


def test_past_it_an_index_of_inner_products_of_the_live_ones_is_built_and_measured(place: PostgresPlace) -> None:
    store = indexed(place, scattered(400))

    ((definition, valid),) = indexes(place)
    assert valid
    assert "vector_ip_ops" in str(definition)
    assert "WHERE (folded_into IS NULL)" in str(definition)
    assert store.approximate
    assert store.index.ready is not None
    assert store.index.ready.recall >= postgres_index.LEAST_RECALL


def test_it_finds_what_the_exact_search_finds_with_the_same_scores(place: PostgresPlace) -> None:
    records = scattered(400)
    store, exact = indexed(place, records), opened(place, approximate_from=10**9)

    found, best = store.nearest(CUE, 10), exact.nearest(CUE, 10)

    assert len({one.id for one in found} & {one.id for one in best}) >= 9
    assert found[0] == best[0]
    assert found == sorted(found, key=lambda one: (-one.score, one.id))


def test_the_server_answers_by_the_index_and_exactly_without_it(place: PostgresPlace) -> None:
    store = indexed(place, scattered(400))
    before = scans(place, store)

    names(store)
    assert scans(place, store) == before + 1

    names(store, which=Filter(tags=frozenset({"t1"})))
    assert scans(place, store) == before + 1


def test_what_is_written_folded_and_withdrawn_afterwards_is_seen(place: PostgresPlace) -> None:
    records = scattered(400)
    store = indexed(place, records)
    near = [a_record(f"near {number}", CUE) for number in range(3)]

    store.remember(near)
    assert set(names(store, 3)) == {one.id for one in near}

    store.withdraw([near[0].id])
    summary = a_summary(near[1:2], "in short", embedding=[-value for value in CUE])
    store.fold(a_plan(near[1:2]), summary, NOON)
    assert names(store, 1) == [near[2].id]
    assert not {near[0].id, near[1].id} & set(names(store, 400))

    store.unfold(summary.id)
    store.restore([near[0].id])
    assert set(names(store, 3)) == {one.id for one in near}
    assert violations(store, [record.id for record in [*records, *near]]) == []


def test_with_a_filter_for_cold_ones_and_for_very_many_it_is_exact(place: PostgresPlace) -> None:
    records = scattered(500)
    store, exact = indexed(place, records), opened(place, approximate_from=10**9)

    for most, which in ((30, Filter(tags=frozenset({"t1"}))), (30, ALL), (500, EVERYTHING)):
        assert store.nearest(CUE, most, which) == exact.nearest(CUE, most, which)


def test_another_service_uses_the_index_that_is_there(place: PostgresPlace) -> None:
    indexed(place, scattered(400))
    other = opened(place)

    other.counts()
    other.wait_for_approximate()

    assert other.approximate
    assert len(indexes(place)) == 1


def test_two_services_that_begin_at_once_build_one(place: PostgresPlace) -> None:
    one, other = opened(place), opened(place)
    one.remember(scattered(400))
    for store in (one, other):
        store.dimension  # noqa: B018  # it is asked before the first count
        store.counts()
    one.wait_for_approximate()
    other.wait_for_approximate()

    assert one.approximate
    assert other.approximate
    assert len(indexes(place)) == 1


def test_an_index_that_somebody_left_unfinished_is_built_anew(place: PostgresPlace) -> None:
    store = opened(place, approximate_from=10**9)
    store.remember(scattered(400))
    with psycopg.connect(place.url, autocommit=True) as connection:
        connection.execute(f'SET search_path TO "{place.schema}", public')
        connection.execute("CREATE INDEX nearest_of_live ON records (lane)")
        connection.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass('nearest_of_live')")

    again = opened(place)
    again.counts()
    again.wait_for_approximate()

    assert again.approximate
    ((definition, valid),) = indexes(place)
    assert valid
    assert "hnsw" in str(definition)


def test_an_index_that_finds_too_little_is_not_used_and_that_is_said(
    place: PostgresPlace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(postgres_index, "LEAST_RECALL", 1.1)

    store = indexed(place, scattered(400))

    assert not store.approximate
    assert "1.1 is asked" in str(store.index.refusal)
    assert "looked for exactly" in caplog.text
    assert len(names(store)) == 10


def test_more_dimensions_than_an_index_takes_are_looked_at_exactly(place: PostgresPlace) -> None:
    store = opened(place, approximate_from=2)
    store.remember([a_record(embedding=[1.0] * 2001), a_record(embedding=[1.0, *[0.0] * 2000])])
    store.counts()
    store.wait_for_approximate()

    assert "2,000 dimensions" in str(store.index.refusal)
    assert len(store.nearest([1.0] * 2001, 5)) == 2


@pytest.mark.parametrize("seconds", [0.0, 0.3])
def test_a_store_that_is_closed_while_it_builds_does_not_wait_for_it(place: PostgresPlace, seconds: float) -> None:
    store = opened(place)
    store.remember(scattered(300))
    with psycopg.connect(place.url) as connection:
        # As long as this transaction goes on, an index that is built beside the writers is not finished.
        connection.execute(f'LOCK TABLE "{place.schema}".records IN ROW EXCLUSIVE MODE')
        store.counts()
        time.sleep(seconds)
        store.close()

    assert not store.approximate


def test_a_store_is_closed_also_where_the_server_hangs_while_it_builds(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a server of its own: the others would hang with it."""
    monkeypatch.setattr(postgres_index, "_LONGEST_CLOSE", 0.5)
    with stoppable_postgres_server() as server:
        store = PostgresStore(server.url, approximate_from=200)
        store.remember(scattered(300))
        with psycopg.connect(server.url) as connection:
            connection.execute("LOCK TABLE memory.records IN ROW EXCLUSIVE MODE")
            store.counts()
            with server.frozen():
                store.close()
        store.index.wait()

    assert not store.approximate


class Deaf:
    """A connection to a server that cannot be told anything any more."""

    def cancel_safe(self, timeout: float) -> None:
        raise psycopg.OperationalError("the connection is gone")


def test_what_is_being_built_ends_with_its_connection_where_the_server_cannot_be_told() -> None:
    index: Any = postgres_index.Index(lambda: psycopg.connect(""), least=None)
    index._connection, index._thread = Deaf(), threading.Thread(target=time.sleep, args=(0.05,))
    index._thread.start()

    index.close()

    assert not index._thread.is_alive()
