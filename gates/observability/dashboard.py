"""The Grafana dashboard: each objective and what is left of its budget, then every metric of the catalogue.

Plain data in Grafana's own JSON, so that it is the same on every Python; where Grafana's SDK installs, a test has its
types read all of it (docs/decisions/0034).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from gates.facts.observability.catalogue import Metric, Telemetry
from gates.facts.observability.objectives import Objective, ObjectivesPolicy
from gates.observability.rules import selected

RATE_INTERVAL = "$__rate_interval"
SCHEMA_VERSION = 39
_DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
_WIDE, _HIGH, _COLUMNS = 8, 8, 24
_QUANTILES = ("0.5", "0.95", "0.99")
# What Grafana calls the units that Prometheus's names end with.
_UNITS = {"seconds": "s", "bytes": "bytes", "ratio": "percentunit", "": "short"}


class Query(NamedTuple):
    """One line, or family of lines, of a panel."""

    expression: str
    legend: str


class Panel(NamedTuple):
    """What a panel shows; `threshold` is drawn in red."""

    title: str
    about: str
    queries: tuple[Query, ...]
    unit: str = "short"
    kind: str = "timeseries"
    threshold: float = 0.0


def dashboard(policy: ObjectivesPolicy, telemetry: Telemetry) -> dict[str, Any]:
    """The dashboard, as Grafana imports it."""
    rows = [("Objectives", [panel for one in policy.objective for panel in _of_objective(policy, one)])]
    rows += [
        (title, [panel for metric in metrics for panel in _of_metric(metric)]) for title, metrics in _rows(telemetry)
    ]
    return {
        "uid": policy.service,
        "title": f"{policy.service}: what it promises, and what it does",
        "description": "Written by `make observability`; a change made here is lost.",
        "tags": [policy.service, "generated"],
        "timezone": "utc",
        "editable": False,
        "refresh": "30s",
        "schemaVersion": SCHEMA_VERSION,
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus", "hide": 0}]},
        "annotations": {"list": []},
        "panels": list(_placed(rows)),
    }


def _rows(telemetry: Telemetry) -> Iterator[tuple[str, Sequence[Metric]]]:
    """The metrics by the second word of their names; those that are alone stand together."""
    groups: dict[str, list[Metric]] = {}
    for metric in telemetry.metrics:
        groups.setdefault(_subject(metric), []).append(metric)
    alone = [metric for metrics in groups.values() if len(metrics) == 1 for metric in metrics]
    for subject, metrics in groups.items():
        if len(metrics) > 1:
            yield subject.capitalize(), metrics
    if alone:
        yield "And besides", alone


def _subject(metric: Metric) -> str:
    return [*metric.name.split("_"), ""][1].rstrip("s")


def _of_objective(policy: ObjectivesPolicy, objective: Objective) -> Iterator[Panel]:
    about = f"Promised to {objective.to}: {objective.promise}."
    left = selected("slo:period_error_budget_remaining:ratio", policy, objective)
    pace = selected("slo:current_burn_rate:ratio", policy, objective)
    yield Panel(f"{objective.name}: budget left", about, (Query(left, "left"),), "percentunit", "stat")
    yield Panel(f"{objective.name}: pace, 1 lasts", about, (Query(pace, "pace"),), threshold=1.0)
    if objective.latency is not None:
        name, within = objective.latency.histogram, objective.latency.within
        share = f"{objective.target / 100:g}"
        query = Query(_quantile(share, name, ()), f"{objective.target:g} % take no longer")
        yield Panel(f"{objective.name}: against {within:g}", about, (query,), "s", threshold=within)
    else:
        query = Query(selected("slo:sli_error:ratio_rate5m", policy, objective), "went wrong")
        allowed = float(objective.budget)
        yield Panel(f"{objective.name}: against {allowed:.2%}", about, (query,), "percentunit", threshold=allowed)


def _of_metric(metric: Metric) -> Iterator[Panel]:
    labels = tuple(label.name for label in metric.labels)
    legend = " ".join(f"{{{{{label}}}}}" for label in labels)
    unit = _UNITS.get(metric.unit, metric.unit)
    title = metric.name
    if metric.kind == "histogram":
        queries = tuple(
            Query(_quantile(share, metric.name, labels), f"p{float(share) * 100:g} {legend}".strip())
            for share in _QUANTILES
        )
        yield Panel(title, metric.help, queries, unit)
    elif metric.kind == "counter":
        rate = _summed(labels, f"rate({metric.name}[{RATE_INTERVAL}])")
        yield Panel(f"{title}, a second", metric.help, (Query(rate, legend or "all"),), "ops")
        if len(labels) > 1:
            whole = _summed(labels[:1], f"rate({metric.name}[{RATE_INTERVAL}])")
            share = f"{rate} / on ({labels[0]}) group_left () ({whole} > 0)"
            yield Panel(f"{title}, shares of each {labels[0]}", metric.help, (Query(share, legend),), "percentunit")
    else:
        yield Panel(title, metric.help, (Query(_summed(labels, metric.name), legend or "all"),), unit)


def _quantile(share: str, histogram: str, labels: Iterable[str]) -> str:
    by = ", ".join(("le", *labels))
    return f"histogram_quantile({share}, sum by ({by}) (rate({histogram}_bucket[{RATE_INTERVAL}])))"


def _summed(labels: Sequence[str], expression: str) -> str:
    return f"sum by ({', '.join(labels)}) ({expression})" if labels else f"sum({expression})"


def _placed(rows: Iterable[tuple[str, Sequence[Panel]]]) -> Iterator[dict[str, Any]]:
    """Each row's title, and below it its panels, three beside each other."""
    number, top = 0, 0
    for title, panels in rows:
        number += 1
        place = {"h": 1, "w": _COLUMNS, "x": 0, "y": top}
        yield {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}
        top += 1
        for at, panel in enumerate(panels):
            number += 1
            left, down = at % (_COLUMNS // _WIDE), at // (_COLUMNS // _WIDE)
            yield _drawn(panel, number, {"h": _HIGH, "w": _WIDE, "x": left * _WIDE, "y": top + down * _HIGH})
        top += -(-len(panels) // (_COLUMNS // _WIDE)) * _HIGH


def _drawn(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.threshold:
        steps.append({"color": "red", "value": panel.threshold})
    custom = {"thresholdsStyle": {"mode": "line"}} if panel.threshold else {}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": _DATASOURCE,
        "gridPos": place,
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "thresholds": {"mode": "absolute", "steps": steps}, "custom": custom},
            "overrides": [],
        },
        "targets": [
            {
                "refId": chr(ord("A") + at),
                "expr": query.expression,
                "legendFormat": query.legend,
                "datasource": _DATASOURCE,
            }
            for at, query in enumerate(panel.queries)
        ],
    }
