"""Goldens that nobody compares are found; those that a test may read, by whatever way, are left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from gates.checks.change.empty_test import EmptyTest
from gates.facts.goldens import Goldens, is_golden
from gates.globs import Glob, Globs
from tests.change.asking import asked, gatherer
from tests.checkout.repository import Repository

SUBJECT = "a golden that nobody compares"
TEST = "from pathlib import Path\n\n\ndef test_it():\n    assert "


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    made.write("app.py", "x = 1\n")
    return made


def found(repository: Repository, allowed_in: Globs = ()) -> list[tuple[str, str]]:
    repository.commit()
    findings = asked(EmptyTest(allowed_in=allowed_in), gatherer(repository.open()))
    return [(each.path, each.subject) for each in findings if each.subject == SUBJECT]


@pytest.mark.parametrize(
    "path",
    ["tests/golden/report.txt", "tests/unit/snapshots/page.html", "tests/report.expected.json", "test/expected/a.csv"],
)
def test_a_golden_that_no_test_names_is_found(repository: Repository, path: str) -> None:
    repository.write(path, "what came out once\n")
    repository.write("tests/test_it.py", f"{TEST}Path('other.txt')\n")

    assert found(repository) == [(path, SUBJECT)]
    assert found(repository, (Glob(path),)) == []


@pytest.mark.parametrize(
    "test",
    [
        "Path('tests/golden/report.txt').read_text() == 'x'",
        "Path('tests') / 'golden' / f'{name}.txt'",
        "all(file.stat() for file in Path('tests/golden').iterdir())",
        "sorted(Path('golden').glob('*.txt'))",
        "read('report')",
    ],
)
def test_one_that_a_test_may_read_is_not(repository: Repository, test: str) -> None:
    repository.write("tests/golden/report.txt", "what came out once\n")
    repository.write("tests/test_it.py", f"{TEST}{test}\n")

    assert found(repository) == []


@pytest.mark.parametrize("path", ["Makefile", "compare.sh", ".github/workflows/ci.yml"])
def test_a_script_may_compare_it(repository: Repository, path: str) -> None:
    repository.write("tests/golden/report.txt", "what came out once\n")
    repository.write(path, "diff tests/golden/report.txt out.txt\n")

    assert found(repository) == []


def test_one_golden_does_not_speak_for_another(repository: Repository) -> None:
    repository.write("tests/golden/index.yml", "all: [report.txt]\n")
    repository.write("tests/golden/report.txt", "what came out once\n")

    assert [path for path, _ in found(repository)] == ["tests/golden/index.yml", "tests/golden/report.txt"]


@pytest.mark.parametrize(
    ("owner", "is_found"),
    [("def test_page(snapshot):\n    assert snapshot == 1\n", False), ("def test_page():\n    assert 1 == x\n", True)],
)
def test_a_snapshot_is_compared_where_its_tests_ask_for_one(repository: Repository, owner: str, is_found: bool) -> None:
    repository.write("tests/__snapshots__/test_page.ambr", "# name: test_page\n")
    repository.write("tests/test_page.py", owner)

    told = [path for path, subject in found(repository) if subject == SUBJECT]

    assert told == ["tests/__snapshots__/test_page.ambr"] * is_found


def test_a_snapshot_whose_tests_are_gone_is_found(repository: Repository) -> None:
    repository.write("tests/__snapshots__/test_gone/test_page.json", "{}")
    repository.write("tests/test_page.py", "def test_page(snapshot):\n    assert snapshot == 1\n")

    finding = next(each for each in asked(EmptyTest(), gatherer(repository.open())) if each.subject == SUBJECT)

    assert finding.message.endswith("it is of tests/test_gone.py, which does not exist")


def test_a_snapshot_that_is_read_by_hand_is_compared(repository: Repository) -> None:
    repository.write("tests/__snapshots__/schema.json", "{}")
    repository.write("tests/test_it.py", f"{TEST}Path('__snapshots__/schema.json').read_text() == '1'\n")

    assert found(repository) == []


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("docs/golden/report.txt", False),
        ("golden/tests/report.txt", False),  # tests of what is golden
        ("tests/data/report.txt", False),
        ("tests/golden/report.txt", True),
        ("app/tests/__snapshots__/test_a.ambr", True),
        ("tests/unexpected.txt", False),
    ],
)
def test_what_is_golden_is_known_by_its_name_near_tests(path: str, told: bool) -> None:
    assert is_golden(path) is told


def test_its_digest_is_of_what_may_name_a_golden_too(repository: Repository) -> None:
    repository.write("tests/golden/report.txt", "what came out once\n")
    before = gatherer(repository.open()).get(Goldens).digest
    repository.write("compare.sh", "diff tests/golden/report.txt out.txt\n")

    assert gatherer(repository.open()).get(Goldens).digest != before
