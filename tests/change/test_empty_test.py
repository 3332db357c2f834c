"""Tests that cannot fail are found at their lines, and those that can are left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from gates.checks.change.empty_test import EmptyTest
from gates.facts.test_code import is_test_file
from gates.finding import Finding
from tests.change.asking import asked, gatherer
from tests.checkout.repository import Repository

CASES = Path(__file__).parents[1] / "gates" / "empty-test"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def found(repository: Repository) -> list[Finding]:
    repository.commit()
    return asked(EmptyTest(), gatherer(repository.open()))


@pytest.mark.parametrize("name", ["test_empty.py", "test_full.py"])
def test_the_lines_that_say_so_are_found_and_no_others(repository: Repository, name: str) -> None:
    source = (CASES / name).read_text("utf-8")
    repository.write(name, source)

    lines = sorted({finding.line for finding in found(repository)})

    assert lines == [number for number, line in enumerate(source.splitlines(), 1) if line.endswith("# finds")]


def test_a_helper_of_another_file_is_followed(repository: Repository) -> None:
    repository.write(
        "tests/support/testing.py", "def is_right(what):\n    assert what\n\n\ndef calls(what):\n    is_right(what)\n"
    )
    repository.write("tests/test_it.py", "def test_it():\n    calls(1)\n")

    assert found(repository) == []


def test_a_function_of_the_product_that_asserts_is_no_helper(repository: Repository) -> None:
    repository.write("app/store.py", "def put(what):\n    assert what\n")
    repository.write("tests/test_it.py", "from app.store import put\n\n\ndef test_it():\n    put(1)\n")

    assert [finding.subject for finding in found(repository)] == ["test_it: no assertion"]


# Helpers that merely raise

BROKEN = "class BrokenStore:\n    def get(self, key):\n        raise KeyError(key)\n"
STORE = "class Store:\n    def get(self, key):\n        return None\n"


@pytest.mark.parametrize(
    ("imports", "body"),
    [
        ("from app.store import Store", "Store().get(1)"),
        ("from app.store import Store", "store = Store()\n    store.get(1)"),
        ("from app.store import make", "make().get(1)"),
        ("from app import store", "store.get(1)"),
        ("import app.store", "app.store.get(1)"),
        ("from app.store import get", "get(1)"),
        ("from app.store import get", "print(get)"),
    ],
)
def test_a_fake_that_raises_asserts_nothing_for_what_is_called_alike(
    repository: Repository, imports: str, body: str
) -> None:
    repository.write("app/store.py", STORE)
    repository.write("tests/fakes.py", f"{BROKEN}\n\ndef get(key):\n    raise KeyError(key)\n")
    repository.write("tests/test_it.py", f"{imports}\n\n\ndef test_it():\n    {body}\n")

    assert [finding.subject for finding in found(repository)] == ["test_it: no assertion"]


@pytest.mark.parametrize(
    "test",
    [
        "from tests.fakes import refuses\n\n\ndef test_it():\n    refuses(1)\n",
        "from tests import fakes\n\n\ndef test_it():\n    fakes.refuses(1)\n",
        "import tests.fakes\n\n\ndef test_it():\n    tests.fakes.refuses(1)\n",
        "from .fakes import refuses as no\n\n\ndef test_it():\n    map(refuses, [1])\n",
        "from fakes import BrokenStore\n\n\ndef test_it():\n    BrokenStore().get(1)\n",
        "from fakes import BrokenStore\n\n\ndef test_it():\n    store = BrokenStore()\n    store.get(1)\n",
        "from fakes import BrokenStore\n\n\ndef test_it():\n    with BrokenStore() as store:\n        store.get(1)\n",
        "from fakes import WorseStore\n\n\ndef test_it():\n    WorseStore().get(1)\n",
        "from fakes import broken\n\n\ndef test_it():\n    broken().get(1)\n",
        "def test_it(worse):\n    worse.get(1)\n",
        "from fakes import WorseStore\n\n\nclass TestIt(WorseStore):\n    def test_it(self):\n        self.get(1)\n",
        (
            "from fakes import WorseStore\n\n\nclass TestIt:\n    def setup_method(self):\n"
            "        self.store = WorseStore()\n\n    def test_it(self):\n        self.store.get(1)\n"
        ),
    ],
)
def test_what_raises_counts_where_the_test_means_it(repository: Repository, test: str) -> None:
    more = "class WorseStore(BrokenStore):\n    pass\n\n\ndef broken():\n    return BrokenStore()\n"
    fixture = "import pytest\n\n\n@pytest.fixture\ndef worse():\n    return broken()\n"
    refuses = "def refuses(what):\n    raise KeyError(what)\n"
    repository.write("tests/fakes.py", "\n\n".join([BROKEN, more, fixture, refuses]))
    repository.write("tests/test_it.py", test)

    assert found(repository) == []


def test_what_asserts_counts_whoever_is_asked(repository: Repository) -> None:
    repository.write("tests/fakes.py", "class Asking:\n    def get(self, key):\n        assert key\n")
    repository.write("tests/more.py", "class Failing:\n    def put(self):\n        raise AssertionError('no')\n")
    repository.write("tests/test_it.py", "def test_it(it):\n    it.get(1)\n\n\ndef test_more(it):\n    it.put()\n")

    assert found(repository) == []


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("pytestmark = pytest.mark.skip\n", [2]),
        ("pytestmark = [pytest.mark.slow, pytest.mark.skip('later')]\n", [2]),
        ("pytest.skip('later', allow_module_level=True)\n", [2]),
        ("pytest.skip('for the new store, 2027-01-31', allow_module_level=True)\n", []),
        ("pytestmark = pytest.mark.skip('for the new store, 2027-01-31')\n", []),
        ("pytestmark = pytest.mark.slow\n", []),
        ("if pytest:\n    pytest.skip('later', allow_module_level=True)\n", []),
    ],
)
def test_a_module_that_skips_all_its_tests_is_found_once(repository: Repository, source: str, lines: list[int]) -> None:
    repository.write("test_it.py", f"import pytest\n{source}\n\ndef test_it():\n    assert pytest.x == 1\n")

    assert [finding.line for finding in found(repository)] == lines


def test_the_message_says_what_is_amiss(repository: Repository) -> None:
    repository.write("test_it.py", "def test_it():\n    assert x or not x\n\n\ndef test_more():\n    pass\n")

    assert [finding.message for finding in found(repository)] == [
        "`test_more` asserts nothing, and calls nothing that does",
        "`test_it` asserts what is always true: x or not x",
    ]


def test_a_file_of_tests_that_does_not_parse_is_not_passed_over(repository: Repository) -> None:
    repository.write("test_it.py", "def test_it(:\n")

    (finding,) = found(repository)

    assert (finding.subject, finding.verdict) == ("cannot be parsed", "opaque")


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        *[("tests/test_a.py", True), ("a_test.py", True), ("app/tests.py", True)],
        *[("tests/conftest.py", False), ("testing.py", False), ("test_a.txt", False)],
    ],
)
def test_files_of_tests_are_known_by_name(path: str, is_one: bool) -> None:
    assert is_test_file(path) is is_one
