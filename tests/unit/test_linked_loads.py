"""What a file loads by way of another module is the same, however the files are shared out."""

from __future__ import annotations

from pathlib import Path

import pytest

from gates.facts.checkout import Checkout
from gates.facts.extraction import Extraction
from gates.facts.linked_loads import LinkedLoads
from gates.facts.modules import Modules, ModuleSettings
from gates.facts.store import Store
from tests.checkout.repository import Repository

USERS = 7


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "repository")
    repository.commit(
        helper="import importlib\n\n\ndef load(name):\n    return importlib.import_module(name)\n",
        **{f"user_{number}": f"from helper import load\nload('target_{number}')\n" for number in range(USERS)},
        **{f"target_{number}": "" for number in range(USERS)},
    )
    return repository


def targets(checkout: Checkout, store: Store, workers: int) -> dict[str, list[str]]:
    extraction = Extraction(checkout, store, "1", workers=workers)
    modules = Modules.gather(checkout, extraction, ModuleSettings())
    sites = LinkedLoads.gather(modules, extraction, checkout, store).sites
    return {path: [site.target or "" for site in found] for path, found in sites.items() if path != "helper.py"}


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_each_user_loads_what_it_tells_the_other_module(repository: Repository, tmp_path: Path, workers: int) -> None:
    store = Store(tmp_path / "cache")

    first = targets(repository.open(), store, workers)
    again = targets(repository.open(), store, workers)

    assert first == {f"user_{number}.py": [f"target_{number}"] for number in range(USERS)}
    assert again == first


def test_an_edit_of_the_other_module_is_seen_in_all_its_users(repository: Repository, tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    targets(repository.open(), store, 2)
    repository.commit(helper="import importlib\n\n\ndef load(name):\n    return importlib.import_module(name + '_b')\n")

    assert targets(repository.open(), store, 2) == {f"user_{n}.py": [f"target_{n}_b"] for n in range(USERS)}


def test_a_module_that_is_only_named_is_not_looked_into_again(repository: Repository, tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    repository.commit(user_0="import target_1.inner\nfrom helper import load\nload('target_0')\n")
    before = targets(repository.open(), store, 1)
    repository.commit(target_1="changed = True\n")

    assert targets(repository.open(), Forgetful(store), 1) == before


class Forgetful(Store):
    """Lets nobody keep what was worked out by looking at several files: all of it must have been kept before."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, kind, keys):  # type: ignore[no-untyped-def]
        return self._store.get(kind, keys)

    def get_one(self, kind, key):  # type: ignore[no-untyped-def]
        return self._store.get_one(kind, key)

    def put(self, kind, values):  # type: ignore[no-untyped-def]
        assert kind != "linked", f"looked at again: {values}"
        self._store.put(kind, values)
