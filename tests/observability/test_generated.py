"""What follows from the objectives and the catalogue is what stands in observability/, and its readers take it."""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gates.errors import GatesError, PolicyError
from gates.facts.observability.objectives import Latency, Objective, ObjectivesPolicy
from gates.facts.observability.promql import selected
from gates.observability.rules import RATIO, WINDOWS, alerts_of, rules
from gates.observability.writing import RULES, TESTS, drifted, generated, write
from gates.policy_file import parse_toml, typed
from runtime.stages import caps_of, stages_of
from runtime.telemetry.catalogue import describe
from tests.observability.own import ROOT, promised, said_by, telemetry, written

_RANGE = re.compile(r"\[(\w+)\]")


@functools.lru_cache(maxsize=1)
def own_files() -> dict[str, bytes]:
    return generated(promised(), telemetry())


def test_what_stands_there_is_what_follows() -> None:
    assert list(drifted(own_files(), ROOT)) == []


def test_the_catalogue_there_is_what_the_service_says() -> None:
    stages = stages_of(0.25)
    known = {"schema": 1, "catalogue": describe(caps_of(stages)), "stages": [stage.name for stage in stages]}

    assert json.loads((ROOT / "observability" / "catalogue.json").read_text("utf-8")) == json.loads(json.dumps(known))


def test_what_was_changed_by_hand_or_taken_away_is_named_with_its_lines(tmp_path: Path) -> None:
    folder = written(own_files(), tmp_path)
    rule_file = folder / RULES
    rule_file.write_text(rule_file.read_text("utf-8").replace("14.4", "144"), "utf-8")
    (folder / "alertmanager.yaml").unlink()

    told = list(drifted(own_files(), tmp_path))

    assert [line.split(":")[0] for line in told] == [f"observability/{RULES}", "observability/alertmanager.yaml"]
    assert "144" in told[0]
    assert write(own_files(), tmp_path) == [f"observability/{RULES}", "observability/alertmanager.yaml"]
    assert list(drifted(own_files(), tmp_path)) == []


# Their readers


def test_prometheus_takes_the_rules_and_the_configuration(tmp_path: Path) -> None:
    folder = written(own_files(), tmp_path)

    for words in (("check", "rules", RULES), ("check", "config", "prometheus.yaml")):
        code, said = said_by("promtool", *words, folder=folder)
        assert code == 0, said


def test_alertmanager_takes_its_configuration(tmp_path: Path) -> None:
    code, said = said_by("amtool", "check-config", "alertmanager.yaml", folder=written(own_files(), tmp_path))

    assert code == 0, said


def test_each_alert_is_seen_to_fire_and_to_stay_silent(tmp_path: Path) -> None:
    code, said = said_by("promtool", "test", "rules", TESTS, folder=written(own_files(), tmp_path))

    assert code == 0, said


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("14.4 *", "1440 *"),
        ("(6 *", "(0.6 *"),
        ("(6 *", "(60 *"),
        ("(1 *", "(5 *"),
        (">= 20", ">= 0"),
        ('le="0.25"', 'le="2.5"'),
        ("== 1)", "== 0)"),
    ],
)
def test_a_rule_that_is_wrong_does_not_pass_its_unit_tests(right: str, wrong: str, tmp_path: Path) -> None:
    few = dataclasses.replace(promised(), objective=promised().objective[:1], alert=promised().alert[:1])
    folder = written(generated(few, telemetry()), tmp_path)
    rule_file = folder / RULES
    text = rule_file.read_text("utf-8")
    assert right in text
    rule_file.write_text(text.replace(right, wrong), "utf-8")

    code, _ = said_by("promtool", "test", "rules", TESTS, folder=folder)

    assert code != 0


def test_grafanas_own_types_read_every_panel() -> None:
    pytest.importorskip("grafana_foundation_sdk", reason="grafana-foundation-sdk needs Python 3.11")
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models.dashboard import Dashboard

    register_default_plugins()
    ours = json.loads(own_files()["observability/dashboard.json"])

    read = json.loads(JSONEncoder(sort_keys=True, indent=2).encode(Dashboard.from_json(ours)))

    assert [panel["title"] for panel in read["panels"]] == [panel["title"] for panel in ours["panels"]]
    for mine, theirs in zip(ours["panels"], read["panels"]):
        assert {key: theirs.get(key) for key in mine} == mine, mine["title"]


def test_the_collector_is_told_of_no_component_that_goes_and_limits_memory_before_all_else() -> None:
    told = yaml.safe_load(own_files()["observability/collector.yaml"])
    pipeline = told["service"]["pipelines"]["traces"]

    assert set(told["receivers"]["otlp"]["protocols"]) == {"grpc", "http"}
    assert pipeline["processors"][0] == "memory_limiter"
    assert pipeline["processors"][-1] == "batch"
    assert not set(told["exporters"]) & {"otlp", "otlphttp", "logging", "jaeger", "opencensus", "file"}
    for kind in ("receivers", "processors", "exporters"):
        assert set(pipeline[kind]) == set(told[kind])


# What is in it


def test_every_metric_of_the_catalogue_has_a_panel() -> None:
    drawn = json.loads(own_files()["observability/dashboard.json"])
    shown = {
        one.name or ""
        for panel in drawn["panels"]
        for target in panel.get("targets", ())
        for one in selected(target["expr"])
    }
    series = telemetry().series

    assert {metric.name for metric in telemetry().metrics} == {series[name].name for name in shown if name in series}
    assert {"slo:period_error_budget_remaining:ratio", "slo:current_burn_rate:ratio"} <= shown


