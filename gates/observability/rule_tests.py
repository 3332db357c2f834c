"""promtool's unit tests of the rules: that each alert fires, that it does not, and that it does not without traffic."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from gates.facts.observability.objectives import Alert, Objective, ObjectivesPolicy
from gates.observability.indicators import edge
from gates.observability.rules import alerts_of, identity, rules

# For how many minutes queries come: past the hour that the fastest page looks at. Longer windows see no more than there
# is; only what is well for hours before needs the six hours of the slower page.
_HOUR, _LONG = 70, 370
_VALUE = re.compile(r'="[^"]*"')


class Phase(NamedTuple):
    """So many minutes, with so many queries in each, of which a share goes wrong."""

    minutes: int
    rate: Decimal = Decimal(100)
    share: Decimal = Decimal(0)


def tests(policy: ObjectivesPolicy, rule_file: str) -> dict[str, Any]:
    """The file, as `promtool test rules` reads it."""
    expected = _expected(policy)
    cases = [case for objective in policy.objective for case in _of_objective(policy, objective, expected)]
    cases += [case for alert in policy.alert for case in _of_alert(alert, expected)]
    return {"rule_files": [rule_file], "evaluation_interval": "5m", "tests": cases}


def _expected(policy: ObjectivesPolicy) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """Alert and severity to the labels and annotations that it must be told with."""
    return {
        (rule["alert"], rule["labels"]["severity"]): {
            "exp_labels": rule["labels"],
            "exp_annotations": rule["annotations"],
        }
        for rule in alerts_of(rules(policy))
    }


def _of_objective(
    policy: ObjectivesPolicy, objective: Objective, expected: Mapping[tuple[str, str], Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    def told(*severities: str) -> list[dict[str, Any]]:
        known = [expected[objective.alert, severity] for severity in severities]
        more = identity(policy, objective)
        return [{**one, "exp_labels": {**one["exp_labels"], **more}} for one in known]

    budget = objective.budget
    few = Decimal(objective.least_events // 2)
    cases: tuple[tuple[str, tuple[Phase, ...], tuple[str, ...]], ...] = (
        ("fires: everything goes wrong", (Phase(_HOUR, share=Decimal(1)),), ("page", "ticket")),
        ("fires: for an hour, so that only the faster page sees it", _lately(20 * budget), ("page", "ticket")),
        ("fires: at eight times the pace, as the slower page", (Phase(_HOUR, share=8 * budget),), ("page", "ticket")),
        ("fires: at four times the pace, as a ticket", (Phase(_HOUR, share=4 * budget),), ("ticket",)),
        ("fires: at twice the pace, as the slower ticket", (Phase(_HOUR, share=2 * budget),), ("ticket",)),
        ("stays silent: half of the budget is spent", (Phase(_HOUR, share=budget / 2),), ()),
        ("stays silent: nothing goes wrong", (Phase(_HOUR),), ()),
        ("no traffic: nobody asks", (Phase(_HOUR, rate=Decimal(0)),), ()),
        ("no traffic: what few there were went wrong", _once(few), ()),
    )
    for name, phases, severities in cases:
        minutes = sum(phase.minutes for phase in phases)
        yield _case(objective.alert, name, _series(objective, phases), minutes, told(*severities))


def _lately(share: Decimal) -> tuple[Phase, ...]:
    """All is well for hours; then this share goes wrong, for so short a time that six hours hardly show it."""
    return Phase(_LONG - _HOUR), Phase(_HOUR, share=min(share, Decimal(1)))


def _once(many: Decimal) -> tuple[Phase, ...]:
    """So many in a minute, all of which go wrong, and none before or after."""
    nothing = Phase(30, rate=Decimal(0))
    return nothing, Phase(1, many, Decimal(1)), nothing


def _series(objective: Objective, phases: tuple[Phase, ...]) -> dict[str, str]:
    everything = _values((phase.minutes, phase.rate) for phase in phases)
    kept = _values((phase.minutes, phase.rate * (1 - phase.share)) for phase in phases)
    if objective.latency is not None:
        name = objective.latency.histogram
        return {f'{name}_bucket{{le="{edge(objective.latency)}"}}': kept, f"{name}_count": everything}
    assert objective.events is not None
    bad, good = objective.events.bad[0], objective.events.total[0]
    wrong = _values((phase.minutes, phase.rate * phase.share) for phase in phases)
    return {bad: wrong, _other(good, bad): kept}


def _values(phases: Iterable[tuple[int, Decimal]]) -> str:
    """A counter in promtool's notation: so many minutes at so many a minute, then so many at another pace."""
    parts, value = [], Decimal(0)
    for minutes, rate in phases:
        parts.append(f"{_plain(value)}+{_plain(rate)}x{minutes}")
        value += rate * minutes
    return " ".join(parts)


def _other(total: str, bad: str) -> str:
    """A series of the total that is none of what goes wrong."""
    name, mark, _ = total.partition("{")
    return _VALUE.sub('="other"', bad) if not mark and bad.startswith(f"{name}{{") else total


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _of_alert(alert: Alert, expected: Mapping[tuple[str, str], Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    told = [dict(expected[alert.name, alert.severity])]
    yield _case(alert.name, "fires", alert.fires, 25, told)
    yield _case(alert.name, "stays silent", alert.silent, 25, [])
    yield _case(alert.name, "no traffic", alert.no_traffic, 25, [])


def _case(alert: str, name: str, series: Mapping[str, str], minutes: int, told: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": f"{alert} {name}",
        "interval": "1m",
        "input_series": [{"series": one, "values": values} for one, values in series.items()],
        "alert_rule_test": [{"eval_time": f"{minutes}m", "alertname": alert, "exp_alerts": told}],
    }
