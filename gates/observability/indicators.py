"""The share of what broke an objective, as PromQL over any window; and how much there was to judge by."""

from __future__ import annotations

from gates.errors import GatesError, did_you_mean
from gates.facts.observability.catalogue import Metric, Telemetry
from gates.facts.observability.objectives import Latency, Objective

PLACE = "objectives.toml"


def error_ratio(objective: Objective, window: str) -> str:
    """What went wrong of all there was; nothing where there was nothing, which a share of 0/0 would not say."""
    return f"(\n  {_bad(objective, window)}\n)\n/\n(\n  {total_rate(objective, window)} > 0\n)"


def total_rate(objective: Objective, window: str) -> str:
    """How much there was, a second."""
    if objective.latency is not None:
        return f"sum(rate({objective.latency.histogram}_count[{window}]))"
    assert objective.events is not None
    return _added(objective.events.total, window)


def enough(objective: Objective, window: str) -> str:
    """True where there was enough to judge by: the guard for no traffic."""
    if objective.latency is not None:
        counted = f"sum(increase({objective.latency.histogram}_count[{window}]))"
    else:
        assert objective.events is not None
        counted = _added(objective.events.total, window, "increase")
    return f"({counted} >= {objective.least_events})"


def _bad(objective: Objective, window: str) -> str:
    if objective.events is not None:
        return _added(objective.events.bad, window)
    assert objective.latency is not None
    kept = f'{objective.latency.histogram}_bucket{{le="{edge(objective.latency)}"}}'
    return f"sum(rate({objective.latency.histogram}_count[{window}])) - sum(rate({kept}[{window}]))"


def _added(selectors: tuple[str, ...], window: str, function: str = "rate") -> str:
    """The sum of all; what has no series yet counts as nothing."""
    return " + ".join(f"(sum({function}({selector}[{window}])) or vector(0))" for selector in selectors)


def edge(latency: Latency) -> str:
    """The label `le` of the bucket that holds what was in time, as clients write it: 0.25, 1.0."""
    return repr(float(latency.within))


def refuse_unmeasurable(objective: Objective, telemetry: Telemetry) -> None:
    """GatesError where the catalogue has no such histogram, or it has no edge there."""
    if objective.latency is None:
        return
    place = f"policies/{PLACE}: [[objective]] '{objective.name}' [latency]"
    known = {metric.name: metric for metric in telemetry.metrics if metric.kind == "histogram"}
    metric = known.get(objective.latency.histogram)
    if metric is None:
        hint = did_you_mean(objective.latency.histogram, known) or f"; there are {', '.join(known)}"
        raise GatesError(f"{place} histogram is '{objective.latency.histogram}', which is none of the catalogue{hint}")
    _refuse_no_edge(objective.latency, metric, place)


def _refuse_no_edge(latency: Latency, metric: Metric, place: str) -> None:
    if latency.within not in metric.edges:
        edges = ", ".join(f"{one:g}" for one in metric.edges)
        raise GatesError(
            f"{place} within is {latency.within:g}, where {metric.name} has no edge: what kept it could only be "
            f"guessed; its edges are {edges}"
        )
