"""What undefined-metric, unproven-alert and silent-stage find, and what they let be."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional

import pytest

from gates.checks.service.silent_stage import SilentStage
from gates.checks.service.undefined_metric import UndefinedMetric
from gates.checks.service.unproven_alert import UnprovenAlert
from gates.errors import CannotPlant, FactUnavailable
from gates.facts.checkout import Checkout
from gates.facts.observability.alert_rules import AlertRules, AlertRulesSettings
from gates.facts.observability.catalogue import Telemetry, TelemetrySettings
from gates.facts.observability.driven_run import DrivenRun, DrivenRunSettings
from gates.facts.observability.generated_files import GeneratedFiles
from gates.facts.observability.metric_uses import MetricUses, MetricUsesSettings
from gates.facts.observability.objectives import Objectives, ObjectivesPolicy
from gates.finding import Finding
from gates.globs import Glob
from gates.observability.writing import generated
from tests.observability.own import ROOT, promised, telemetry, written

RULES, TESTS, BOARD, BOOK, CODE = "rules.yaml", "tests.yaml", "board.json", "docs/slow.md", "shop/metrics.py"
USES = MetricUsesSettings((Glob(RULES),), (Glob(BOARD),), (Glob("docs/*.md"),), (Glob("shop/**"),))


def metric(name: str, kind: str = "counter", unit: str = "", *labels: str, most: int = 9) -> dict[str, Any]:
    return {
        "name": name, "kind": kind, "unit": unit, "help": "h", "most_series": most,
        "labels": [{"name": label, "bound": 8} for label in labels],
    }  # fmt: skip


ASKED, SECONDS = metric("shop_asked_total", "counter", "", "lane"), metric("shop_wait_seconds", "histogram", "seconds")


def catalogue(*metrics: Mapping[str, Any]) -> str:
    known = {"metrics": list(metrics), "spans": [{"name": "stage.<stage>"}]}
    return json.dumps({"schema": 1, "catalogue": known, "stages": ["recall", "answer"]})


def board(*expressions: str) -> str:
    return json.dumps({"panels": [{"targets": [{"expr": one}]} for one in expressions]}, indent=1)


def tree(root: Path, files: Mapping[str, str]) -> Checkout:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    return Checkout.open(root)


def found(root: Path, **files: str) -> list[str]:
    """The messages over a tree that shows both metrics; `files` are laid over it."""
    names = {"board": BOARD, "rules": RULES, "book": BOOK, "code": CODE, "catalogue": "observability/catalogue.json"}
    shown = board("rate(shop_asked_total[5m])", "rate(shop_wait_seconds_bucket[5m])")
    own = {BOARD: shown, "observability/catalogue.json": catalogue(ASKED, SECONDS)}
    checkout = tree(root, {**own, **{names[name]: text for name, text in files.items()}})
    telemetry = Telemetry.gather(checkout, TelemetrySettings())
    uses = MetricUses.gather(checkout, telemetry, USES)
    return [each.message for each in UndefinedMetric().check(telemetry, uses)]


def test_what_stands_in_the_catalogue_and_is_shown_is_let_be(tmp_path: Path) -> None:
    fence = "```promql\nsum by (le) (rate(shop_wait_seconds_bucket[5m]))\n```\n"
    book = f"`shop_wait_seconds` and `shop_asked_total{{lane}}`\n\n{fence}"
    code = 'Counter("shop_asked_total", "h", ["lane"])\nHistogram("shop_wait_seconds", "h")\nprint("shop is open")\n'
    rules = (
        "groups:\n- rules:\n  - record: slo:asked\n    expr: sum by (lane, job) (rate(shop_asked_total[5m]))\n"
        '  - alert: A\n    expr: slo:asked{job="x"} > 1 and up == 1\n'
    )

    assert found(tmp_path, book=book, code=code, rules=rules) == []


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("rules", "expr: rate(shop_asks_total[5m])", "shop_asks_total is none of the metrics that the service has"),
        ("rules", "expr: rate(shop_waits_seconds_sum[5m])", "it is called shop_wait_seconds_sum"),
        ("rules", "expr: shop_wait_seconds > 1", "shop_wait_seconds is none of the metrics"),
        ("rules", 'expr: shop_asked_total{colour="red"}', "shop_asked_total has no label colour; its labels are lane"),
        ("rules", "expr: sum by (le) (shop_asked_total)", "shop_asked_total has no label le"),
        ("rules", 'expr: \'{__name__=~"shop_.*"}\'', "which, cannot be told"),
        ("rules", "expr: sum(", "is no PromQL"),
        ("rules", "expr: [", "cannot be read as YAML"),
        ("board", "{", "cannot be read as JSON"),
        ("board", board("shop_asked_total", "rate(shop_wait_seconds_sum[5m])", "shop_gone"), "shop_gone is none"),
        ("board", board("shop_asked_total"), "shop_wait_seconds stands in no rule, dashboard or runbook"),
        ("book", "look at `shop_gone_total`", "shop_gone_total is none of the metrics"),
        ("book", "```promql\nrate(shop_gone[5m])\n```\n", "shop_gone is none of the metrics"),
        ("code", 'Counter("shop_sold_total", "h")', "shop_sold_total is none of the metrics"),
        ("code", 'Counter("shop_asked_total", "h")', "shop_asked_total is made here without lane"),
        ("code", 'Counter("shop_asked_total", "h", labelnames=("lane", "user"))', "shop_asked_total has no label user"),
    ],
)  # fmt: skip
def test_a_use_of_what_there_is_not_is_found(file: str, text: str, said: str, tmp_path: Path) -> None:
    messages = found(tmp_path, **{file: text})

    assert any(said in message for message in messages), messages


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (metric("shop_asked"), "its name does not end with _total"),
        (metric("shop_open_total", "gauge"), "its name ends as a counter's"),
        (metric("shop_wait_ms", "gauge"), "its name says ms; use a base unit"),
        (metric("shop_wait", "gauge", "seconds"), "its unit is seconds, and its name does not say so"),
        (metric("shop_wait_minutes", "gauge", "minutes"), "its unit is minutes; use a base unit"),
        (metric("shop_size_bytes", "gauge"), "its name says a unit, and the catalogue none"),
        (metric("shop_asks_total", "counter", "", "user_id"), "has the label user_id"),
        (metric("shop_asks_total", most=10_001), "can come to 10,001 series, more than 10,000"),
    ],
)
def test_a_metric_that_is_named_badly_or_has_too_many_series_is_found(
    one: dict[str, Any], said: str, tmp_path: Path
) -> None:
    messages = found(tmp_path, catalogue=catalogue(ASKED, SECONDS, one))

    assert any(said in message for message in messages), messages


def test_two_spellings_of_one_name_are_found_once(tmp_path: Path) -> None:
    rivals = catalogue(ASKED, SECONDS, metric("shop_waits_seconds", "histogram", "seconds"))

    messages = [message for message in found(tmp_path, catalogue=rivals) if "two spellings" in message]

    assert messages == ["shop_waits_seconds and shop_wait_seconds are two spellings of one name; keep one"]


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"schema": 2}', catalogue({**ASKED, "kind": "guess"}), '{"schema": 1}']
)
def test_a_catalogue_that_is_none_is_no_pass(content: str, tmp_path: Path) -> None:
    with pytest.raises(FactUnavailable, match="run `make observability`"):
        found(tmp_path, catalogue=content)


def test_a_repository_without_a_catalogue_is_told_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(FactUnavailable, match="does not exist"):
        Telemetry.gather(tree(tmp_path, {"a.py": ""}), TelemetrySettings())


# Alerts

ALERT = (
    "groups:\n- rules:\n  - alert: Slow\n    expr: x > 1\n    labels: {severity: page, owner: us}\n"
    '    annotations: {runbook_url: "https://example.org/docs/slow.md#first"}\n'
)
TRIED = (
    "tests:\n"
    "- {name: Slow fires, input_series: [{series: x}], "
    "alert_rule_test: [{alertname: Slow, exp_alerts: [{exp_labels: {severity: page}}]}]}\n"
    "- {name: Slow stays silent, input_series: [{series: x}], alert_rule_test: [{alertname: Slow}]}\n"
    "- {name: Slow without no traffic, input_series: [{series: x}], alert_rule_test: [{alertname: Slow}]}\n"
)
PARTS = "".join(f"## {part}\nSlow.\n" for part in UnprovenAlert().runbook_parts)


def judged(root: Path, **files: str) -> list[Finding]:
    return of_promises(root, ObjectivesPolicy(), files)


def of_promises(root: Path, policy: ObjectivesPolicy, files: Mapping[str, str]) -> list[Finding]:
    names = {"rules": RULES, "tests": TESTS, "book": BOOK}
    checkout = tree(
        root, {RULES: ALERT, TESTS: TRIED, BOOK: PARTS, **{names[name]: text for name, text in files.items()}}
    )
    rules = AlertRules.gather(checkout, AlertRulesSettings((Glob(RULES),), (Glob(TESTS),)))
    assert rules.lacking == {}
    objectives = Objectives(policy)
    generated_files = GeneratedFiles.gather(checkout, objectives, TelemetrySettings())
    return list(UnprovenAlert().check(rules, objectives, generated_files))


def test_an_alert_that_was_tried_and_can_be_followed_is_let_be(tmp_path: Path) -> None:
    assert judged(tmp_path) == []


@pytest.mark.parametrize(
    ("file", "text", "subject"),
    [
        ("rules", ALERT.replace("owner: us", "team: us"), "Slow: owner"),
        ("rules", ALERT.replace("severity: page, ", ""), "Slow: severity"),
        ("rules", ALERT.replace("slow.md", "slower.md"), "Slow: runbook"),
        ("rules", ALERT.replace("runbook_url", "runbook"), "Slow: runbook"),
        ("book", PARTS.replace("Slow", "Fast"), "Slow: runbook"),
        ("book", PARTS.replace("## Remedies\nSlow.\n", ""), "Slow: Remedies"),
        ("book", PARTS.replace("## Remedies\nSlow.\n", "## Remedies\n\n"), "Slow: Remedies"),
        ("tests", TRIED.replace("Slow fires", "Slow burns"), "Slow page: fires"),
        ("tests", TRIED.replace("severity: page", "severity: ticket"), "Slow page: fires"),
        ("tests", TRIED.replace("stays silent", "is silent"), "Slow page: stays silent"),
        ("tests", TRIED.replace("no traffic, input_series: [{series: x}]", "no traffic"), "Slow page: no traffic"),
    ],
)
def test_an_alert_that_lacks_something_is_found(file: str, text: str, subject: str, tmp_path: Path) -> None:
    assert [finding.subject for finding in judged(tmp_path, **{file: text})] == [subject]


def promised_here(root: Path) -> tuple[Objectives, AlertRulesSettings]:
    """This repository's own promises, in a tree that holds what follows from them and the runbooks."""
    catalogue = (ROOT / "observability" / "catalogue.json").read_bytes()
    written({**generated(promised(), telemetry()), "observability/catalogue.json": catalogue}, root)
    shutil.copytree(ROOT / "docs" / "runbooks", root / "docs" / "runbooks")
    globs = (Glob("observability/rules.yaml"),), (Glob("observability/rules.tests.yaml"),)
    return Objectives(promised()), AlertRulesSettings(*globs)