def test_no_two_panels_lie_on_one_another() -> None:
    drawn = json.loads(own_files()["observability/dashboard.json"])
    cells = [
        (place["x"] + x, place["y"] + y)
        for place in (panel["gridPos"] for panel in drawn["panels"])
        for x in range(place["w"])
        for y in range(place["h"])
    ]

    assert len(cells) == len(set(cells))
    assert all(0 <= x < 24 for x, _ in cells)


def test_every_alert_says_whom_it_concerns_and_what_to_follow() -> None:
    for alert in alerts_of(rules(promised())):
        assert alert["labels"]["severity"] in ("page", "ticket")
        assert alert["labels"]["owner"]
        assert (ROOT / alert["annotations"]["runbook_url"].replace(promised().runbooks, "")).is_file()


def test_the_windows_and_paces_are_those_of_the_workbook() -> None:
    burns = re.findall(
        r"ratio_rate(\w+)\{[^}]*query-latency[^}]*\} > \(([\d.]+) \*", json.dumps(rules(promised())).replace('\\"', '"')
    )

    assert burns == [
        ("5m", "14.4"), ("1h", "14.4"), ("30m", "6"), ("6h", "6"),
        ("2h", "3"), ("1d", "3"), ("6h", "1"), ("3d", "1"),
    ]  # fmt: skip


def test_every_record_looks_as_far_back_as_its_name_says_and_every_alert_counts_over_its_longer_window() -> None:
    written_rules = [rule for group in rules(promised())["groups"] for rule in group["rules"]]
    ratios = [rule for rule in written_rules if rule.get("record", "").startswith(RATIO)]
    pages = [rule for rule in written_rules if rule.get("labels", {}).get("sloth_severity") == "page"]
    tickets = [rule for rule in written_rules if rule.get("labels", {}).get("sloth_severity") == "ticket"]

    assert len(ratios) == len(promised().objective) * (len(WINDOWS) + 1)
    assert all({f"{RATIO}{window}" for window in _RANGE.findall(rule["expr"])} == {rule["record"]} for rule in ratios)
    assert len(pages) == len(tickets) == len(promised().objective)
    assert all(set(_RANGE.findall(rule["expr"])) == {"1h", "6h"} for rule in pages)
    assert all(set(_RANGE.findall(rule["expr"])) == {"1d", "3d"} for rule in tickets)


@given(st.decimals(min_value="93.1", max_value="99.999", places=3))
def test_a_promise_that_can_be_kept_to_has_alerts_that_can_fire(target: Decimal) -> None:
    objective = dataclasses.replace(promised().objective[0], target=float(target))

    shares = [
        Decimal(factor) * Decimal(budget)
        for alert in alerts_of(rules(dataclasses.replace(promised(), objective=(objective,), alert=())))
        for factor, budget in re.findall(r"> \(([\d.]+) \* ([\d.E-]+)\)", alert["expr"])
    ]

    assert len(shares) == 8
    assert all(0 < share < 1 for share in shares)
    assert objective.budget == 1 - target / 100


# What makes no sense


def told(text: str) -> ObjectivesPolicy:
    return typed(ObjectivesPolicy, parse_toml(text, "policies/objectives.toml"), "policies/objectives.toml:")


OBJECTIVE = (
    '[[objective]]\nname = "fast"\npromise = "p"\nto = "t"\ntarget = {target}\nowner = "o"\nrunbook = "r.md"\n'
    '[objective.latency]\nhistogram = "h"\nwithin = {within}\n'
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (OBJECTIVE.format(target=90, within=1), "its page could never fire; promise more than 93.1"),
        (OBJECTIVE.format(target=100, within=1), "give a percentage between 0 and 100"),
        (OBJECTIVE.format(target=99, within=0), "within is 0; it must be above 0"),
        (OBJECTIVE.format(target=99, within=1) + '[objective.events]\ntotal = ["a"]\nbad = ["b"]\n', "and not both"),
        (OBJECTIVE.format(target=99, within=1).replace('"fast"', '"Fast"'), "small letters"),
        (OBJECTIVE.format(target=99, within=1).replace('"r.md"', '"../r.md"'), "a path below the repository's root"),
        (OBJECTIVE.format(target=99, within=1), "0 [[receiver]] of severity page; it needs one"),
        (OBJECTIVE.format(target=99, within=1) * 2, "two alerts are called Fast"),
        (OBJECTIVE.format(target=99, within=1).replace("promise", "promised"), "did you mean 'promise'?"),
        ('[[receiver]]\nseverity = "page"\nwebhook = "w"\nwait = "soon"\n', "write it like 30s, 5m or 4h"),
    ],
)
def test_a_promise_that_makes_no_sense_is_refused_in_one_line_that_says_what_would(text: str, said: str) -> None:
    with pytest.raises(PolicyError) as refused:
        told(text)

    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("latency", "said"),
    [
        (Latency("matriz_end_to_end_second", 0.25), "did you mean 'matriz_end_to_end_seconds'?"),
        (
            Latency("matriz_end_to_end_seconds", 0.26),
            "has no edge: what kept it could only be guessed; its edges are 0.005",
        ),
    ],
)
def test_a_promise_that_cannot_be_measured_is_refused(latency: Latency, said: str) -> None:
    objective: Objective = dataclasses.replace(promised().objective[0], latency=latency)

    with pytest.raises(GatesError, match=re.escape(said)):
        generated(dataclasses.replace(promised(), objective=(objective,)), telemetry())
