"""Each form in which a registered plugin is loaded: mended so that the gate is content, or left with the reason."""

from __future__ import annotations

import ast
import datetime as dt
from pathlib import Path

import pytest

from gates.facts.checkout import Checkout
from gates.policy import Policy
from gates.running import run
from tests.fixes.case_files import Case, cases
from tests.fixes.registered import Outcome, outcome, repository

TODAY = dt.date(2026, 11, 22)
every_case = pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return repository(tmp_path_factory.mktemp("cases") / "shop", service="").open()


@every_case
def test_a_case_comes_out_as_it_says_and_then_the_gate_finds_what_is_left_and_no_more(
    case: Case, shop: Checkout
) -> None:
    laid = shop.overlaid({path: content.encode() for path, content in case.files.items()})
    first = outcome(laid)
    after = laid if first.after is None else laid.overlaid({"service.py": first.after})
    second = outcome(after)
    result = run(Policy.load(shop.root / "policies"), after, today=TODAY).result("dynamic-import")

    assert ("" if first.after is None else first.after.decode("utf-8")) == case.after
    assert first.left == case.left
    assert second.after is None
    assert len(second.left) == len(case.left)
    assert len([finding for finding in result.findings if finding.path == "service.py"]) == len(case.left)


def test_what_comes_out_is_python() -> None:
    assert all(ast.parse(case.after) for case in cases())


def test_there_are_cases_of_both_kinds() -> None:
    assert sum(bool(case.after) for case in cases()) > 10
    assert sum(bool(case.left) for case in cases()) > 5


def test_where_no_group_of_the_policy_is_announced_nothing_is_mended(tmp_path: Path) -> None:
    made = repository(
        tmp_path / "shop", service='import importlib\n\nimportlib.import_module("candidate.memory").Recall()\n'
    )
    made.write("policies/gates.toml", '[gates.dynamic-import]\nresolve = "lukhas.registry:resolve"\ngroups = {}\n')

    reason = "`importlib.import_module('candidate.memory')`: it loads no plugin of the groups that the policy names"
    assert outcome(made.open()) == Outcome(None, (f"3: {reason}",))
