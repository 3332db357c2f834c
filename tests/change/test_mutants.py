"""Changed statements are mutated, and those whose mutants no test notices are listed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from gates.checks.change.empty_test import EmptyTest
from gates.cli import gates
from gates.errors import PolicyError
from gates.facts.coverage_reports.contexts import reached
from gates.facts.coverage_reports.lines import ReportError
from gates.facts.mutants import PLACE, MutantRecording, Mutants, MutantSettings, Tried, TriedFile, parse, render
from gates.facts.recording_file import RecordingError
from gates.mutation.mutants import applied, mutants
from tests.change.asking import asked, gatherer
from tests.checkout.repository import Repository


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("put(x)", ["pass"]),
        ("x += 1", ["pass", "(2)"]),
        ("x = y", ["None"]),
        ("x: int = y", ["None"]),
        ("x: int", []),
        ("x = None", []),
        ("raise ValueError('words')", ["pass"]),
        ("del x", ["pass"]),
        ("assert x", ["pass"]),
        ("import x", []),
        ("'a docstring'", []),
        ("x = a < b", ["None", "(a >= b)"]),
        ("x = a is not b", ["None", "(a is b)"]),
        ("x = a and b", ["None", "(a or b)"]),
        ("x = a + b % c", ["None", "(a - b % c)", "(b * c)"]),
        ("x = b if a else c", ["None", "(c if a else b)"]),
        ("x = not a", ["None", "(a)"]),
        ("x = True", ["None", "(False)"]),
        ("x = f'{a + 1}'", ["None"]),
        ("if a:\n    put(1 + 1)", ["(not a)"]),
        ("while a:\n    break", ["(not a)"]),
        ("for a in b:\n    continue", ["()"]),
        ("def f(a=1, b: 'Literal[2]' = 3):\n    put(4)", ["(2)", "(4)"]),
    ],
)
def test_a_statement_has_few_mutants_and_the_coarsest_comes_first(statement: str, said: list[str]) -> None:
    texts = [mutant.text.replace("(not (a))", "(not a)") for mutant in mutants(f"{statement}\n".encode(), {1})]

    assert texts == said


def test_what_is_below_a_compound_statement_is_not_its_own() -> None:
    source = b"def f(a):\n    while a:\n        if a:\n            break\n        continue\n    return 'x'\n"

    assert [(mutant.line, mutant.text) for mutant in mutants(source, range(4, 7))] == [
        (6, "None"),
        (5, "break"),
        (4, "continue"),
    ]


@pytest.mark.parametrize("source", [b"def", b"x = '\xff'\n", b"", b"x = 1\0\n"])
def test_what_does_not_parse_has_none(source: bytes) -> None:
    assert list(mutants(source, range(9))) == []


expressions = st.recursive(
    st.sampled_from(["a", "b", "1", "2.5", "True", "None", "'\u00fc'", "f'{a}'"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "%", "<", "in", "and", "is not", ","]), inner).map(
            lambda parts: f"({' '.join(parts)})"
        ),
        inner.map("(not {})".format),
        inner.map("[x for x in a if {}]".format),
        inner.map("a(\n    {},\n)".format),
    ),
    max_leaves=8,
)
statements = st.tuples(
    st.sampled_from(["{}", "a = {}", "a += {}", "if {}: pass", "for a in {}: pass", "assert {}", "raise {}"]),
    expressions,
).map(lambda parts: parts[0].format(parts[1]))


@given(several=st.lists(statements, min_size=1, max_size=4))
def test_a_mutant_parses_and_says_something_else_and_leaves_other_statements_alone(several: list[str]) -> None:
    source = "# \u00fc\n" + "\n".join(several) + "\n"
    before = ast.parse(source).body
    lines = {statement.lineno: at for at, statement in enumerate(before)}

    for mutant in mutants(source.encode(), lines):
        after = ast.parse(applied(source.encode(), mutant)).body
        differ = [at for at, pair in enumerate(zip(before, after)) if len(set(map(ast.dump, pair))) == 2]
        assert (len(after), differ) == (len(before), [lines[mutant.line]])


SHOP = """\
RATE = 3


def price(n):
    total = n * RATE
    if n > 10:
        total -= 1
    return total


def never(n):
    return n
"""
TESTS = """\
from app.shop import price


def test_price():
    assert price(1) == 3


def test_runs():
    assert price(11)


def test_fails():
    assert price(1) == 7
