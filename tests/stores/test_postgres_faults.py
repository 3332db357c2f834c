"""What goes wrong around a Postgres is said with its place and what to do; a broken connection is made anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from runtime.errors import ConfigurationFault, StoreFault
from runtime.memory.record import Counts
from tests.stores.invariants import violations
from tests.stores.places import PostgresPlace, postgres_place
from tests.stores.records import a_record

psycopg = pytest.importorskip("psycopg")


@pytest.fixture
def place(postgres_url: str) -> Iterator[PostgresPlace]:
    made = postgres_place(postgres_url)
    yield made
    for store in made.opened:
        store.close()


def _run(place: PostgresPlace, statement: str) -> Any:
    with psycopg.connect(place.url, autocommit=True) as connection:
        return connection.execute(statement.replace("OURS", f'"{place.schema}"'))


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    from runtime.memory.stores.postgres import PostgresStore

    with pytest.raises(StoreFault, match=r"postgres at localhost:1/memories: cannot connect: ") as told:
        PostgresStore("postgresql://me:very-secret@localhost:1/memories")

    assert "very-secret" not in str(told.value)


def test_what_is_no_connection_string_is_refused() -> None:
    from runtime.memory.stores.postgres import PostgresStore

    with pytest.raises(ConfigurationFault, match="postgresql://user@host/database") as told:
        PostgresStore("very secret words = = =")

    assert "very secret" not in str(told.value)


def test_tables_of_another_version_are_refused_with_what_to_do(place: PostgresPlace) -> None:
    place.open()
    _run(place, "UPDATE OURS.state SET version = 99")

    with pytest.raises(StoreFault, match="of version 99, this release reads version 1; open it with"):
        place.open()


def test_connections_that_the_server_has_ended_are_made_anew(place: PostgresPlace) -> None:
    store = place.open()
    store.remember([a_record("an owl")])
    for act in (store.counts, lambda: store.remember([a_record()]), lambda: store.matching("owl", 3), store.folds):
        _run(place, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND pid > 0")
        act()

    assert store.counts() == Counts(2, 0, 0)
    assert violations(store) == []


def test_tables_that_somebody_took_away_are_said_to_be_missing(place: PostgresPlace) -> None:
    store = place.open()
    _run(place, "DROP SCHEMA OURS CASCADE")

    with pytest.raises(StoreFault, match="does not exist"):
        store.counts()


def test_a_database_that_is_not_in_utf_8_is_refused(place: PostgresPlace) -> None:
    _run(place, "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    elsewhere = PostgresPlace(psycopg.conninfo.make_conninfo(place.url, dbname="latin"), place.schema)

    with pytest.raises(StoreFault, match="ENCODING 'UTF8'"):
        elsewhere.open()


def test_who_may_not_install_the_extension_is_told_who_may(place: PostgresPlace) -> None:
    _run(place, "CREATE ROLE guest LOGIN")
    _run(place, "CREATE DATABASE bare TEMPLATE template0")
    elsewhere = PostgresPlace(psycopg.conninfo.make_conninfo(place.url, dbname="bare", user="guest"), place.schema)

    with pytest.raises(StoreFault, match="have an administrator run CREATE EXTENSION vector"):
        elsewhere.open()


def test_two_schemas_of_one_database_know_nothing_of_each_other(place: PostgresPlace) -> None:
    other = postgres_place(place.url)
    one, two = place.open(), other.open()
    one.remember([a_record(embedding=(1, 0))])
    two.remember([a_record(embedding=(1, 0, 0))])

    assert one.counts() == two.counts() == Counts(1, 0, 0)
    assert (one.dimension, two.dimension) == (2, 3)
    two.close()
