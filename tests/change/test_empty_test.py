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