"""


@pytest.fixture(scope="module")
def mutated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Repository, str]:
    """A repository, and what `gates mutate` said of it."""
    made = Repository(tmp_path_factory.mktemp("mutated"))
    made.write("policies/gates.toml", '[gates.uncovered-change]\npaths = ["app/**"]\n\n[gates.empty-test]\n')
    made.write("app/__init__.py")
    made.write("tests/test_shop.py", TESTS)
    made.commit()
    made.write("app/shop.py", SHOP)
    made.commit()
    words = ["mutate", "-C", str(made.root), "tests"]
    done = CliRunner().invoke(gates, words, catch_exceptions=False, standalone_mode=False)
    return made, str(done.output)


def test_what_no_test_notices_is_listed_and_recorded(mutated: tuple[Repository, str]) -> None:
    repository, said = mutated

    assert said.splitlines() == [
        "app/shop.py:7: its mutants survive (reached by 1 test): `total -= 1` as `pass`, `1` as `(2)`",
        f"5 changed statements mutated in 6 runs: 4 noticed by a test, 1 not; recorded in {PLACE}",
        "reached by no test: 1 statement; uncovered-change tells which",
        "left out, since they fail in an unmutated copy of the tree: 1 test: tests/test_shop.py::test_fails",
    ]
    assert (repository.root / "app" / "shop.py").read_text("utf-8") == SHOP
    assert repository.git("status", "--short") == ""


def test_empty_test_lists_it_and_does_not_fail(mutated: tuple[Repository, str]) -> None:
    repository, _ = mutated

    (finding,) = asked(EmptyTest(), gatherer(repository.open()))

    assert (finding.path, finding.line, finding.verdict) == ("app/shop.py", 7, "unproven")
    assert finding.subject == "survives: `total -= 1` as `pass`"


def fact(repository: Repository, **settings: object) -> Mutants:
    return gatherer(repository.open(), MutantSettings=MutantSettings(**settings)).get(Mutants)  # type: ignore[arg-type]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """One with a recording of a module and of the file that tests it."""
    made = Repository(tmp_path / "repository")
    made.commit(app="x = 1\n", test_app="def test_x():\n    assert app.x\n")
    files = made.open().files
    tried = (Tried(1, 2, 0, 1, ("`1` as `None`", "`1` as `(2)`")), Tried(2, 1, 1, 1, ()))
    recording = MutantRecording(
        {"app.py": TriedFile(files["app.py"].blob, tried)}, {"test_app.py": files["test_app.py"].blob}
    )
    made.write(PLACE, render(recording))
    return made


def test_a_recording_tells_of_what_is_as_it_was(repository: Repository) -> None:
    told = fact(repository)

    assert [(path, tried.line) for path, tried in told.survivors()] == [("app.py", 1)]
    assert told.account() == {"mutated": 1}
    assert told.lacking == {}


@pytest.mark.parametrize("changed", ["app", "test_app"])
def test_once_the_module_or_its_test_changed_it_tells_nothing(repository: Repository, changed: str) -> None:
    repository.commit(**{changed: "x = 2\n"})

    assert list(fact(repository).survivors()) == []
    assert fact(repository).lacking == {}
    assert fact(repository, required=True).lacking == {
        PLACE: "speaks of no module of this repository as it is now; run `gates mutate`"
    }


def test_a_recording_that_is_missing_lacks_only_where_it_is_required(repository: Repository) -> None:
    (repository.root / PLACE).unlink()

    assert fact(repository).lacking == {}
    assert fact(repository, required=True).lacking == {PLACE: "does not exist; run `gates mutate`"}


@pytest.mark.parametrize("content", ["{", "[]", '{"files": {}, "tests": {}, "schema": 2}', '{"files": {"a": 1}}', ""])
def test_a_damaged_recording_is_told_and_never_taken_for_an_empty_one(repository: Repository, content: str) -> None:
    repository.write(PLACE, content)

    assert "is no recording of mutants" in fact(repository).lacking[PLACE]
    with pytest.raises(RecordingError):
        parse(content.encode())


def test_a_recording_outside_the_repository_is_refused() -> None:
    with pytest.raises(PolicyError, match="below the repository's root"):
        MutantSettings(file="../mutants.json")


def test_data_that_is_none_is_told(tmp_path: Path) -> None:
    place = tmp_path / "data"
    place.write_bytes(b"nonsense")

    with pytest.raises(ReportError, match=r"coverage\.py cannot read it"):
        reached(place, {})


def test_tests_that_cannot_be_run_are_told_with_what_pytest_said(tmp_path: Path) -> None:
    made = Repository(tmp_path / "repository")
    made.write("policies/gates.toml", "[gates.uncovered-change]\n")
    made.commit(app="x = 1\n", test_app="import nonsense\n")
    words = ["mutate", "-C", str(made.root)]

    done = CliRunner().invoke(gates, words, standalone_mode=False)

    assert "No module named 'nonsense'" in str(done.exception) or "Interrupted: 1 error" in str(done.exception)
