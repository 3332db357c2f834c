"""Each line of the cases: what the tree contradicts is found, with what would be right; nothing else is."""

from __future__ import annotations

import datetime as dt
import subprocess
from pathlib import Path

import pytest

from gates.facts.checkout import Checkout
from gates.facts.context.claims import Claims
from gates.facts.context.held import CONTRADICTED, UPHELD, Held
from gates.facts.store import Store
from gates.policy import Policy
from gates.running import Run
from tests.context.case_files import Case, Expected, cases, tree

POLICY = """
[gates.stale-context]

[facts.context]
template = ["claude.me"]

[[facts.context.count]]
noun = "components"
paths = ["src/acme/plugins/*.py"]
leave_out = ["src/acme/plugins/__init__.py"]
"""
every_case = pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("cases") / "acme"
    for path, text in {**tree(), "claude.me": "# Acme\n", "policies/gates.toml": POLICY}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)  # which files are ignored, git says
    return root


def held(root: Path, files: dict[str, str]) -> tuple[Held, ...]:
    checkout = Checkout.open(root).overlaid({path: text.encode() for path, text in files.items()})
    run = Run(Policy.load(root / "policies"), checkout, dt.date(2026, 11, 22), Store(None), workers=1)
    return run.gatherer().get(Claims).held


@every_case
def test_what_each_line_says_is_held_against_the_tree(case: Case, acme: Path) -> None:
    found = [one for one in held(acme, {case.path: case.text}) if one.path == case.path]

    wrong = []
    for line, expected in case.lines.items():
        here = [one for one in found if one.claim.line == line]
        if not is_as_expected(here, expected):
            wrong.append(f"line {line}, {case.text.splitlines()[line - 1]!r}: {expected}, but {here}")
    assert not wrong, "\n".join(wrong)


def is_as_expected(here: list[Held], expected: Expected) -> bool:
    contradicted = [one for one in here if one.answer.verdict == CONTRADICTED]
    if expected.verdict == "stale":
        nearest = [one.answer.nearest for one in contradicted]
        return bool(nearest) and (expected.nearest is None or expected.nearest in nearest)
    if contradicted:
        return False
    return expected.verdict != "true" or any(one.answer.verdict == UPHELD for one in here)


def test_there_are_sixty_cases_of_each_kind() -> None:
    said = [expected for case in cases() for expected in case.lines.values()]
    quiet = [
        line
        for case in cases()
        for number, line in enumerate(case.text.splitlines(), 1)
        if line.strip() and case.lines[number].verdict != "stale"
    ]

    assert sum(expected.verdict == "stale" for expected in said) >= 60
    assert sum(expected.verdict == "true" for expected in said) >= 60
    assert len(quiet) >= 120
