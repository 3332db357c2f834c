"""No module of this repository is loaded by name outside the places that the policy allows."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from gates.facts.checkout import Checkout
from gates.policy import Policy, folder_of
from gates.proving import prove
from gates.report import Outcome
from gates.running import run

REPOSITORY = Path(__file__).parents[2]
GATE = "dynamic-import"
TODAY = dt.date(2026, 11, 22)


def test_nothing_is_loaded_by_name_outside_the_allowed_modules() -> None:
    checkout = Checkout.open(REPOSITORY)

    result = run(Policy.load(folder_of(REPOSITORY), REPOSITORY), checkout, today=TODAY, only=[GATE]).result(GATE)

    assert [f"{found.path}:{found.line}: {found.message}" for found in result.findings] == []
    assert result.outcome is Outcome.PASSED
    assert result.examined["modules"] >= len([path for path in checkout.files if path.endswith(".py")]) > 100


def test_a_load_by_name_planted_anywhere_else_would_be_found() -> None:
    proof = prove(Policy.load(folder_of(REPOSITORY), REPOSITORY), Checkout.open(REPOSITORY), today=TODAY, only=[GATE])

    assert proof.result(GATE).outcome is Outcome.PASSED, proof.result(GATE).reason
