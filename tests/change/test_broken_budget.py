"""Slower than the base, over the budget, or a budget that was raised: what a recording of timings is told to mean."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.checks.change.broken_budget import BrokenBudget
from gates.facts.budgets import BudgetsPolicy
from gates.facts.checkout import Checkout
from gates.facts.timing.deciding import UNHARMED, decide
from gates.facts.timing.recording import Timed
from gates.facts.timings import Timings, TimingsSettings
from gates.finding import Finding
from gates.globs import Glob
from gates.policy_file import parse_toml, typed
from tests.change.asking import asked, gatherer, told
from tests.checkout.repository import Repository

NAME = "test_recall.py::test_recall"
FILE = ".gates/timings.json"
EVEN = [0.001, -0.002, 0.0, 0.003, -0.001, 0.002, 0.001, -0.001]
SLOWER = [0.05 + ratio for ratio in EVEN]
BUDGET = '[[budget]]\nname = "recall"\nbenchmark = "test_recall.py::test_recall"\n'
RAISE = '[budget.raised]\nreason = "the new index"\nowner = "@memory"\n'


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    made.write(".gitignore", ".gates/\n")
    budgets(made, f"{BUDGET}p95 = 0.005\n")
    made.write("policies/gates.toml")
    made.commit(recall="def recall(cue):\n    return cue\n", other="x = 1\n")
    return made


def budgets(repository: Repository, text: str) -> None:
    repository.write("policies/budgets.toml", text)


def calls(milliseconds: float, many: int = 80) -> list[list[float]]:
    """So many calls of eight launches, spread over a tenth of a millisecond."""
    return [
        [(milliseconds + 0.01 * ((one * 7 + launch * 3) % 10)) / 1e3 for one in range(many // 8)] for launch in range(8)
    ]


def record(repository: Repository, base: Optional[str] = "HEAD", **said: Any) -> None:
    """A recording of the tree as it stands, with one benchmark; `said` are its fields."""
    timed = {"name": NAME, "path": "test_recall.py", "line": 4, "seconds": calls(2), "ratios": EVEN, **said}
    record_of(repository, [timed], base)


def record_of(repository: Repository, benchmarks: Sequence[Any], base: Optional[str] = "HEAD") -> None:
    checkout = repository.open()
    files = {path: file.blob for path, file in checkout.files.items() if path.endswith(".py")}
    commit = repository.git("rev-parse", base) if base else None
    head = {"recording": "timings", "schema": 1, "commit": checkout.commit, "tree": None, "base": commit}
    repository.write(FILE, json.dumps({**head, "machine": {}, "files": files, "benchmarks": benchmarks}))


def found(repository: Repository, gate: Optional[BrokenBudget] = None, **settings: Any) -> list[Finding]:
    return asked(gate or BrokenBudget(), facts(repository, **settings))


def facts(repository: Repository, **settings: Any) -> Any:
    place = repository.root / "policies" / "budgets.toml"
    table = parse_toml(place.read_bytes(), "policies/budgets.toml") if place.is_file() else {}
    return gatherer(
        Checkout.open(repository.root, base="HEAD"),
        TimingsSettings=TimingsSettings(FILE, **settings),
        BudgetsPolicy=typed(BudgetsPolicy, table, "policies/budgets.toml:"),
    )


def lacking(repository: Repository, **settings: Any) -> list[str]:
    return list(facts(repository, **settings).get(Timings).lacking.values())


# Slower


def test_nothing_is_found_where_nothing_is_slower_and_every_budget_is_kept(repository: Repository) -> None:
    record(repository)

    assert found(repository) == []


def test_a_benchmark_that_is_slower_than_the_base_is_found_at_its_line(repository: Repository) -> None:
    record(repository, ratios=SLOWER)

    (finding,) = found(repository)

    assert (finding.path, finding.line, finding.subject) == ("test_recall.py", 4, f"{NAME}: slower")
    assert finding.message == ("`test_recall` is 5.2% slower than at the base, after 8 launches; at least 5.0%")


def test_one_that_is_allowed_to_become_slower_is_not(repository: Repository) -> None:
    record(repository, ratios=SLOWER, instructions={"head": [1400], "base": [1000]})

    assert found(repository, BrokenBudget(allowed_in=(Glob("test_*.py"),))) == []


def test_what_is_tolerated_is_not_found(repository: Repository) -> None:
    record(repository, ratios=SLOWER)

    assert found(repository, tolerated=0.10) == []


NOISE = [0.3, -0.4, 0.2, 0.1, -0.2, 0.4, -0.3, 0.2]


def test_what_is_not_proven_fails_where_the_slowdown_that_the_policy_names_may_hide_in_it(
    repository: Repository,
) -> None:
    record(repository, ratios=NOISE)

    (finding,) = found(repository)

    assert finding.verdict == "opaque"
    assert "not proven that it is no slower than at the base after 8 launches: between" in finding.message
    assert finding.message.endswith("and 5% must be ruled out")


def test_what_is_not_proven_is_told_and_passes_where_that_slowdown_is_ruled_out(repository: Repository) -> None:
    record(repository, ratios=[ratio / 10 for ratio in NOISE])

    (finding,) = found(repository, BrokenBudget(ruled_out=0.06))

    assert finding.verdict == "unproven"
    assert finding.message.endswith("and 6% is ruled out")
    assert [each.verdict for each in found(repository, BrokenBudget(ruled_out=0.03))] == ["opaque"]


@given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=40), st.floats(0.01, 0.2))
def test_nothing_passes_of_which_so_much_is_not_ruled_out(ratios: list[float], ruled_out: float) -> None:
    timed = Timed(name=NAME, path="test_recall.py", ratios=tuple(ratios))
    compared = decide({NAME: ratios})[NAME]

    fails = any(each.verdict != "unproven" for each in BrokenBudget(ruled_out=ruled_out)._regressions(timed, compared))

    assert fails or compared.most < max(ruled_out, UNHARMED)


def test_a_benchmark_that_could_not_be_measured_is_found_with_the_reason(repository: Repository) -> None:
    record(repository, ratios=[], lacks="base: ImportError: no module named recall")

    assert told(found(repository)) == [("test_recall.py", 4, f"{NAME}: not told")]


# More work


@pytest.mark.parametrize(
    ("head", "base", "is_found"),
    [
        ([1006, 1006], [1000, 1000], True),
        ([1004, 1004], [1000, 1000], False),
        ([990, 990], [1000, 1000], False),
        ([1100, 1006], [1000, 1001], False),  # where counts differ, the nearest ones are held against each other
        ([1006, 1006], [], False),
    ],
)
def test_half_a_per_cent_more_instructions_are_found_where_counting_is_exact(
    repository: Repository, head: list[int], base: list[int], is_found: bool
) -> None:
    record(repository, instructions={"head": head, "base": base})

    assert told(found(repository)) == [("test_recall.py", 4, f"{NAME}: bytecode instructions")] * is_found


def test_how_many_more_are_tolerated_is_the_policys_to_say(repository: Repository) -> None:
    record(repository, instructions={"head": [1100], "base": [1000]})

    assert found(repository, BrokenBudget(tolerated_instructions=0.2)) == []


# Over the budget


def test_a_budget_that_is_broken_is_found_where_it_stands(repository: Repository) -> None:
    record(repository, seconds=calls(9))

    (finding,) = found(repository)

    assert (finding.path, finding.line, finding.subject) == ("policies/budgets.toml", 4, "recall: p95")
    assert finding.message.startswith("recall: p95 is over 9.")


def test_a_budget_that_too_few_calls_can_decide_is_not_kept(repository: Repository) -> None:
    record(repository, seconds=calls(2, many=56))

    (finding,) = found(repository)

    assert finding.verdict == "opaque"
    assert finding.message.endswith("the calls amount to 56 independent ones, and 95% need 59")


def test_a_budget_between_the_bounds_is_not_proven_and_so_not_kept(repository: Repository) -> None:
    record(repository, seconds=[[0.001] * 9 + [0.001 if launch % 2 else 0.05] for launch in range(8)])

    (finding,) = found(repository)

    assert finding.verdict == "opaque"
    assert "p95 not proven" in finding.message


@pytest.mark.parametrize(("limit", "subjects"), [(4095, ["recall: memory"]), (4096, [])])
def test_what_a_call_holds_is_held_against_its_budget(repository: Repository, limit: int, subjects: list[str]) -> None:
    budgets(repository, f"{BUDGET}p95 = 0.005\nmemory = {limit}\n")
    record(repository, memory=4096)

    assert [finding.subject for finding in found(repository)] == subjects


def test_memory_that_nobody_measured_is_not_within_its_budget(repository: Repository) -> None:
    budgets(repository, f"{BUDGET}p95 = 0.005\nmemory = 4096\n")
    record(repository)

    assert told(found(repository)) == [("policies/budgets.toml", 5, "recall: memory")]


def test_a_call_that_is_too_short_to_be_timed_alone_keeps_no_budget(repository: Repository) -> None:
    record(repository, seconds=[[] for _ in range(8)])

    assert told(found(repository)) == [("policies/budgets.toml", 4, "recall: p95")]


def test_a_budget_that_nothing_measures_is_found(repository: Repository) -> None:
    record(repository, name="test_recall.py::test_another")

    assert told(found(repository)) == [("policies/budgets.toml", 4, "recall: not measured")]


# Raised


def test_a_budget_that_was_raised_is_found(repository: Repository) -> None:
    budgets(repository, f"{BUDGET}p95 = 0.006\n")
    record(repository)

    (finding,) = found(repository)

    assert (finding.line, finding.subject) == (4, "recall: p95 raised")
    assert "was raised from 0.005 to 0.006" in finding.message


@pytest.mark.parametrize("text", ["", '[[budget]]\nname = "recall"\nbenchmark = "x"\np99 = 1\n'])
def test_a_budget_that_was_taken_away_is_found(repository: Repository, text: str) -> None:
    budgets(repository, text)
    record(repository, name="x")

    assert [each.subject for each in found(repository)] == ["recall: p95 gone"] + ["recall: p99"] * bool(text) or [
        each.subject for each in found(repository)
    ] == ["recall: p95 gone"]


def test_a_budget_that_was_lowered_is_not(repository: Repository) -> None:
    budgets(repository, f"{BUDGET}p95 = 0.004\n")
    record(repository)

    assert found(repository) == []


def test_a_raise_with_a_last_day_holds_until_then(repository: Repository) -> None:
    budgets(repository, f"{BUDGET}p95 = 0.005\n{RAISE}p95 = 0.010\nexpires = 2026-11-23\n")
    record(repository, seconds=calls(9))

    assert found(repository) == []


def test_behind_its_last_day_the_budget_itself_holds_and_the_raise_is_found(repository: Repository) -> None:
    budgets(repository, f"{BUDGET}p95 = 0.005\n{RAISE}p95 = 0.010\nexpires = 2026-11-22\n")
    record(repository, seconds=calls(9))

    assert [(each.subject, each.line) for each in found(repository)] == [
        ("recall: raise expired", 9),
        ("recall: p95", 4),
    ]


def test_of_two_raises_the_one_that_expired_is_pointed_at(repository: Repository) -> None:
    other = BUDGET.replace('name = "recall"', 'name = "fold"')
    text = f"{BUDGET}p95 = 0.005\n{RAISE}p95 = 0.010\nexpires = 2026-11-24\n"
    budgets(repository, f"{text}{other}p95 = 0.005\n{RAISE}p95 = 0.010\nexpires = 2026-11-22\n")
    record(repository)

    assert [(each.subject, each.line) for each in found(repository)] == [("fold: raise expired", 18)]


def test_a_raise_is_judged_without_a_recording_too(repository: Repository) -> None:
    budgets(repository, f"{BUDGET}p95 = 0.006\n")

    assert [each.subject for each in found(repository)] == ["recall: p95 raised"]


# What cannot be told


def test_a_recording_that_is_missing_cannot_tell(repository: Repository) -> None:
    assert lacking(repository) == ["does not exist; run `gates measure`"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "is no JSON, or cut off"),
        ("{}", "is no recording of timings"),
        ('{"recording": "timings", "schema": 2}', "its schema is 2, and this version reads 1"),
        ('{"recording": "timings", "schema": 1}', "is not as it should be: Object missing required field `commit`"),
    ],
)
def test_a_recording_that_is_damaged_cannot_tell(repository: Repository, content: str, why: str) -> None:
    repository.write(FILE, content)

    assert lacking(repository) == [f"{why}; run `gates measure`"]


def test_a_recording_without_a_benchmark_cannot_tell(repository: Repository) -> None:
    record_of(repository, [])

    assert lacking(repository) == ["holds no benchmark; run `gates measure`"]


@pytest.mark.parametrize("said", [{"seconds": [[-1.0]]}, {"path": "../x.py"}, {"ratios": [1e9]}])
def test_a_recording_that_holds_nonsense_cannot_tell(repository: Repository, said: dict[str, Any]) -> None:
    record(repository, **said)

    assert len(lacking(repository)) == 1


def test_a_recording_of_other_code_cannot_tell(repository: Repository) -> None:
    record(repository)
    repository.write("recall.py", "def recall(cue):\n    return [cue]\n")

    assert lacking(repository) == ["is older than recall.py; run `gates measure`"]
    assert lacking(repository, paths=(Glob("other.py"),)) == []


def test_a_recording_with_a_module_that_is_gone_cannot_tell(repository: Repository) -> None:
    record(repository)
    (repository.root / "other.py").unlink()

    assert lacking(repository) == ["is older than other.py; run `gates measure`"]


def test_a_recording_beside_another_base_cannot_tell(repository: Repository) -> None:
    before = repository.git("rev-parse", "HEAD")
    repository.commit(later="y = 1\n")
    record(repository, base=before)

    (why,) = lacking(repository)

    assert why.startswith(f"was compared with {before[:12]}, and the base is ")


def test_a_recording_beside_no_base_tells_of_budgets_where_that_is_enough(repository: Repository) -> None:
    record(repository, base=None, ratios=[])

    assert lacking(repository) == ["was not compared with the base; run `gates measure`"]
    assert lacking(repository, compare=False) == []


# What pytest-benchmark wrote


def write_json(repository: Repository, commit: Optional[str], data: Sequence[float], **commit_info: Any) -> None:
    stats = {"iterations": 1, "data": list(data)}
    told = {
        "machine_info": {"node": "here", "python_version": "3.11.7"},
        "commit_info": {"id": commit, "dirty": False, **commit_info},
        "benchmarks": [{"fullname": NAME, "name": "test_recall", "stats": stats}],
    }
    repository.write(FILE, json.dumps(told))


def test_budgets_are_judged_by_what_pytest_benchmark_wrote(repository: Repository) -> None:
    write_json(repository, repository.git("rev-parse", "HEAD"), [0.009] * 60)

    assert lacking(repository, compare=False) == []
    assert told(found(repository, compare=False)) == [("policies/budgets.toml", 4, "recall: p95")]


def test_what_it_wrote_of_another_commit_cannot_tell(repository: Repository) -> None:
    write_json(repository, "0" * 40, [0.001] * 60)

    assert lacking(repository, compare=False) == ["is of commit 000000000000; run `gates measure`"]


def test_what_it_wrote_of_a_tree_that_was_edited_cannot_tell(repository: Repository) -> None:
    commit = repository.git("rev-parse", "HEAD")

    write_json(repository, commit, [0.001] * 60, dirty=True)
    assert "the tree that was measured differs from it" in lacking(repository, compare=False)[0]
    write_json(repository, commit, [0.001] * 60)
    repository.write("recall.py", "def recall(cue):\n    return [cue]\n")
    assert "recall.py differs from it" in lacking(repository, compare=False)[0]
