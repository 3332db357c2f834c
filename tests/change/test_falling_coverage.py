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
from gates.facts.coverage_debt import PLACE, CoverageDebt, Way, beyond, of, parse, render
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
    assert note.message == "1 of what is recorded is owed no more; `gates coverage` records it"


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


OWED = "def owed(a):\n    if a:\n        return 1\n    return 2\n"


@pytest.fixture
def owing(tmp_path: Path) -> Repository:
    """Nothing of a function was ever reached, and that is recorded."""
    made = Repository(tmp_path / "owing")
    made.write(".gitignore", ".gates/\n")
    made.write("policies/gates.toml", f'[gates.falling-coverage]\n\n[facts.coverage]\nreports = ["{REPORT}"]\n')
    made.commit(memory=OWED)
    report(made, memory=([1], [2, 3, 4], []))
    record(made)
    made.commit()
    return made


def test_a_statement_that_is_reached_at_last_owes_no_more_for_the_way_that_is_not_taken(owing: Repository) -> None:
    report(owing, memory=([1, 2, 3], [4], [[2, 4]]))

    (note,) = found(owing)

    assert (note.verdict, note.message) == (
        "unproven",
        "2 of what is recorded is owed no more; `gates coverage` records it",
    )
    assert told(asked(UncoveredChange(), facts(owing))) == []


def test_to_record_that_a_statement_is_reached_raises_nothing(
    owing: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(owing.root)
    report(owing, memory=([1, 2, 3], [4], [[2, 4]]))

    done = CliRunner().invoke(gates, ["coverage"], catch_exceptions=False, standalone_mode=False)

    assert done.output == f"{PLACE}: 2 that no test reaches (3 before)\n"
    kept = json.loads((owing.root / PLACE).read_text())["files"]["memory.py"]
    assert {kind: len(keys) for kind, keys in kept.items()} == {"branches": 1, "statements": 1}
    assert found(owing) == []


def test_what_moves_and_is_reached_at_last_takes_the_excuse_along(owing: Repository) -> None:
    (owing.root / "memory.py").unlink()
    owing.write("renamed.py", OWED)

    report(owing, renamed=([1, 2, 3], [4], [[2, 4]]))

    assert told(found(owing)) == []


def test_a_way_out_of_another_statement_is_not_excused(owing: Repository) -> None:
    owing.write("memory.py", OWED.replace("if a:", "if not a:"))

    report(owing, memory=([1, 2, 3], [4], [[2, 4]]))

    assert told(found(owing)) == [("memory.py", 2, "debt")]


def test_one_statement_excuses_no_second_one_that_says_the_same(owing: Repository) -> None:
    owing.write("memory.py", OWED.replace("    return 2", "    if a:\n        return 1\n    return 2"))

    report(owing, memory=([1, 2, 3, 4, 5], [6], [[2, 3], [4, 5]]))

    (finding,) = [each for each in found(owing) if each.verdict == "violation"]
    assert finding.message.startswith("1 branch more than recorded")


keys = st.dictionaries(
    st.sampled_from(["a.py", "b.py", "c.py"]), st.lists(st.sampled_from(["0", "1", ">2"])).map(Counter), max_size=3
)


@given(one=keys, other=keys)
def test_what_is_beyond_a_debt_is_what_all_of_it_owes_more(one: Any, other: Any) -> None:
    def whole(debt: Any) -> Counter[str]:
        return sum(debt.values(), Counter())

    assert whole(beyond(one, other, {})) == whole(one) - whole(other)
    assert beyond(one, one, {}) == {}
    assert not any(keys - one[path] for path, keys in beyond(one, other, {}).items())


@given(one=keys, other=keys, alike=st.integers(1, 2))
def test_a_statement_that_is_owed_no_more_excuses_its_ways_and_no_others(one: Any, other: Any, alike: int) -> None:
    def whole(debt: Any, kinds: str) -> Counter[str]:
        return Counter({key: many for key, many in sum(debt.values(), Counter()).items() if key in kinds})

    excused = beyond(one, other, {">2": Way("0", alike)})

    paid = (whole(other, "0") - whole(one, "0"))["0"]
    more = (whole(one, ">2") - whole(other, ">2"))[">2"]
    assert whole(excused, "01") == whole(one, "01") - whole(other, "01")
    assert whole(excused, ">2")[">2"] <= more
    assert whole(excused, ">2")[">2"] >= more - paid * alike


@given(debt=keys)
def test_what_is_rendered_is_read_again(debt: Any) -> None:
    assert parse(render(debt).encode()) == {path: keys for path, keys in debt.items() if keys}
