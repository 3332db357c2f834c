"""A finding about a file that does not parse stands where the parser stopped."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from gates.facts.checkout import Checkout
from gates.facts.unparsed import line_of
from gates.policy import Policy
from gates.running import run
from tests.checkout.repository import Repository

POLICY = "[gates.dynamic-import]\n[gates.swallowed-failure]\n[gates.unparsable-module]\n"
BROKEN = "import importlib\ntry: pass\nexcept: pass\nx = = 1\n"


@pytest.mark.parametrize("gate", ["dynamic-import", "swallowed-failure", "unparsable-module"])
def test_a_file_that_cannot_be_parsed_is_found_on_the_line_that_stops_the_parser(gate: str, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit(broken=BROKEN)
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "gates.toml").write_text(POLICY, "utf-8")

    report = run(Policy.load(policies), Checkout.open(repository.root), today=dt.date(2026, 11, 22))

    (finding,) = report.result(gate).findings
    assert (finding.path, finding.line) == ("broken.py", 4)


@pytest.mark.parametrize(
    ("reason", "line"),
    [
        ("line 12: invalid syntax", 12),
        ("line None: no line", 0),
        ("source code string cannot contain null bytes", 0),
        ("line up", 0),
        ("line ²: x", 0),
        ("", 0),
    ],
)
def test_the_line_is_the_one_that_the_reason_begins_with(reason: str, line: int) -> None:
    assert line_of(reason) == line