def drifted(root: Path, objectives: Objectives, settings: AlertRulesSettings) -> list[Finding]:
    checkout = Checkout.open(root)
    files = GeneratedFiles.gather(checkout, objectives, TelemetrySettings())
    return list(UnprovenAlert().check(AlertRules.gather(checkout, settings), objectives, files))


def test_what_follows_from_the_objectives_is_let_be(tmp_path: Path) -> None:
    assert drifted(tmp_path, *promised_here(tmp_path)) == []


def test_what_was_changed_by_hand_is_found_at_its_first_line(tmp_path: Path) -> None:
    promises = promised_here(tmp_path)
    board = tmp_path / "observability" / "dashboard.json"
    lines = board.read_text("utf-8").split("\n")
    board.write_text("\n".join([*lines[:4], lines[4] + " ", *lines[5:]]), "utf-8")

    (finding,) = drifted(tmp_path, *promises)

    assert (finding.path, finding.line) == ("observability/dashboard.json", 5)
    assert "is not what follows from the objectives" in finding.message
    assert "gates observability" in finding.message


def test_of_a_long_line_is_shown_what_differs(tmp_path: Path) -> None:
    promises = promised_here(tmp_path)
    rules = tmp_path / "observability" / "rules.yaml"
    rules.write_text(rules.read_text("utf-8").replace("(14.4 *", "(144 *", 1), "utf-8")

    (finding,) = drifted(tmp_path, *promises)

    assert "(144 * 0.05)" in finding.message
    assert "(14.4 * 0.05)" in finding.message


