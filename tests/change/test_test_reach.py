"""Tests that cannot reach the product are found, which import nothing of it or ask a copy; others are left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from gates.checks.change.empty_test import EmptyTest
from gates.globs import Glob, Globs
from tests.change.asking import asked, gatherer
from tests.checkout.repository import Repository

ALONE = "imports nothing of the repository"
TEST = "def test_it():\n    assert sum([1, 2]) == 3\n"
PRICE = """def price(basket):
    total = 0
    for item in basket:
        if item.is_free:
            continue
        total += item.price
    return total
"""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    made.write("shop/__init__.py")
    made.write("shop/basket.py", PRICE)
    return made


def found(repository: Repository, allowed_in: Globs = ()) -> list[tuple[str, int, str]]:
    repository.commit()
    return [
        (each.path, each.line, each.subject)
        for each in asked(EmptyTest(allowed_in=allowed_in), gatherer(repository.open()))
    ]


# Files that import nothing of the product


def test_a_file_of_tests_that_imports_nothing_of_the_repository_is_found_at_its_first_test(
    repository: Repository,
) -> None:
    repository.write("tests/test_it.py", f"import re\nimport pytest\n\n\n{TEST}")

    assert found(repository) == [("tests/test_it.py", 5, ALONE)]
    assert found(repository, (Glob("tests/*"),)) == []


def test_it_is_found_where_what_it_imports_imports_nothing_either(repository: Repository) -> None:
    repository.write("tests/__init__.py")
    repository.write("tests/numbers_of.py", "import math\n\n\ndef numbers():\n    return [math.pi]\n")
    repository.write("tests/test_it.py", f"from tests.numbers_of import numbers\n\n\n{TEST}")
    repository.write("tests/test_more.py", f"from .numbers_of import numbers\n\n\n{TEST}")

    assert found(repository) == [("tests/test_it.py", 4, ALONE), ("tests/test_more.py", 4, ALONE)]


@pytest.mark.parametrize(
    "text",
    [
        "from shop.basket import price\n",
        "import shop\n",
        "import lxml\n",  # it may be the product, built or installed
        "import subprocess\n",
        "from pathlib import Path\n",
        "from unittest.mock import patch\n",
        "from .unknown import something\n",
        "from tests.through import price\n",
        "from through import price\n",
        "import tests.through\n",
    ],
)
def test_a_file_that_may_reach_the_product_is_left_alone(repository: Repository, text: str) -> None:
    repository.write("tests/__init__.py")
    repository.write("tests/through.py", "from shop.basket import price\n")
    repository.write("tests/through/through.py", "from shop.basket import price\n")
    repository.write("tests/test_it.py", f"{text}\n\n{TEST}")

    assert found(repository) == []


@pytest.mark.parametrize(
    "test",
    [
        "def test_it(client):\n    assert client.get('/')\n",
        (
            "import pytest\n\n\n@pytest.fixture\ndef own(client):\n    return client\n\n\n"
            "def test_it(own):\n    assert own\n"
        ),
    ],
)
def test_a_fixture_from_elsewhere_may_bring_the_product(repository: Repository, test: str) -> None:
    repository.write("tests/test_it.py", test)

    assert found(repository) == []


@pytest.mark.parametrize(
    "test",
    [
        "def test_it(tmp_path, capsys):\n    assert tmp_path\n",
        "import pytest\n\n\n@pytest.fixture\ndef own():\n    return 1\n\n\ndef test_it(own):\n    assert own\n",
        (
            "import pytest\n\n\n@pytest.mark.parametrize('one, other', [(1, 2)])\n"
            "def test_it(one, other):\n    assert one < other\n"
        ),
        "from hypothesis import given\n\n\n@given(1)\ndef test_it(one):\n    assert one\n",
    ],
)
def test_what_pytest_or_the_file_itself_gives_brings_nothing(repository: Repository, test: str) -> None:
    repository.write("tests/test_it.py", test)

    assert [subject for _, _, subject in found(repository)] == [ALONE]


CLASS = "class TestIt:\n    def test_it(self):\n        assert self.store.get(1) is None\n"
GIVES = "import pytest\n\n\n@pytest.fixture(autouse=True)\ndef given({}):\n    {}\n"


@pytest.mark.parametrize(
    "conftest",
    [
        "from shop.basket import price\n" + GIVES.format("request", "request.cls.store = price"),
        GIVES.format("request", "from shop.basket import price\n    request.cls.store = price"),
        "from shop.basket import price\n\n\ndef pytest_runtest_setup(item):\n    item.cls.store = price\n",
        GIVES.format("database", "return database"),  # from elsewhere: it may bring the product
        "import subprocess\n" + GIVES.format("", "return subprocess.run('shop')"),
    ],
)
def test_what_a_conftest_gives_every_test_may_be_the_product(repository: Repository, conftest: str) -> None:
    repository.write("tests/conftest.py", conftest)
    repository.write("tests/unit/test_it.py", CLASS)

    assert found(repository) == []


@pytest.mark.parametrize(
    ("path", "conftest"),
    [
        ("tests/conftest.py", "import random\n" + GIVES.format("", "random.seed(1)")),
        ("tests/conftest.py", "from shop.basket import price\nimport pytest\n"),
        ("tests/conftest.py", "from shop.basket import price\n" + GIVES.format("", "price").replace("True", "False")),
        ("tests/other/conftest.py", "from shop.basket import price\n" + GIVES.format("", "price([])")),
    ],
)
def test_a_conftest_that_gives_it_nothing_of_the_product_is_no_excuse(
    repository: Repository, path: str, conftest: str
) -> None:
    repository.write(path, conftest)
    repository.write("tests/unit/test_it.py", CLASS)

    assert found(repository) == [("tests/unit/test_it.py", 2, ALONE)]


def test_what_other_tests_run_is_no_test_of_its_own(repository: Repository) -> None:
    repository.write("tests/samples/simple/test_sample.py", TEST)
    repository.write("tests/test_runner.py", "from shop import basket\n\nRUN = 'samples.simple.test_sample'\n")

    assert found(repository) == []


def test_where_everything_is_tests_nothing_is_the_product(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.write("tests/test_it.py", TEST)

    assert found(repository) == []


# Copies


def test_a_test_of_a_copy_is_found_where_the_copy_stands(repository: Repository) -> None:
    repository.write("tests/test_it.py", f"import shop\n\n\n{PRICE}\n\ndef test_it():\n    assert price([]) == 0\n")

    assert found(repository) == [("tests/test_it.py", 4, "price: a copy")]


def test_a_copy_is_known_though_it_has_its_own_words_and_is_older(repository: Repository) -> None:
    copy = PRICE.replace("def price(basket):", 'def price(basket: list) -> int:\n    """Of all items."""')
    copy = copy.replace("total = 0", "total: int = 0  # in cents")
    older = copy.replace("            continue", "            total += 0")
    for name, text in (("words", copy), ("older", older)):
        repository.write(
            f"tests/test_{name}.py", f"import shop\n\n\n{text}\n\ndef test_it():\n    assert price([]) == 0\n"
        )

    assert [path for path, _, _ in found(repository)] == ["tests/test_older.py", "tests/test_words.py"]


@pytest.mark.parametrize(
    ("own", "test"),
    [
        (PRICE, "assert shop.basket.price([]) == 0"),  # no test asks the copy
        ("def price(basket):\n    return sum(basket)\n", "assert price([]) == 0"),  # of that name, and another
        (PRICE.replace("price", "cost"), "assert cost([]) == 0"),  # one and the same by chance, as far as one knows
    ],
)
def test_a_function_of_the_tests_own_is_no_copy(repository: Repository, own: str, test: str) -> None:
    repository.write("tests/test_it.py", f"import shop\n\n\n{own}\n\ndef test_it():\n    {test}\n")

    assert found(repository) == []


def test_a_class_may_be_a_copy_too(repository: Repository) -> None:
    basket = "class Basket:\n" + "".join(f"    {line}\n" for line in PRICE.splitlines())
    repository.write("shop/baskets.py", basket)
    repository.write("tests/test_it.py", f"import shop\n\n\n{basket}\n\ndef test_it():\n    assert Basket()\n")

    assert found(repository) == [("tests/test_it.py", 4, "Basket: a copy")]
