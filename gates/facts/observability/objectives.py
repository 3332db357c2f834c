"""What the service promises: policies/objectives.toml, from which its rules, dashboard and routing are generated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Literal, Optional

from gates.errors import PolicyError
from gates.facts.fact import digest_of
from gates.facts.recording_file import refuse_outside

# How fast a budget is spent before somebody is told, as multiples of spending it evenly; each over a short and a long
# window (Google's SRE workbook, chapter 5, and sloth's defaults for 30 days).
PAGES = (("5m", "1h", Decimal("14.4")), ("30m", "6h", Decimal(6)))
TICKETS = (("2h", "1d", Decimal(3)), ("6h", "3d", Decimal(1)))
Severity = Literal["page", "ticket"]
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_ALERT = re.compile(r"[A-Z][A-Za-z0-9]*")
_DURATION = re.compile(r"[1-9][0-9]*(ms|s|m|h|d)|0s")


@dataclass(frozen=True)
class Latency:
    """Kept by what took no longer: `histogram` has an edge at `within`."""

    histogram: str
    """The histogram, without _bucket."""
    within: float
    """How long it may take, in the histogram's unit."""


@dataclass(frozen=True)
class Events:
    """Kept by what did not go wrong: selectors of counters, added up."""

    total: tuple[str, ...]
    """Whatever is counted, like matriz_queries_total."""
    bad: tuple[str, ...]
    """What breaks the promise, like matriz_queries_total{outcome="failed"}; counted in total, too."""


@dataclass(frozen=True)
class Objective:
    """One `[[objective]]`: a promise, with the budget by which it may be broken. Either `latency` or `events`."""

    name: str
    """Small letters with dashes; its alert is called like it, in capitals."""
    promise: str
    """In words, for whoever is woken."""
    to: str
    """To whom it is given."""
    target: float
    """The share that must be kept, in percent; what is left is the budget."""
    owner: str
    """Who is told, and who answers for it."""
    runbook: str
    """The file to follow, as a path of this repository."""
    latency: Optional[Latency] = None
    """Where it is a promise on how long something takes."""
    events: Optional[Events] = None
    """Where it is a promise on how often something goes wrong."""
    least_events: int = 20
    """So many must have happened in the longer window before a share of them says anything."""

    @property
    def alert(self) -> str:
        """`query-latency` is watched by QueryLatency."""
        return "".join(word.capitalize() for word in self.name.split("-"))

    @property
    def budget(self) -> Decimal:
        """The share that may go wrong, exactly."""
        return ((100 - Decimal(str(self.target))) / 100).normalize()


@dataclass(frozen=True)
class Alert:
    """One `[[alert]]` besides those of the objectives: `expression` gives something where somebody must be told.

    `fires`, `silent` and `no_traffic` are series in promtool's notation, a minute between two values, by which it is
    tested: that it fires, that it does not, and that it does not where nobody asks anything.
    """

    name: str
    """Words in capitals, like ServiceAbsent."""
    summary: str
    """What has happened, for whoever is told."""
    expression: str
    """PromQL."""
    severity: Severity
    """Whether somebody is woken."""
    owner: str
    """Who is told, and who answers for it."""
    runbook: str
    """The file to follow, as a path of this repository."""
    fires: Mapping[str, str]
    """Series by which it fires."""
    silent: Mapping[str, str]
    """Series by which it does not."""
    no_traffic: Mapping[str, str]
    """Series of a service that nobody asks anything, by which it does not either."""
    lasting: str = "0s"
    """How long it must have been so."""


@dataclass(frozen=True)
class Receiver:
    """One `[[receiver]]`: who is told of alerts of one severity, by a webhook."""

    severity: Severity
    """Of which alerts."""
    webhook: str
    """The address."""
    wait: str = "10s"
    """How long to wait for others of the same alert before the first message."""
    repeat: str = "4h"
    """How long until it is said again."""


