"""The report for machines: it comes back as it went, and is what its schema says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import jsonschema
import pytest
from hypothesis import given

from gates.errors import GatesError
from gates.report import Report
from gates.reporters.json import document, parse, render
from tests.reporters.fixed_report import REPORT
from tests.reporters.random_reports import FEW, reports

SCHEMA = json.loads((Path(__file__).parents[2] / "gates/schemas/report.schema.json").read_bytes())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())


@FEW
@given(report=reports())
def test_a_report_comes_back_exactly(report: Report) -> None:
    text = render(report)

    assert parse(text) == parse(text, checked=False) == report
    assert render(parse(text)) == text


@FEW
@given(report=reports())
def test_a_report_is_what_its_schema_says(report: Report) -> None:
    VALIDATOR.validate(json.loads(render(report)))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_text_is_ascii_sorted_and_ends_with_a_newline() -> None:
    text = render(REPORT)

    assert text.isascii()
    assert text.endswith("}\n")
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True) + "\n"


def test_the_lanes_keep_the_order_of_the_policy() -> None:
    lanes = parse(render(REPORT)).lanes

    assert lanes is not None
    assert REPORT.lanes is not None
    assert list(lanes.may_import) == list(REPORT.lanes.may_import)


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads(json.dumps(document(REPORT)))
    change(tree)
    return tree


WRONG: dict[str, Callable[[dict[str, Any]], object]] = {
    "another schema": lambda tree: tree.update(schema=2),
    "no commit": lambda tree: tree.pop("commit"),
    "a commit that is a number": lambda tree: tree.update(commit=5),
    "a line that is text": lambda tree: tree["results"][0]["findings"][0].update(line="4"),
    "an outcome that does not exist": lambda tree: tree["results"][0].update(outcome="skipped"),
    "a date that is none": lambda tree: tree["results"][1]["waived"][0]["waiver"].update(expires="soon"),
    "a debt without its count": lambda tree: tree["paid_off"][0].pop("count"),
    "an edge that is a pair": lambda tree: tree["lanes"]["edges"].append(["a", "b"]),
    "a result that is null": lambda tree: tree["results"].append(None),
    "a line number that is none": lambda tree: tree["lines"].update({"a.py": {"x": "text"}}),
}
UNTRUE: dict[str, Callable[[dict[str, Any]], object]] = {
    "exit_code": lambda tree: tree.update(exit_code=0),
    "fingerprint": lambda tree: tree["results"][0]["findings"][0].update(fingerprint="0" * 16),
    "allowed": lambda tree: tree["lanes"]["edges"][2].update(allowed=True),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_report_is_refused_by_the_reader_and_the_schema(what: str) -> None:
    tree = changed(WRONG[what])

    with pytest.raises(GatesError, match="is no report of gates"):
        parse(json.dumps(tree))
    assert not VALIDATOR.is_valid(tree)


@pytest.mark.parametrize("field", UNTRUE)
def test_what_can_be_worked_out_must_agree(field: str) -> None:
    text = json.dumps(changed(UNTRUE[field]))

    with pytest.raises(GatesError, match=rf"{field} is .*, and should be"):
        parse(text)
    assert parse(text, checked=False) == REPORT


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '"x"', '{"schema": 1}', "[" * 100_000])
def test_text_that_is_no_report_is_refused_in_one_line(text: str) -> None:
    for checked in (True, False):
        with pytest.raises(GatesError, match=r"^is no report of gates: .*$"):
            parse(text, checked=checked)


def test_fields_of_a_later_version_are_passed_over() -> None:
    assert parse(json.dumps(changed(lambda tree: tree.update(weather="fine")))) == REPORT


def test_a_reader_that_writes_whole_numbers_without_a_point_is_understood() -> None:
    assert parse(render(REPORT).replace('"seconds": 0.0,', '"seconds": 0,')) == REPORT
