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
