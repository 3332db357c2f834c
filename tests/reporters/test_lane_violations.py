"""The lane report is written whatever was found, and does not pass for a pass."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given

from gates.report import LaneMap, Level, Outcome, Report, Result
from gates.reporters.lane_violations import lanes_json, lanes_markdown
from tests.reporters.fixed_report import CALM, CROSS_LANE, LEGACY, REPORT
from tests.reporters.random_reports import FEW, reports

LANES = LaneMap({"a": 1, "b": 2}, {"a": ("a",), "b": ("a", "b")}, {("b", "a"): 3})


def test_zero_violations_are_reported_with_what_was_looked_at() -> None:
    report = replace(CALM, lanes=LANES)
    tree = json.loads(lanes_json(report))

    assert tree["outcome"] == "passed"
    assert tree["counts"] == {"standing": 0, "waived": 0, "owed": 0}
    assert tree["violations"] == []
    assert tree["examined"] == {"modules": 6739, "lanes": 3}
    assert tree["matrix"] == {"a": {"a": 0, "b": 0}, "b": {"a": 3, "b": 0}}
    assert "cross-lane-import passed: 0 violations, 0 waived, 0 owed; looked at 3 lanes, 6,739 modules." in (
        lanes_markdown(report)
    )


def test_where_the_gate_was_not_asked_the_report_says_so() -> None:
    report = replace(CALM, results=CALM.results[1:])
    tree = json.loads(lanes_json(report))

    assert (tree["outcome"], tree["lanes"]) == (None, None)
    assert tree["reason"] == "cross-lane-import was not asked: nothing is known of lanes"
    assert "was not asked" in lanes_markdown(report)


def test_where_the_gate_could_not_tell_the_report_says_why() -> None:
    broken = Result("cross-lane-import", Level.BLOCK, Outcome.BROKEN, reason="lanes.toml is missing")
    report = replace(CALM, results=(broken,))

    assert json.loads(lanes_json(report))["outcome"] == "broken"
    assert "lanes.toml is missing" in lanes_markdown(report)


def test_violations_of_other_gates_are_none_of_lanes() -> None:
    tree = json.loads(lanes_json(REPORT))

    assert {violation["subject"] for violation in tree["violations"]} == {
        finding.subject for finding in CROSS_LANE.findings
    }


def test_each_violation_has_its_chain() -> None:
    chain = "runtime.answer -> runtime.bridge -> runtime.memory.folding -> candidate.folding.deep"

    assert chain in [" -> ".join(violation["trace"]) for violation in json.loads(lanes_json(REPORT))["violations"]]
    assert f"  - `{chain}`" in lanes_markdown(REPORT)


def test_what_is_waived_or_owed_is_listed_with_its_state() -> None:
    standing, waived, owed = CROSS_LANE.findings
    result = replace(CROSS_LANE, findings=(standing,), waived=((waived, LEGACY),), owed=(owed,))
    report = replace(CALM, results=(result,))
    violations = json.loads(lanes_json(report))["violations"]

    assert [violation["state"] for violation in violations] == ["standing", "waived", "owed"]
    assert violations[1]["waiver"]["ticket"] == "T4-123"
    assert "(waived until 2027-01-31 by @plugins, T4-123:" in lanes_markdown(report)
    assert lanes_markdown(report).rstrip().endswith("(owed)")


@FEW
@given(report=reports())
def test_the_counts_are_those_of_the_violations(report: Report) -> None:
    tree = json.loads(lanes_json(report))
    states = [violation["state"] for violation in tree["violations"]]

    assert tree["counts"] == {state: states.count(state) for state in ("standing", "waived", "owed")}
