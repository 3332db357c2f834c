"""`gates flakes --changed` on a repository with a branch: which tests it runs, why, and what it says of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from gates.cli import gates
from gates.facts.changed_code import ChangedCode
from gates.facts.flake_recording import CHANGE, FlakeRecording, parse
from gates.flakes.selection import CHANGED, NEW, QUARANTINED, REACHES, of_change
from tests.change.asking import gatherer
from tests.checkout.repository import Repository

SHOP = """
RATE = 2


def price(amount):
    return amount * RATE


def name(amount):
    return str(amount)
"""
TESTS = """
import random

from shop import name, price


def test_price():
    assert price(1) == 2


def test_name():
    assert name(1) == "1"


def test_old():
    assert "a" < "b"


def test_set_aside():
    assert True or random
"""
NEW_TEST = """

def test_draws():
    assert random.random() > 0.3
"""
SET_ASIDE = """[[test]]
name = "test_shop.py::test_set_aside"
reason = "it was flaky"
owner = "@shop"
ticket = "T4-1"
expires = 2999-01-01
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    made = Repository(tmp_path_factory.mktemp("shop"))
    made.write("policies/gates.toml", '[gates.flaky-test]\n\n[facts.diff]\nbase = "main"\n')
    made.write("policies/quarantine.toml", SET_ASIDE)
    made.write(".gitignore", ".gates/\n")
    made.commit(shop=SHOP, test_shop=TESTS)
    made.git("checkout", "-q", "-b", "branch")
    changed = TESTS.replace('assert name(1) == "1"', 'assert name(11) == "11"')
    made.commit(shop=SHOP.replace("amount * RATE", "RATE * amount"), test_shop=changed + NEW_TEST)
    return made


def asked(repository: Repository, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(gates, ["flakes", "-C", str(repository.root), *words], standalone_mode=False)
    return (done.return_value, done.output) if done.exception is None else (2, str(done.exception))


@pytest.fixture(scope="module")
def searched(repository: Repository) -> tuple[int, str, FlakeRecording]:
    code, said = asked(repository, "--changed", "--only", "seed", "--workers", "1", "-p", "no:randomly")
    place = repository.root / ".gates" / "recordings" / "flakes.json"
    return code, said, parse(place.read_bytes())


def test_it_runs_what_the_branch_brought_changed_or_reaches_and_what_is_in_quarantine(
    searched: tuple[int, str, FlakeRecording],
) -> None:
    _, _, recording = searched

    assert {test.rpartition("::")[2]: runs.why for test, runs in recording.tests.items()} == {
        "test_draws": NEW,
        "test_name": CHANGED,
        "test_price": REACHES,
        "test_set_aside": QUARANTINED,
    }
    assert recording.scope == CHANGE
    assert {runs.seeds for runs in recording.tests.values()} == {59}


def test_what_is_flaky_among_them_is_said_with_a_line_that_shows_it(
    searched: tuple[int, str, FlakeRecording], repository: Repository
) -> None:
    code, said, recording = searched

    assert code == 1
    assert [each.test for each in recording.flaky] == ["test_shop.py::test_draws"]
    assert "test_shop.py::test_draws\n    fails with seed " in said
    assert "    to see it: python -m pytest -p gates.flakes.replaying --gates-given seed=" in said
    assert "the recording is not whole: only seed was varied" in said
    assert said.splitlines()[-1].endswith("1 flaky; recorded in .gates/recordings/flakes.json")
    assert repository.git("status", "--short") == ""


def test_a_branch_that_changes_nothing_asks_for_nothing(tmp_path: Path) -> None:
    made = Repository(tmp_path / "repository")
    made.write("policies/gates.toml", '[gates.flaky-test]\n\n[facts.diff]\nbase = "main"\n')
    made.commit(shop=SHOP, test_shop=TESTS)
    made.git("checkout", "-q", "-b", "branch")
    made.commit()

    code, said = asked(made, "--changed")

    assert code == 0
    assert said.splitlines()[-1].startswith("0 tests, 0 runs")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--only", "moon"), "--only is 'moon'; it must be one of seed, hash seed, clock"),
        (("--changed", "--base", "no-such-commit"), "no-such-commit"),
    ],
)
def test_what_makes_no_sense_is_said(repository: Repository, words: tuple[str, ...], why: str) -> None:
    code, said = asked(repository, *words)

    assert code == 2
    assert why in said


# Which of the tests are new, and which were changed

MODULE = """import json

LIMIT = 3


def helper():
    return LIMIT


def test_one():
    assert helper() == 3


class TestTwo:
    limit = 3

    def test_two(self):
        assert self.limit == 3

    def test_three(self):
        assert json.loads("3") == 3
"""
NAMES = ("test_it.py::test_one", "test_it.py::TestTwo::test_two[1]", "test_it.py::TestTwo::test_three")
ONE, TWO, THREE = NAMES


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("helper() == 3", "3 == helper()", {ONE: CHANGED}),
        ("self.limit == 3", "3 == self.limit", {TWO: CHANGED}),
        ("import json", "import json\nimport re", {}),  # what is only imported changes no test
        ("LIMIT = 3", "LIMIT = 1 + 2", dict.fromkeys(NAMES, CHANGED)),  # any of them may see it
        ("    def test_three", "    @property\n    def test_three", {THREE: CHANGED}),
        ("test_one", "test_uno", {}),
        ("    assert helper", "    # a remark\n    assert helper", {}),
    ],
)
def test_a_test_is_new_or_changed_by_what_the_change_touches(
    tmp_path: Path, before: str, after: str, found: Mapping[str, str]
) -> None:
    repository = Repository(tmp_path / "repository")
    repository.write("policies/gates.toml")
    repository.commit(test_it=MODULE)
    repository.git("checkout", "-q", "-b", "branch")
    repository.commit(test_it=MODULE.replace(before, after, 1))

    checkout = repository.open()
    modules = gatherer(checkout).get(ChangedCode).modules

    assert of_change(modules, checkout, NAMES) == found
