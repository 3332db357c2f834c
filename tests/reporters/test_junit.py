"""JUnit XML that any parser reads, with counts that add up."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given

from gates.finding import Finding
from gates.report import Level, Outcome, Report, Result
from gates.reporters.junit import render
from tests.reporters.fixed_report import CALM
from tests.reporters.random_reports import FEW, reports


def suites(report: Report) -> ET.Element:
    return ET.fromstring(render(report).encode())


@FEW
@given(report=reports())
def test_any_report_is_xml_and_its_counts_add_up(report: Report) -> None:
    root = suites(report)

    assert len(root) == len(report.results)
    for element in (root, *root):
        assert int(element.attrib["tests"]) == len(list(element.iter("testcase"))) > 0 or not len(root)
        for tag, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(element.attrib[name]) == len(list(element.iter(tag)))


@FEW
@given(report=reports())
def test_a_suite_is_red_exactly_where_the_run_is(report: Report) -> None:
    root = suites(report)
    red = int(root.attrib["failures"]) + int(root.attrib["errors"]) > 0

    assert red == (report.exit_code != 0)


@pytest.mark.parametrize(
    ("result", "tag"),
    [
        (Result("g", Level.BLOCK, Outcome.FAILED, (Finding("a.py", 1, "m", "s"),)), "failure"),
        (Result("g", Level.BLOCK, Outcome.FAILED, reason="cannot fail here"), "failure"),
        (Result("g", Level.WARN, Outcome.FAILED, (Finding("a.py", 1, "m", "s"),)), "skipped"),
        (Result("g", Level.BLOCK, Outcome.BROKEN, reason="no such tool"), "error"),
        (Result("g", Level.BLOCK, Outcome.VACUOUS, reason="no modules"), "error"),
        (Result("g", Level.BLOCK, Outcome.VACUOUS, reason="no modules", excused="--changed"), "skipped"),
    ],
)
def test_each_way_to_end_has_its_tag(result: Result, tag: str) -> None:
    (case,) = suites(replace(CALM, results=(result,))).iter("testcase")

    assert [ending.tag for ending in case] == [tag]


def test_a_gate_that_passed_is_one_case_that_passed() -> None:
    cases = list(suites(CALM).iter("testcase"))

    assert [(case.attrib["classname"], case.attrib["name"], len(case)) for case in cases] == [
        ("cross-lane-import", "holds", 0),
        ("waiver", "holds", 0),
    ]


def test_equal_findings_are_cases_of_their_own() -> None:
    same = tuple(Finding("a.py", line, "m", subject="s") for line in (1, 2))
    cases = suites(replace(CALM, results=(Result("g", Level.BLOCK, Outcome.FAILED, same),))).iter("testcase")

    assert [case.attrib["name"] for case in cases] == ["a.py: s", "a.py: s (2)"]
