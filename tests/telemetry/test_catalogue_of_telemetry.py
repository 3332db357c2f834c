"""The catalogue, the registry and the events say the same."""

from __future__ import annotations

import json
import re

import pytest
from prometheus_client import CollectorRegistry

from runtime.orchestrator import stage
from runtime.telemetry import catalogue, events
from runtime.telemetry.catalogue import ATTRIBUTES, METRICS, SPAN_EVENTS, SPANS, Metric, describe, edges
from runtime.telemetry.events import Event, QueryFinished, StageStarted
from runtime.telemetry.prometheus import Metrics
from tests.telemetry.told import KINDS, ONE_OF_EACH, finished

FROM_THE_SEED = {
    "matriz_stage_total": ("stage",),
    "matriz_stage_fail_total": ("stage", "type"),
    "matriz_stage_duration_seconds": ("stage",),
    "matriz_end_to_end_seconds": (),
    "matriz_plugin_info": ("kind", "name", "lane"),
    "matriz_spans_dropped_total": (),
    "matriz_stage_orphans": (),
}
# Beside one of each kind: endings that feed what an ending that went well does not, and a query that came late.
VARIANTS: tuple[Event, ...] = (
    *ONE_OF_EACH,
    finished(ending="failed", error="KeyError"),
    finished(ending="skipped", attempt=0),
    finished(ending="skipped"),
    finished(hedged=True),
    QueryFinished("q", "failed", 0, 0.3, 0.25),
)


def named(registry: CollectorRegistry) -> dict[str, str]:
    """Every family of the registry by the name that the catalogue gives it, with its type."""
    suffixes = {"counter": "_total", "info": "_info"}
    return {family.name + suffixes.get(family.type, ""): family.type for family in registry.collect()}


def values(registry: CollectorRegistry) -> dict[str, float]:
    """The sum over all series, by family; that of an info is how many there are."""
    suffixes = {"counter": "_total", "info": "_info"}
    return {
        family.name + suffixes.get(family.type, ""): sum(
            sample.value for sample in family.samples if not sample.name.endswith("_created")
        )
        for family in registry.collect()
    }


def test_every_metric_in_the_registry_stands_in_the_catalogue_and_the_reverse() -> None:
    assert named(Metrics().registry) == {metric.name: metric.kind for metric in METRICS}


def test_the_names_that_the_seed_gives_are_there_with_their_labels() -> None:
    labels = {metric.name: tuple(label.name for label in metric.labels) for metric in METRICS}

    assert {name: labels.get(name) for name in FROM_THE_SEED} == FROM_THE_SEED


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_is_named_as_prometheus_names_things(metric: Metric) -> None:
    assert re.fullmatch(r"matriz(_[a-z]+)+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert metric.name.endswith("_info") == (metric.kind == "info")
    assert metric.name.endswith("_seconds") == (metric.unit == "seconds")
    assert bool(metric.edges) == (metric.kind == "histogram")
    assert metric.help.endswith(".")
    assert all(0 < label.bound <= 256 and len(label.values) <= label.bound for label in metric.labels)


@pytest.mark.parametrize("metric", [metric for metric in METRICS if metric.cut_at_budgets], ids=lambda m: str(m.name))
def test_there_is_an_edge_at_each_budget(metric: Metric) -> None:
    assert {catalogue.RECALL_BUDGET, catalogue.QUERY_BUDGET} <= set(edges(metric))
    assert {0.06, 0.12} <= set(edges(metric, (0.06, 0.12)))
    assert list(edges(metric, (0.12, 0.06))) == sorted(edges(metric, (0.06, 0.12)))


def test_the_edges_of_the_deployment_are_those_of_the_registry() -> None:
    metrics = Metrics(budgets=(0.06,))
    metrics(finished())

    for name in ("matriz_stage_duration_seconds", "matriz_end_to_end_seconds"):
        samples = [sample for family in metrics.registry.collect() for sample in family.samples]
        buckets = {sample.labels["le"] for sample in samples if sample.name == f"{name}_bucket"}
        assert {"0.06", "0.1", "0.25", "+Inf"} <= buckets


@pytest.mark.parametrize("budget", [0.0, -1.0, float("inf"), float("nan")])
def test_a_budget_that_is_no_time_is_refused(budget: float) -> None:
    with pytest.raises(ValueError, match="give seconds above 0"):
        Metrics(budgets=(budget,))


def test_there_is_an_example_of_every_kind_of_event() -> None:
    assert {type(event) for event in ONE_OF_EACH} == set(KINDS)


@pytest.mark.parametrize("event", VARIANTS, ids=lambda event: type(event).__name__)
def test_an_event_feeds_only_the_metrics_that_name_it(event: Event) -> None:
    metrics = Metrics()
    before = values(metrics.registry)

    metrics(event)

    changed = {name for name, value in values(metrics.registry).items() if value != before[name]}
    feeding = {metric.name for metric in METRICS if type(event).__name__ in metric.event.split(", ")}
    assert changed <= feeding


def test_every_metric_is_fed_by_the_events_that_it_names() -> None:
    fed: dict[str, set[str]] = {metric.name: set() for metric in METRICS}
    for event in VARIANTS:
        metrics = Metrics()
        if type(event).__name__ == "NodeReadmitted":  # it takes back what the ejection said
            metrics(next(event for event in ONE_OF_EACH if type(event).__name__ == "NodeEjected"))
        before = values(metrics.registry)
        metrics(event)
        for name, value in values(metrics.registry).items():
            if value != before[name]:
                fed[name].add(type(event).__name__)

    assert fed == {metric.name: set(metric.event.split(", ")) for metric in METRICS}


def test_every_kind_of_event_feeds_a_metric_or_a_span() -> None:
    fed_by = [entry.event for entries in (METRICS, SPANS, SPAN_EVENTS, ATTRIBUTES) for entry in entries]

    assert {name for events in fed_by for name in events.split(", ")} == {kind.__name__ for kind in KINDS}


def test_spans_and_their_events_hold_attributes_of_the_catalogue_and_no_attribute_is_idle() -> None:
    held = {name for entry in (*SPANS, *SPAN_EVENTS) for name in entry.attributes}

    assert held == {attribute.name for attribute in ATTRIBUTES}
    assert {name for span in SPANS for name in span.events} == {event.name for event in SPAN_EVENTS}


def test_the_stages_are_those_of_the_pipeline() -> None:
    assert catalogue.STAGES == stage.STAGES


def test_what_describe_says_survives_json_and_names_its_schema() -> None:
    described = describe((0.06,))

    assert json.loads(json.dumps(described)) == described
    assert described["schema"] == catalogue.SCHEMA


def test_describe_has_an_entry_for_every_metric_with_all_that_a_rule_or_a_panel_needs() -> None:
    metrics = describe()["metrics"]

    assert isinstance(metrics, list)
    assert [entry["name"] for entry in metrics] == [metric.name for metric in METRICS]
    assert all(
        {"name", "kind", "unit", "labels", "most_series", "help", "fed_by", "edges"} == set(entry) for entry in metrics
    )


def test_stage_started_is_of_the_spans_alone() -> None:
    metrics = Metrics()
    before = values(metrics.registry)

    metrics(StageStarted("q", "memory", "near", 0))

    assert values(metrics.registry) == before


def test_one_observer_for_several_tells_each_of_them() -> None:
    heard: list[Event] = []

    events.told_to([heard.append, heard.append])(ONE_OF_EACH[0])

    assert heard == [ONE_OF_EACH[0], ONE_OF_EACH[0]]
    assert events.told_to([]) is events.ignore