def test_a_promise_that_was_changed_and_not_written_anew_is_found_wherever_it_shows(tmp_path: Path) -> None:
    _, settings = promised_here(tmp_path)
    later = dataclasses.replace(promised().objective[0], target=94.0)
    changed = dataclasses.replace(promised(), objective=(later, *promised().objective[1:]))

    found = {finding.path for finding in drifted(tmp_path, Objectives(changed), settings)}

    assert found == {"observability/rules.yaml", "observability/rules.tests.yaml", "observability/dashboard.json"}


def test_what_follows_and_was_never_written_is_found(tmp_path: Path) -> None:
    promises = promised_here(tmp_path)
    (tmp_path / "observability" / "alertmanager.yaml").unlink()

    (finding,) = drifted(tmp_path, *promises)

    assert (finding.path, finding.line) == ("observability/alertmanager.yaml", 0)
    assert "is not there" in finding.message


def test_a_promise_without_a_catalogue_to_measure_it_by_is_no_pass(tmp_path: Path) -> None:
    promises = promised_here(tmp_path)
    (tmp_path / "observability" / "catalogue.json").unlink()

    with pytest.raises(FactUnavailable, match="run `make observability`"):
        drifted(tmp_path, *promises)


def test_what_is_planted_where_something_is_promised_is_found(tmp_path: Path) -> None:
    objectives, settings = promised_here(tmp_path)
    checkout = Checkout.open(tmp_path)
    files = GeneratedFiles.gather(checkout, objectives, TelemetrySettings())
    plant = UnprovenAlert().plant(checkout, AlertRules.gather(checkout, settings), objectives, files)
    for path, content in plant.overlay.items():
        (tmp_path / path).write_bytes(content or b"")

    assert [(one.path, one.subject) for one in drifted(tmp_path, objectives, settings)] == [(plant.path, plant.subject)]


