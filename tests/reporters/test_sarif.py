"""The report for code scanning: SARIF as the standard's own schema has it, and what the schema cannot say."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import jsonschema
import pytest
from hypothesis import given

from gates import catalogue
from gates.finding import Finding
from gates.report import Level, Outcome, Report, Result
from gates.reporters.rule_help import help_of
from gates.reporters.sarif import FINGERPRINT, render
from tests.reporters.fixed_report import CALM, CROSS_LANE, REPORT
from tests.reporters.random_reports import FEW, reports

SCHEMA = json.loads((Path(__file__).parent / "sarif_schema/sarif-schema-2.1.0.json").read_bytes())
VALIDATOR = jsonschema.Draft4Validator(SCHEMA)


def run_of(report: Report) -> dict[str, Any]:
    run: dict[str, Any] = json.loads(render(report))["runs"][0]
    return run


def of_one(*findings: Finding) -> list[dict[str, Any]]:
    result = Result("cross-lane-import", Level.BLOCK, Outcome.FAILED, findings)
    entries: list[dict[str, Any]] = run_of(replace(CALM, results=(result,)))["results"]
    return entries


def test_the_schema_is_still_the_one_that_its_readme_says_it_is() -> None:
    folder = Path(__file__).parent / "sarif_schema"
    content = (folder / "sarif-schema-2.1.0.json").read_bytes()

    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    assert f"git blob {blob}" in (folder / "README.md").read_text("utf-8")


def test_the_fixed_report_is_sarif() -> None:
    VALIDATOR.validate(json.loads(render(REPORT)))


@FEW
@given(report=reports())
def test_any_report_is_sarif(report: Report) -> None:
    # Rules must differ, and a run asks a gate once.
    results = {result.gate: result for result in report.results}
    VALIDATOR.validate(json.loads(render(replace(report, results=tuple(results.values())))))


def test_the_schema_refuses_what_is_not_sarif() -> None:
    log = json.loads(render(REPORT))
    log["runs"][0]["results"][0]["level"] = "fatal"

    assert not VALIDATOR.is_valid(log)


@FEW
@given(report=reports())
def test_each_path_is_relative_and_comes_back_from_its_uri(report: Report) -> None:
    run = run_of(report)
    uris = [
        location["physicalLocation"]["artifactLocation"]["uri"]
        for result in run["results"]
        for location in result["locations"]
    ]
    back = [unquote_to_bytes(uri).decode("utf-8", "surrogateescape") for uri in uris]
    found = {
        finding.path
        for result in report.results
        for finding in (
            result.all_findings if result.outcome is not Outcome.PASSED else (*result.owed, *waived(result))
        )
    }

    assert all(not urlsplit(uri).scheme and uri.isascii() for uri in uris)
    assert set(back) == found - {""}


def waived(result: Result) -> tuple[Finding, ...]:
    return tuple(finding for finding, _ in result.waived)


def test_several_equal_findings_have_fingerprints_of_their_own() -> None:
    same = [Finding("a.py", line, "is wrong", subject="x") for line in (9, 3, 5)]
    entries = of_one(*same)

    plain = same[0].fingerprint("cross-lane-import")
    assert [entry["partialFingerprints"][FINGERPRINT] for entry in entries] == [plain, f"{plain}:2", f"{plain}:3"]
    assert [entry["locations"][0]["physicalLocation"]["region"]["startLine"] for entry in entries] == [3, 5, 9]


def test_a_finding_of_a_whole_file_has_no_region() -> None:
    (entry,) = of_one(Finding("a.py", 0, "is in no lane", subject="unmapped"))

    assert "region" not in entry["locations"][0]["physicalLocation"]


def test_what_is_waived_or_owed_is_suppressed_and_says_why() -> None:
    said = [entry["suppressions"] for entry in run_of(REPORT)["results"]]
    reasons = [suppression["justification"] for suppressions in said for suppression in suppressions]

    assert reasons == [
        "the legacy loader goes away with the plug-ins of 2025 (@plugins, T4-123, until 2027-01-31)",
        "already owed when the baseline was recorded",
    ]


def test_a_chain_stands_in_the_message_and_as_a_stack_whose_last_frame_is_the_importer() -> None:
    (entry,) = of_one(Finding("a.py", 4, "reaches c", subject="c", trace=("a", "b", "c")))

    assert entry["message"]["text"] == "reaches c (a -> b -> c)"
    frames = [frame["location"]["logicalLocations"][0]["fullyQualifiedName"] for frame in entry["stacks"][0]["frames"]]
    assert frames == ["c", "b", "a"]
    assert entry["stacks"][0]["frames"][-1]["location"]["physicalLocation"] == entry["locations"][0]["physicalLocation"]


def test_no_message_holds_a_link() -> None:
    (entry,) = of_one(Finding("a.py", 4, "see [here](http://evil.example)", subject="c"))

    assert "](" not in entry["message"]["text"]


@pytest.mark.parametrize(
    ("outcome", "level", "excused", "successful", "notified"),
    [
        (Outcome.BROKEN, Level.BLOCK, None, False, "error"),
        (Outcome.VACUOUS, Level.BLOCK, None, False, "error"),
        (Outcome.BROKEN, Level.BLOCK, "when_broken", True, "warning"),
        (Outcome.VACUOUS, Level.WARN, None, True, "warning"),
    ],
)
def test_not_being_able_to_tell_is_a_notification(
    outcome: Outcome, level: Level, excused: str, successful: bool, notified: str
) -> None:
    result = Result("dynamic-import", level, outcome, reason="no such tool", excused=excused)
    (invocation,) = run_of(replace(CALM, results=(*CALM.results, result)))["invocations"]
    (notification,) = invocation["toolExecutionNotifications"]

    assert invocation["executionSuccessful"] is successful
    assert notification["level"] == notified
    assert notification["associatedRule"] == {"id": "dynamic-import", "index": 2}
    assert "no such tool" in notification["message"]["text"]


def test_a_log_without_results_says_what_was_looked_at() -> None:
    run = run_of(CALM)

    assert run["results"] == []
    assert run["properties"]["gates"]["cross-lane-import"]["examined"] == {"modules": 6739, "lanes": 3}
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["cross-lane-import", "waiver"]


def test_durations_stay_out() -> None:
    assert render(REPORT) == render(REPORT.without_durations())


@pytest.mark.parametrize("gate", [*catalogue.catalogue(), "waiver", "baseline"])
def test_every_result_has_help_that_says_why_and_what_instead(gate: str) -> None:
    about = help_of(gate)

    assert about.short.endswith(".")
    assert "Why: " in about.full
    assert "\n**Instead:** " in about.markdown


def test_a_gate_that_is_not_installed_here_is_shown_all_the_same() -> None:
    stranger = replace(CROSS_LANE, gate="gate-of-theirs")
    run = run_of(replace(CALM, results=(stranger,)))

    assert "not installed here" in run["tool"]["driver"]["rules"][0]["help"]["text"]
    assert len(run["results"]) == len(stranger.findings)
