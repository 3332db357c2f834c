"""A metric or a label is used that the service does not have, or one that it has is used nowhere.

Why: a dashboard of a metric that nothing emits is an empty panel, and an alert on it never fires; nobody is told of
either. A metric that nothing shows costs memory at every scrape and answers nobody's question.
Instead: use the names of the catalogue, which the service writes down itself; name a metric with its unit, in base
units (`_seconds`, `_bytes`), and a counter with `_total`; keep out labels that take a value for each query or user.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Optional

from gates.checks.gate import Plant
from gates.errors import CannotPlant, did_you_mean
from gates.facts.checkout import Checkout
from gates.facts.observability.catalogue import Metric, Telemetry
from gates.facts.observability.metric_uses import CODE, DASHBOARD, RULE, RUNBOOK, MetricUses, Use
from gates.finding import Finding
from gates.globs import Globs, any_of

BASE_UNITS = ("seconds", "bytes", "ratio", "joules", "celsius", "meters", "volts", "amperes", "grams")
_OTHER_UNITS = re.compile(
    r"_(ms|millis|milliseconds|us|micros|microseconds|ns|nanoseconds|minutes|hours|days|kb|mb|gb|percent)(_|$)"
)
# What Prometheus itself gives to every series that it scrapes, and the series that it makes of each scrape.
TARGET_LABELS = frozenset({"job", "instance"})
OF_SCRAPES = frozenset({"up", "ALERTS", "ALERTS_FOR_STATE", "scrape_duration_seconds", "scrape_samples_scraped"})
_ENDS = re.compile(r"_(total|seconds|bytes|ratio|info|count|sum|bucket)$")
_PLANTED = "gates_planted_total"


@dataclass(frozen=True)
class UndefinedMetric:
    """`forbidden_labels`: those that take a value for each query or user. `most_series`: as many as one metric may come
    to. `recorded`: how names that rules record begin, beside those of the rule files that are read; `allowed_in`:
    files that are not asked."""

    forbidden_labels: tuple[str, ...] = (
        "id",
        "query",
        "query_id",
        "request_id",
        "session",
        "span_id",
        "text",
        "trace_id",
        "user",
        "user_id",
    )
    most_series: int = 10_000
    recorded: tuple[str, ...] = ()
    allowed_in: Globs = ()
    needs: ClassVar[tuple[str, ...]] = ("rules, dashboards or runbooks in [facts.metric-uses]",)

    def check(self, telemetry: Telemetry, metric_uses: MetricUses) -> Iterator[Finding]:
        allowed = any_of(self.allowed_in)
        for metric in telemetry.metrics:
            yield from self._named(metric, telemetry)
        yield from _rivals(telemetry)
        for use in metric_uses.uses:
            if not allowed.fullmatch(use.path):
                yield from self._judged(use, telemetry, metric_uses)
        for unread in metric_uses.unread:
            if not allowed.fullmatch(unread.path):
                message = f"`{unread.text[:120]}` {unread.why}"
                yield Finding(unread.path, unread.line, message, subject=unread.text[:200])
        yield from _shown_nowhere(telemetry, metric_uses)

    def plant(self, checkout: Checkout, metric_uses: MetricUses) -> Plant:
        """One more use, of a metric that there is not."""
        allowed = any_of(self.allowed_in)
        name = f"{metric_uses.prefixes[0] if metric_uses.prefixes else ''}{_PLANTED}"
        for kind in (RUNBOOK, RULE, DASHBOARD, CODE):
            for file in metric_uses.files[kind]:
                if not allowed.fullmatch(file.path):
                    return Plant({file.path: _with_one_more(kind, checkout.read(file.path), name)}, file.path, name)
        raise CannotPlant("no file is asked: the policy forbids nothing")

    def _named(self, metric: Metric, telemetry: Telemetry) -> Iterator[Finding]:
        """Units in names, base units, what a counter ends with; and how many series there can be."""
        path, line = telemetry.place, telemetry.line_of(metric.name)
        for what in _misnamed(metric):
            yield Finding(path, line, f"{metric.name}: {what}", subject=f"{metric.name}: name")
        for label in sorted(metric.label_names & set(self.forbidden_labels)):
            message = f"{metric.name} has the label {label}: a series would be kept for every value of it"
            yield Finding(path, line, message, subject=f"{metric.name}: {label}")
        if metric.most_series > self.most_series:
            message = f"{metric.name} can come to {metric.most_series:,} series, more than {self.most_series:,}"
            yield Finding(path, line, message, subject=f"{metric.name}: series")

    def _judged(self, use: Use, telemetry: Telemetry, metric_uses: MetricUses) -> Iterator[Finding]:
        if use.name in OF_SCRAPES or use.name in metric_uses.recorded or use.name.startswith(self.recorded or ("\0",)):
            return
        names = telemetry.labels
        metric = telemetry.series.get(use.name) or _base_of(use, telemetry)
        if metric is None:
            message = f"{use.name} is none of the metrics that the service has{_meant(use.name, names)}"
            yield Finding(use.path, use.line, message, subject=use.name)
            return
        have = names.get(use.name, metric.label_names) | TARGET_LABELS
        for label in sorted(use.labels - have):
            told = ", ".join(sorted(metric.label_names)) or "none"
            message = f"{use.name} has no label {label}; its labels are {told}"
            yield Finding(use.path, use.line, message, subject=f"{use.name}: {label}")
        if use.exact and metric.label_names - use.labels:
            missing = ", ".join(sorted(metric.label_names - use.labels))
            message = f"{use.name} is made here without {missing}, which the catalogue says that it has"
            yield Finding(use.path, use.line, message, subject=f"{use.name}: without {missing}")


def _base_of(use: Use, telemetry: Telemetry) -> Optional[Metric]:
    """Code and runbooks may call a histogram by its name alone; an expression may not."""
    if use.kind not in (CODE, RUNBOOK):
        return None
    return next((metric for metric in telemetry.metrics if metric.name == use.name), None)


def _misnamed(metric: Metric) -> Iterator[str]:
    bare = metric.name[: -len("_total")] if metric.kind == "counter" else metric.name
    if metric.kind == "counter" and not metric.name.endswith("_total"):
        yield "it is a counter, and its name does not end with _total"
    if metric.kind != "counter" and metric.name.endswith("_total"):
        yield f"it is a {metric.kind}, and its name ends as a counter's"
    other = _OTHER_UNITS.search(metric.name)
    if other is not None:
        yield f"its name says {other[1]}; use a base unit: {', '.join(BASE_UNITS[:3])}"
    if metric.unit and metric.unit not in BASE_UNITS:
        yield f"its unit is {metric.unit}; use a base unit: {', '.join(BASE_UNITS[:3])}"
    if metric.unit and not bare.endswith(f"_{metric.unit}"):
        yield f"its unit is {metric.unit}, and its name does not say so"
    if not metric.unit and bare.endswith(tuple(f"_{unit}" for unit in BASE_UNITS)):
        yield "its name says a unit, and the catalogue none"


def _rivals(telemetry: Telemetry) -> Iterator[Finding]:
    """Two names that differ in nothing but plurals, the order of their words, or a unit."""
    first: dict[tuple[str, ...], str] = {}
    for metric in telemetry.metrics:
        known = first.setdefault(_words(metric.name), metric.name)
        if known != metric.name:
            message = f"{metric.name} and {known} are two spellings of one name; keep one"
            yield Finding(telemetry.place, telemetry.line_of(metric.name), message, subject=f"{metric.name}: {known}")


def _words(name: str) -> tuple[str, ...]:
    bare = _ENDS.sub("", name)
    return (*sorted(word.rstrip("s") for word in bare.split("_")), *_ENDS.findall(name))


def _meant(name: str, known: Mapping[str, object]) -> str:
    rival = next((other for other in known if _words(other) == _words(name)), None)
    return f"; it is called {rival}" if rival is not None else did_you_mean(name, known)


def _shown_nowhere(telemetry: Telemetry, metric_uses: MetricUses) -> Iterator[Finding]:
    """The reverse: what stands in the catalogue, and in no rule, dashboard or runbook."""
    if not any(metric_uses.files[kind] for kind in (RULE, DASHBOARD, RUNBOOK)):
        return
    shown = {
        telemetry.series[use.name].name for use in metric_uses.uses if use.kind != CODE and use.name in telemetry.series
    }
    for metric in telemetry.metrics:
        if metric.name not in shown:
            message = f"{metric.name} stands in no rule, dashboard or runbook: nobody looks at it"
            yield Finding(telemetry.place, telemetry.line_of(metric.name), message, subject=f"{metric.name}: shown")


def _with_one_more(kind: str, content: bytes, name: str) -> bytes:
    expression = f"rate({name}[5m])"
    if kind == RUNBOOK:
        return content + f"\n```promql\n{expression}\n```\n".encode()
    if kind == CODE:
        return content + f'\nGATES_PLANTED = "{name}"\n'.encode()
    if kind == DASHBOARD:
        return json.dumps({"planted": {"expr": expression}, "panels": json.loads(content)}).encode()
    return content + f"\n---\nexpr: {expression}\n".encode()
