"""What no test reaches is a debt by file that only falls, and that moves with the code."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from gates.checks.change.falling_coverage import FallingCoverage
from gates.checks.change.uncovered_change import UncoveredChange
from gates.cli import gates
from gates.facts.checkout import Checkout
from gates.facts.coverage import CoverageSettings
from gates.facts.coverage_debt import PLACE, CoverageDebt, beyond, of, parse, render
from gates.facts.fact import Gatherer
from gates.finding import Finding
from tests.change.asking import asked, gatherer, told
from tests.checkout.repository import Repository

RECALL = "def recall(cue):\n    return cue\n\n\ndef fold(cue):\n    if cue:\n        return 1\n    return 2\n"
REPORT = ".gates/coverage.json"


def report(repository: Repository, **files: tuple[list[int], list[int], list[list[int]]]) -> None:
    keys = ("executed_lines", "missing_lines", "missing_branches")
    told = {f"{name}.py": dict(zip(keys, lines)) for name, lines in files.items()}
    repository.write(REPORT, json.dumps({"meta": {"branch_coverage": True}, "files": told}))


def facts(repository: Repository) -> Gatherer:
    return gatherer(Checkout.open(repository.root, base="HEAD"), CoverageSettings=CoverageSettings((REPORT,)))


def found(repository: Repository) -> list[Finding]:
    return asked(FallingCoverage(), facts(repository))


def record(repository: Repository) -> None:
    """What is missed now is what is recorded."""
    debt = facts(repository).get(CoverageDebt)
    repository.write(PLACE, render(of(debt.missed(["**"], []))))


MISSED: dict[str, Any] = {"memory": ([1, 5, 6, 8], [2, 7], [[6, 7]])}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    made.write(".gitignore", ".gates/\n")
    made.commit(memory=RECALL)
    report(made, **MISSED)
    record(made)
    made.commit()
    return made


def test_what_is_recorded_is_no_finding(repository: Repository) -> None:
    assert found(repository) == []
    assert len(json.loads((repository.root / PLACE).read_text())["files"]["memory.py"]["statements"]) == 2


def test_more_than_recorded_is_found_with_its_lines(repository: Repository) -> None:
    report(repository, memory=([1, 5, 6], [2, 7, 8], [[6, 7], [6, 8]]))

    (finding,) = found(repository)

    assert (finding.path, finding.line, finding.subject) == ("memory.py", 6, "debt")
    assert finding.message == ("1 statement and 1 branch more than recorded are reached by no test (3 recorded): 6, 8")


def test_another_statement_in_place_of_a_recorded_one_is_found(repository: Repository) -> None:
    report(repository, memory=([1, 2, 5, 6], [7, 8], [[6, 7]]))

    assert told(found(repository)) == [("memory.py", 8, "debt")]


def test_what_moves_takes_its_debt_along(repository: Repository) -> None:
    (repository.root / "memory.py").unlink()
    repository.write("renamed.py", "import os\n\n" + RECALL)

    report(repository, renamed=([1, 3, 7, 8, 10], [4, 9], [[8, 9]]))

    assert found(repository) == []


def test_less_than_recorded_is_told_and_fails_nothing(repository: Repository) -> None:
    report(repository, memory=([1, 2, 5, 6, 8], [7], [[6, 7]]))

    (note,) = found(repository)

    assert (note.path, note.verdict) == ("memory.py", "unproven")
    assert note.message == "1 less than recorded is reached by no test; `gates coverage` records it"


def test_a_record_that_was_raised_is_found(repository: Repository) -> None:
    report(repository, memory=([1, 5, 6], [2, 7, 8], [[6, 7]]))
    record(repository)

    (finding,) = found(repository)

    assert (finding.path, finding.subject) == (PLACE, "memory.py")
    assert "was raised by 1; it may only fall" in finding.message


def test_a_module_that_no_report_mentions_owes_all_of_it(repository: Repository) -> None:
    never = repository.write("never.py", "x = 1\ny = 2\n")
    os.utime(never, (0, 0))  # it was there when the report was made

    assert told(found(repository)) == [("never.py", 1, "debt")]


@pytest.mark.parametrize("content", [None, "{", "[]", '{"schema": 1, "files": {"a.py": []}}'])
def test_without_a_record_it_cannot_tell(repository: Repository, content: str) -> None:
    (repository.root / PLACE).unlink()
    if content is not None:
        repository.write(PLACE, content)

    assert found(repository) == []
    assert "run `gates coverage`" in facts(repository).get(CoverageDebt).lacking[PLACE]


def test_s4_a_test_goes_away_and_unchanged_code_is_reached_no_more(repository: Repository) -> None:
    report(repository, memory=([1, 5, 6], [2, 7, 8], [[6, 7]]))

    (finding,) = asked(UncoveredChange(), facts(repository))

    assert (finding.path, finding.line, finding.subject) == ("memory.py", 8, "lost")
    assert finding.message == "what the change does not touch is reached no more, as it was at the base: line 8"


def test_the_command_records_and_then_only_lowers(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.write("policies/gates.toml", f'[gates.falling-coverage]\n\n[facts.coverage]\nreports = ["{REPORT}"]\n')
    (repository.root / PLACE).unlink()
    monkeypatch.chdir(repository.root)

    def coverage(*words: str) -> str:
        done = CliRunner().invoke(gates, ["coverage", *words], catch_exceptions=False, standalone_mode=False)
        return str(done.output)

    report(repository, **MISSED)
    assert coverage() == f"{PLACE}: 3 that no test reaches (0 before)\n"
    report(repository, memory=([1, 2, 5, 6], [7, 8], [[6, 7]]))
    assert coverage() == (
        f"{PLACE}: 2 that no test reaches (3 before)\n1 more are not recorded; test them, or --accept-new\n"
    )
    assert coverage("--accept-new") == f"{PLACE}: 3 that no test reaches (2 before)\n"


keys = st.dictionaries(
    st.sampled_from(["a.py", "b.py", "c.py"]), st.lists(st.sampled_from(["0", "1", ">2"])).map(Counter), max_size=3
)


@given(one=keys, other=keys)
def test_what_is_beyond_a_debt_is_what_all_of_it_owes_more(one: Any, other: Any) -> None:
    def whole(debt: Any) -> Counter[str]:
        return sum(debt.values(), Counter())

    assert whole(beyond(one, other)) == whole(one) - whole(other)
    assert beyond(one, one) == {}
    assert not any(keys - one[path] for path, keys in beyond(one, other).items())


@given(debt=keys)
def test_what_is_rendered_is_read_again(debt: Any) -> None:
    assert parse(render(debt).encode()) == {path: keys for path, keys in debt.items() if keys}