@dataclass(frozen=True)
class ObjectivesPolicy:
    """policies/objectives.toml: who promises what to whom, and who is told when it is in danger."""

    policy_file: ClassVar[str] = "objectives.toml"
    service: str = "service"
    """The job's name in Prometheus, and the first part of every sloth_id."""
    runbooks: str = ""
    """Where the paths of runbooks can be read, so that an alert can name an address: a URL that they are added to."""
    targets: tuple[str, ...] = ("127.0.0.1:8080",)
    """Where the service's /metrics are: host and port."""
    alertmanagers: tuple[str, ...] = ("127.0.0.1:9093",)
    """Where the Alertmanagers are: host and port."""
    window: Literal["28d", "30d"] = "30d"
    """Over how long the budgets last."""
    objective: tuple[Objective, ...] = ()
    alert: tuple[Alert, ...] = ()
    receiver: tuple[Receiver, ...] = ()

    def __post_init__(self) -> None:
        for objective in self.objective:
            _refuse_odd_objective(objective)
        for alert in self.alert:
            _refuse_odd_alert(alert)
        names = self.alerts
        for name in names:
            if names.count(name) > 1:
                raise PolicyError(f"two alerts are called {name}; an alert has one name, and one runbook")
        told = [receiver.severity for receiver in self.receiver]
        for severity in ("page", "ticket"):
            if (self.objective or self.alert) and told.count(severity) != 1:
                raise PolicyError(f"has {told.count(severity)} [[receiver]] of severity {severity}; it needs one")
        for receiver in self.receiver:
            for key in ("wait", "repeat"):
                _refuse_no_duration(getattr(receiver, key), f"[[receiver]] of {receiver.severity}: {key}")

    @property
    def alerts(self) -> list[str]:
        """The names of all alerts."""
        return [*(objective.alert for objective in self.objective), *(alert.name for alert in self.alert)]


def _refuse_odd_objective(objective: Objective) -> None:
    place = f"[[objective]] '{objective.name}'"
    if not _NAME.fullmatch(objective.name):
        raise PolicyError(f"{place} name must be small letters and digits with dashes between")
    if (objective.latency is None) == (objective.events is None):
        raise PolicyError(f"{place} needs either [objective.latency] or [objective.events], and not both")
    if not 0 < objective.target < 100:
        raise PolicyError(f"{place} target is {objective.target:g}; give a percentage between 0 and 100")
    fastest = max(factor for _, _, factor in PAGES)
    if fastest * objective.budget >= 1:
        least = 100 - 100 / fastest
        raise PolicyError(
            f"{place} target is {objective.target:g}: no share can be {fastest} times what may go wrong, so its page "
            f"could never fire; promise more than {least:.1f}, or less in what counts as kept"
        )
    if objective.events is not None and not (objective.events.total and objective.events.bad):
        raise PolicyError(f"{place} [objective.events] needs total and bad, each with a counter at least")
    if objective.latency is not None and not objective.latency.within > 0:
        raise PolicyError(f"{place} within is {objective.latency.within:g}; it must be above 0")
    if objective.least_events < 1:
        raise PolicyError(
            f"{place} least_events is {objective.least_events}; without traffic it would fire: at least 1"
        )
    _refuse_empty(objective, place, "promise", "to", "owner")
    refuse_outside(objective.runbook, f"{place} runbook")


def _refuse_odd_alert(alert: Alert) -> None:
    place = f"[[alert]] '{alert.name}'"
    if not _ALERT.fullmatch(alert.name):
        raise PolicyError(f"{place} name must be words in capitals, like ServiceAbsent")
    _refuse_empty(alert, place, "summary", "expression", "owner")
    refuse_outside(alert.runbook, f"{place} runbook")
    _refuse_no_duration(alert.lasting, f"{place} lasting")


def _refuse_empty(entry: object, place: str, *keys: str) -> None:
    for key in keys:
        if not getattr(entry, key).strip():
            raise PolicyError(f"{place} {key} is empty; say it")


def _refuse_no_duration(text: str, place: str) -> None:
    if not _DURATION.fullmatch(text):
        raise PolicyError(f"{place} is '{text}'; write it like 30s, 5m or 4h")


@dataclass
class Objectives:
    """The promises and alerts of policies/objectives.toml."""

    policy: ObjectivesPolicy
    unit: ClassVar[str] = "promised alerts"
    may_be_none: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def gather(cls, policy: ObjectivesPolicy) -> Objectives:
        """Of the policy alone."""
        return cls(policy)

    @property
    def digest(self) -> str:
        """Of all that is promised."""
        return digest_of(repr(self.policy))

    def __len__(self) -> int:
        return len(self.policy.alerts)
