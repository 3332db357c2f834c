"""Prometheus rules: what each objective has spent of its budget, by sloth's names, and who is told when it burns.

Names, labels and windows are those that sloth (sloth.dev) writes for its `prometheus/v1` objectives, so that whatever
reads its rules reads these. Unlike them, an alert asks that there was something to judge by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from gates.facts.observability.objectives import PAGES, TICKETS, Alert, Objective, ObjectivesPolicy
from gates.observability.indicators import enough, error_ratio

WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
RATIO = "slo:sli_error:ratio_rate"
_ON = "on (sloth_id, sloth_slo, sloth_service) group_left"

Rule = dict[str, Any]


def rules(policy: ObjectivesPolicy) -> dict[str, Any]:
    """The rule file, as Prometheus reads it."""
    groups = [group for objective in policy.objective for group in _groups(policy, objective)]
    if policy.alert:
        groups.append({"name": f"{policy.service}-alerts", "rules": [_alert(policy, one) for one in policy.alert]})
    return {"groups": groups}


def identity(policy: ObjectivesPolicy, objective: Objective) -> dict[str, str]:
    """The labels by which sloth's rules are told apart."""
    return {
        "sloth_id": f"{policy.service}-{objective.name}",
        "sloth_service": policy.service,
        "sloth_slo": objective.name,
    }


def selected(record: str, policy: ObjectivesPolicy, objective: Objective) -> str:
    """A recorded series of one objective."""
    labels = ", ".join(f'{name}="{value}"' for name, value in identity(policy, objective).items())
    return f"{record}{{{labels}}}"


def _groups(policy: ObjectivesPolicy, objective: Objective) -> Iterator[dict[str, Any]]:
    name = f"{policy.service}-{objective.name}"
    yield {"name": f"sloth-slo-sli-recordings-{name}", "rules": list(_indicators(policy, objective))}
    yield {"name": f"sloth-slo-meta-recordings-{name}", "rules": list(_budgets(policy, objective))}
    yield {"name": f"sloth-slo-alerts-{name}", "rules": list(_burning(policy, objective))}


def _indicators(policy: ObjectivesPolicy, objective: Objective) -> Iterator[Rule]:
    labels = identity(policy, objective)
    for window in WINDOWS:
        yield _recorded(f"{RATIO}{window}", error_ratio(objective, window), {**labels, "sloth_window": window})
    short = selected(f"{RATIO}{WINDOWS[0]}", policy, objective)
    whole = f"sum_over_time({short}[{policy.window}])\n/ ignoring (sloth_window)\n"
    whole += f"count_over_time({short}[{policy.window}])"
    yield _recorded(f"{RATIO}{policy.window}", whole, {**labels, "sloth_window": policy.window})


def _budgets(policy: ObjectivesPolicy, objective: Objective) -> Iterator[Rule]:
    labels = identity(policy, objective)
    budget = selected("slo:error_budget:ratio", policy, objective)
    days = policy.window.rstrip("d")
    yield _recorded("slo:objective:ratio", f"vector({1 - objective.budget})", labels)
    yield _recorded("slo:error_budget:ratio", f"vector({objective.budget})", labels)
    yield _recorded("slo:time_period:days", f"vector({days})", labels)
    for record, window in (("slo:current_burn_rate:ratio", WINDOWS[0]), ("slo:period_burn_rate:ratio", policy.window)):
        spent = selected(f"{RATIO}{window}", policy, objective)
        yield _recorded(record, f"{spent}\n/ {_ON}\n{budget}", labels)
    left = f"1 - {selected('slo:period_burn_rate:ratio', policy, objective)}"
    yield _recorded("slo:period_error_budget_remaining:ratio", left, labels)
    told = {"sloth_mode": "gates-observability", "sloth_objective": f"{objective.target:g}", "sloth_spec": "toml/v1"}
    yield _recorded("sloth_slo_info", "vector(1)", {**labels, **told})


def _recorded(record: str, expression: str, labels: Mapping[str, str]) -> Rule:
    return {"record": record, "expr": expression, "labels": dict(labels)}


def _burning(policy: ObjectivesPolicy, objective: Objective) -> Iterator[Rule]:
    for severity, burns in (("page", PAGES), ("ticket", TICKETS)):
        parts = [_burn(policy, objective, *burn) for burn in burns]
        yield {
            "alert": objective.alert,
            "expr": "\nor\n".join(parts),
            "labels": {"sloth_severity": severity, "severity": severity, "owner": objective.owner},
            "annotations": _told(policy, summary(objective, severity), objective.runbook),
        }


def summary(objective: Objective, severity: str) -> str:
    """What has happened, in a line."""
    pace = "so fast that it is gone within days" if severity == "page" else "faster than it lasts"
    return f"Not kept to {objective.to}: {objective.promise}. The budget for that is being spent {pace}"


def _burn(policy: ObjectivesPolicy, objective: Objective, short: str, long: str, factor: Decimal) -> str:
    """Both windows over the threshold (the short one, so that it ends soon after), and enough in the longer one."""
    over = [
        f"(max({selected(f'{RATIO}{window}', policy, objective)} > ({factor} * {objective.budget})) "
        "without (sloth_window))"
        for window in (short, long)
    ]
    return f"(\n  {over[0]}\n  and\n  {over[1]}\n  and on ()\n  {enough(objective, long)}\n)"


def _alert(policy: ObjectivesPolicy, alert: Alert) -> Rule:
    return {
        "alert": alert.name,
        "expr": alert.expression,
        **({} if alert.lasting == "0s" else {"for": alert.lasting}),
        "labels": {"severity": alert.severity, "owner": alert.owner},
        "annotations": _told(policy, alert.summary, alert.runbook),
    }


def _told(policy: ObjectivesPolicy, words: str, runbook: str) -> dict[str, str]:
    return {"summary": words, "runbook_url": f"{policy.runbooks}{runbook}"}


def alerts_of(document: Mapping[str, Any]) -> Sequence[Rule]:
    """The alerts of a rule file."""
    return [rule for group in document["groups"] for rule in group["rules"] if "alert" in rule]
