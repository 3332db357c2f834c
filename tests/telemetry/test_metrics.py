"""Events become counts, times and states; whatever values they hold, the series stay few."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Metric as Family
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families as plain_families

from runtime.telemetry.catalogue import METRICS, OTHER, STAGE, STAGES, TYPE
from runtime.telemetry.events import (
    Event,
    MemoryFolded,
    NodeEjected,
    NodeReadmitted,
    OrphansCounted,
    PluginBuilt,
    QueryFinished,
    QueryShed,
    QueryStarted,
    SpansDropped,
    SwitchRead,
)
from runtime.telemetry.prometheus import Admitted, Metrics
from tests.telemetry.told import ONE_OF_EACH, finished, query

OPENMETRICS = "application/openmetrics-text"
PROMETHEUS_ASKS = (
    "application/openmetrics-text;version=1.0.0;q=0.75,application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)


openmetrics_families: Callable[[str], Iterable[Family]] = openmetrics_parser.text_string_to_metric_families


def counted(told: list[Event], series: str, /, **labels: str) -> float:
    metrics = Metrics()
    for event in told:
        metrics(event)
    value = metrics.registry.get_sample_value(series, labels)
    return -1.0 if value is None else value


def test_the_attempts_of_a_query_are_counted_by_stage() -> None:
    told = [*query("a"), *query("b")]

    assert [counted(told, "matriz_stage_total", stage=stage) for stage in STAGES] == [2.0] * 6
    assert counted(told, "matriz_stage_duration_seconds_count", stage="thought") == 2.0
    assert counted(told, "matriz_end_to_end_seconds_count") == 2.0
    assert counted(told, "matriz_queries_total", outcome="answered") == 2.0
    assert counted(told, "matriz_queries_in_flight") == 0.0


def test_a_failure_is_counted_by_the_type_of_its_error() -> None:
    told: list[Event] = [
        finished(ending="failed", error="KeyError"),
        finished(ending="timed_out"),
        finished(ending="abandoned"),
    ]

    for error in ("KeyError", "TimedOut", "Abandoned"):
        assert counted(told, "matriz_stage_fail_total", stage="memory", type=error) == 1.0
    assert counted(told, "matriz_stage_total", stage="memory") == 3.0
    assert counted(told, "matriz_node_fail_total", stage="memory", node="near") == 3.0


def test_a_stage_that_never_began_has_no_time_and_is_no_failure() -> None:
    told: list[Event] = [finished(ending="skipped", node="", attempt=0)]

    assert counted(told, "matriz_stage_skipped_total", stage="memory") == 1.0
    assert counted(told, "matriz_stage_total", stage="memory") == 0.0
    assert counted(told, "matriz_stage_duration_seconds_count", stage="memory") == -1.0


def test_an_attempt_that_was_dismissed_was_a_pick_and_is_neither_an_answer_nor_a_failure() -> None:
    told: list[Event] = [finished(ending="skipped", node="far", attempt=2, hedged=True), finished()]

    assert counted(told, "matriz_stage_dismissed_total", stage="memory") == 1.0
    assert counted(told, "matriz_stage_hedges_total", stage="memory") == 1.0
    assert counted(told, "matriz_node_picks_total", stage="memory", node="far") == 1.0
    assert counted(told, "matriz_stage_total", stage="memory") == 1.0
    assert counted(told, "matriz_stage_skipped_total", stage="memory") == 0.0
    assert counted(told, "matriz_stage_duration_seconds_count", stage="memory") == 1.0


def test_every_stage_of_the_pipeline_has_a_series_before_its_first_query() -> None:
    assert [counted([], "matriz_stage_total", stage=stage) for stage in STAGES] == [0.0] * 6


def test_a_query_past_its_budget_is_late() -> None:
    told: list[Event] = [QueryFinished("q", "failed", 0, 0.251, 0.25), QueryFinished("q", "answered", 0, 0.25, 0.25)]

    assert counted(told, "matriz_queries_late_total") == 1.0


def test_an_ejected_node_shows_until_it_is_readmitted() -> None:
    ejected: list[Event] = [NodeEjected("memory", "near", 1.0, "errors")]

    assert counted(ejected, "matriz_node_ejected", stage="memory", node="near") == 1.0
    ejected.append(NodeReadmitted("memory", "near"))
    assert counted(ejected, "matriz_node_ejected", stage="memory", node="near") == 0.0


def test_a_node_has_its_series_from_its_first_pick_so_that_its_first_ejection_has_a_rate() -> None:
    for name in ("matriz_node_ejections_total", "matriz_node_readmissions_total", "matriz_node_ejected"):
        assert counted([finished()], name, stage="memory", node="near") == 0.0


def test_orphans_are_the_sum_of_what_was_last_said_of_each_node() -> None:
    told: list[Event] = [
        OrphansCounted("memory", "near", 5),
        OrphansCounted("memory", "far", 2),
        OrphansCounted("memory", "near", 1),
    ]

    assert counted(told, "matriz_stage_orphans") == 3.0
    assert counted(told, "matriz_node_orphans", stage="memory", node="near") == 1.0


def test_a_plugin_that_is_built_again_is_counted_in_its_last_state_alone() -> None:
    failed = PluginBuilt("node", "plan", "candidate", "failed", None, "lab 1", 0.1, 0.0, "KeyError: 'x'")
    told: list[Event] = [failed, failed._replace(state="loaded")]

    assert counted(told, "matriz_plugins", kind="node", state="failed") == 0.0
    assert counted(told, "matriz_plugins", kind="node", state="loaded") == 1.0
    assert counted(told, "matriz_plugin_info", kind="node", name="plan", lane="candidate") == 1.0


def test_a_plugin_that_failed_shows_no_lane() -> None:
    failed = PluginBuilt("node", "plan", "candidate", "failed", None, "lab 1", 0.1, 0.0, "KeyError: 'x'")

    assert counted([failed], "matriz_plugin_info", kind="node", name="plan", lane="candidate") == -1.0


def test_that_no_plugin_of_a_kind_failed_is_a_number() -> None:
    loaded = PluginBuilt("node", "plan", "production", "loaded", None, "lab 1", 0.1, 0.0)

    assert counted([loaded], "matriz_plugins", kind="node", state="failed") == 0.0


def test_plugins_without_end_are_not_kept_without_end() -> None:
    metrics = Metrics()
    for number in range(2_000):
        metrics(PluginBuilt("node", f"n{number}", "production", "loaded", None, f"dist {number}", 0.1, 0.1))

    assert len(metrics._plugins) == 512


def test_only_a_fold_that_changed_something_counts_its_sources() -> None:
    told: list[Event] = [MemoryFolded("sqlite", "folded", 9, 0.1), MemoryFolded("sqlite", "abandoned", 7, 0.1, "floor")]

    assert counted(told, "matriz_memory_folded_total", store="sqlite") == 9.0
    assert counted(told, "matriz_memory_folds_total", store="sqlite", outcome="abandoned") == 1.0


def test_switches_and_dropped_spans_are_counted() -> None:
    told: list[Event] = [SwitchRead("recall", True, ""), SwitchRead("recall", False, "unreadable"), SpansDropped(7)]

    assert counted(told, "matriz_switch_on", flag="recall") == 0.0
    assert counted(told, "matriz_switch_reads_total", flag="recall", value="false") == 1.0
    assert counted(told, "matriz_spans_dropped_total") == 7.0


def test_a_stage_or_type_beyond_the_bound_counts_as_other() -> None:
    stages = [f"stage-{number}" for number in range(STAGE.bound + 50)]
    types = [f"Error{number}" for number in range(TYPE.bound + 50)]
    told: list[Event] = [
        *(finished(stage) for stage in stages),
        *(finished(ending="failed", error=error) for error in types),
    ]

    assert counted(told, "matriz_stage_total", stage=OTHER) == len(stages) - (STAGE.bound - len(STAGES))
    assert counted(told, "matriz_stage_fail_total", stage="memory", type=OTHER) == 50 + len(TYPE.values)


def test_a_value_that_a_closed_label_does_not_know_counts_as_other() -> None:
    assert counted([QueryFinished("q", "exploded", 0, 0.1, 0.25)], "matriz_queries_total", outcome=OTHER) == 1.0


def test_names_beyond_the_bounds_are_not_kept() -> None:
    metrics = Metrics()
    for number in range(5_000):
        metrics(finished(f"stage-{number}", node=f"node-{number}"))

    assert len(metrics._attempts) <= STAGE.bound * 65


TEXTS = st.text(max_size=8)
ANY_EVENT: st.SearchStrategy[Event] = st.one_of(
    st.builds(finished, TEXTS, st.sampled_from(["done", "failed", "skipped", "?"]), TEXTS, st.none() | TEXTS),
    st.builds(QueryShed, TEXTS, st.just(1.0)),
    st.builds(PluginBuilt, TEXTS, TEXTS, TEXTS, TEXTS, st.none(), st.none() | TEXTS, st.just(0.1), st.just(0.1)),
    st.builds(MemoryFolded, TEXTS, TEXTS, st.integers(0, 9), st.just(0.1)),
    st.builds(SwitchRead, TEXTS, st.booleans(), TEXTS),
    st.builds(NodeEjected, TEXTS, TEXTS, st.just(1.0), TEXTS),
)


@given(st.lists(ANY_EVENT, max_size=60))
def test_whatever_is_told_the_series_stay_within_the_bound_and_the_text_can_be_read(told: list[Event]) -> None:
    metrics = Metrics()
    for event in told:
        metrics(event)

    most = {metric.name: metric.most_series for metric in METRICS}
    suffixes = {"counter": "_total", "info": "_info"}
    for family in metrics.registry.collect():
        sets = {tuple(sorted((k, v) for k, v in s.labels.items() if k != "le")) for s in family.samples}
        assert len(sets) <= most[family.name + suffixes.get(family.type, "")]
    assert list(openmetrics_families(metrics.render(OPENMETRICS)[1].decode()))
    assert list(plain_families(metrics.render()[1].decode()))


@given(st.lists(TEXTS, max_size=80))
def test_a_label_takes_no_more_values_than_its_bound(values: list[str]) -> None:
    admitted = Admitted(STAGE)

    taken = [admitted(value) for value in values]

    assert len(set(taken) - {OTHER}) <= STAGE.bound
    assert all(value in (given, OTHER) for given, value in zip(values, taken))
    assert [admitted(value) for value in values if admitted(value) != OTHER] == [v for v in taken if v != OTHER]


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain"),
        ("*/*", "text/plain"),
        ("text/plain", "text/plain"),
        (PROMETHEUS_ASKS, OPENMETRICS),
        (OPENMETRICS, OPENMETRICS),
        ("Application/OpenMetrics-Text; version=1.0.0", OPENMETRICS),
        ("application/openmetrics-text;q=0", "text/plain"),
        ("application/openmetrics-text;q=0.1,text/plain;q=0.9", "text/plain"),
        ("application/openmetrics-text;q=nonsense", "text/plain"),
        ("application/openmetrics-text;version=\r\nX: y", OPENMETRICS),
    ],
)
def test_the_accept_header_decides_the_format(accept: str, content_type: str) -> None:
    given_type, body = Metrics().render(accept)

    assert given_type.split(";")[0] == content_type
    assert "\n" not in given_type
    assert body.endswith(b"# EOF\n") == (content_type == OPENMETRICS)


def test_the_text_holds_no_series_that_the_catalogue_does_not_name() -> None:
    metrics = Metrics()
    for event in ONE_OF_EACH:
        metrics(event)

    for accept in ("", OPENMETRICS):
        assert b"_created" not in metrics.render(accept)[1]


def test_what_is_read_back_is_what_was_told() -> None:
    metrics = Metrics()
    for event in query():
        metrics(event)

    families = {family.name: family for family in openmetrics_families(metrics.render(OPENMETRICS)[1].decode())}

    assert families["matriz_stage"].type == "counter"
    assert families["matriz_plugin"].type == "info"
    assert families["matriz_end_to_end_seconds"].unit == "seconds"


def test_a_sampled_query_leaves_its_trace_as_an_exemplar_and_no_other_does() -> None:
    metrics = Metrics({"sampled": "a" * 32}.get)
    metrics(QueryFinished("sampled", "answered", 0, 0.2, 0.25))
    metrics(QueryFinished("unsampled", "answered", 0, 0.02, 0.25))

    exemplars = [
        (sample.labels["le"], sample.exemplar.labels)
        for family in openmetrics_families(metrics.render(OPENMETRICS)[1].decode())
        for sample in family.samples
        if sample.exemplar
    ]

    assert exemplars == [("0.2", {"trace_id": "a" * 32})]


def test_what_is_rendered_is_kept_for_100_ms() -> None:
    now = [0.0]
    metrics = Metrics(clock=lambda: now[0])
    first = metrics.render()[1]
    metrics(QueryStarted("q", 0, 0.25))

    now[0] = 0.0999
    assert metrics.render()[1] is first
    now[0] = 0.1
    assert b"matriz_queries_in_flight 1.0" in metrics.render()[1]


def test_metrics_may_be_told_and_rendered_from_many_threads_at_once() -> None:
    now = iter(range(10**9))
    metrics = Metrics(clock=lambda: float(next(now)))
    told = [event for event in query() if not isinstance(event, QueryStarted)]

    def tell() -> None:
        for number in range(100):
            for event in told:
                metrics(event)
            metrics(finished(f"stage-{number}", node=f"node-{number}"))
            metrics.render()

    threads = [threading.Thread(target=tell) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert metrics.registry.get_sample_value("matriz_end_to_end_seconds_count") == 400.0
    assert metrics.registry.get_sample_value("matriz_stage_total", {"stage": "thought"}) == 400.0