def test_a_rule_file_that_cannot_be_read_is_no_pass(tmp_path: Path) -> None:
    checkout = tree(tmp_path, {RULES: "groups: 3"})

    assert list(AlertRules.gather(checkout, AlertRulesSettings((Glob(RULES),))).lacking) == [RULES]


# Stages


def heard(root: Path, gate: Optional[SilentStage] = None, **changed: Any) -> tuple[list[str], Mapping[str, str]]:
    gate = gate or SilentStage(metrics=("shop_wait_seconds",))
    recording = {
        "recording": "telemetry",
        "schema": 1,
        "queries": 2,
        "files": {"shop.py": "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"},
        "spans": {"stage.recall": 2, "stage.answer": 2},
        "series": {"shop_wait_seconds_count": [{"stage": "recall"}, {"stage": "answer"}]},
        **changed,
    }
    files = {"observability/catalogue.json": catalogue(SECONDS), "shop.py": "", "run.json": json.dumps(recording)}
    checkout = tree(root, files)
    telemetry = Telemetry.gather(checkout, TelemetrySettings())
    run = DrivenRun.gather(checkout, telemetry, DrivenRunSettings("run.json", "make run"))
    return [str(finding.subject) for finding in gate.check(telemetry, run)], run.lacking


def test_stages_that_are_all_heard_are_let_be(tmp_path: Path) -> None:
    assert heard(tmp_path) == ([], {})


@pytest.mark.parametrize(
    ("changed", "subject"),
    [
        ({"spans": {"stage.recall": 2}}, "answer: the span stage.answer"),
        ({"series": {"shop_wait_seconds_count": [{"stage": "answer"}]}}, 'recall: shop_wait_seconds{stage="recall"}'),
    ],
)
def test_a_stage_without_a_span_or_a_count_is_found(changed: dict[str, Any], subject: str, tmp_path: Path) -> None:
    assert heard(tmp_path, **changed) == ([subject], {})


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"files": {"shop.py": "0" * 40}}, "was made before shop.py became what it is; run `make run`"),
        ({"files": {"elsewhere.py": "0" * 40}}, "speaks of no file of this repository"),
        ({"schema": 2}, "its schema is 2"),
        ({"recording": "imports"}, "is no recording of telemetry"),
        ({"spans": {}, "series": {}}, "nothing was heard in it"),
        ({"spans": []}, "lacks files, spans or series"),
    ],
)
def test_a_recording_that_says_nothing_of_this_code_is_no_pass(
    changed: dict[str, Any], why: str, tmp_path: Path
) -> None:
    findings, lacking = heard(tmp_path, **changed)

    assert findings == []
    assert why in lacking["run.json"]


def test_a_policy_that_asks_for_nothing_cannot_be_shown_to_fail(tmp_path: Path) -> None:
    assert heard(tmp_path, SilentStage(spans=()))[0] == []
    checkout = Checkout.open(tmp_path)
    telemetry = Telemetry.gather(checkout, TelemetrySettings())
    run = DrivenRun.gather(checkout, telemetry, DrivenRunSettings("run.json"))

    with pytest.raises(CannotPlant, match="forbids nothing"):
        SilentStage(spans=()).plant(telemetry, run)
