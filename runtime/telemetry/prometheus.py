"""Events into counters and histograms, and those into the text that Prometheus reads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from typing import Callable, NamedTuple, Optional

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.openmetrics import exposition as openmetrics

from runtime.telemetry import catalogue
from runtime.telemetry.catalogue import OTHER, Label, Metric
from runtime.telemetry.events import (
    Event,
    LoopLagged,
    MemoryFolded,
    MemoryRecalled,
    MemoryRemembered,
    MemorySized,
    NodeEjected,
    NodeReadmitted,
    OrphansCounted,
    PluginBuilt,
    QueryFinished,
    QueryShed,
    QueryStarted,
    SpansDropped,
    StageFinished,
    SwitchRead,
)

_FRESH = 0.1
_OPENMETRICS: Callable[[CollectorRegistry], bytes] = openmetrics.generate_latest


def no_trace(query: str) -> Optional[str]:
    """Nothing is traced."""
    return None


class Admitted:
    """The values that a label has taken; what comes after its bound is `other`."""

    def __init__(self, label: Label) -> None:
        self._most = len(label.values) if label.closed else label.bound
        self._values = set(label.values)
        self._lock = threading.Lock()

    def __call__(self, value: str) -> str:
        """The value, or `other`."""
        if value in self._values:
            return value
        with self._lock:
            if len(self._values) < self._most:
                self._values.add(value)
                return value
        return value if value in self._values else OTHER


class _OfAttempts(NamedTuple):
    """The bound children that an attempt at one stage on one node touches."""

    total: Counter
    seconds: Histogram
    picks: Counter
    failures: Counter


class Metrics:
    """An observer. Safe to tell from any thread.

    `trace_of` names the sampled trace of a query in hexadecimal, for exemplars; `budgets` are the caps of the stages in
    seconds, each of which becomes an edge.
    """

    def __init__(
        self,
        trace_of: Callable[[str], Optional[str]] = no_trace,
        budgets: Iterable[float] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.registry = CollectorRegistry()
        self._trace_of = trace_of
        self._clock = clock
        self._budgets = tuple(budgets)
        self._admitted: dict[Label, Admitted] = {}
        self._rendered: dict[bool, tuple[float, bytes]] = {}
        self._rendering = threading.Lock()
        self._changing = threading.Lock()
        self._attempts: dict[tuple[str, str], _OfAttempts] = {}
        self._orphans: dict[tuple[str, str], int] = {}
        self._plugins: dict[tuple[str, str, Optional[str]], tuple[str, str]] = {}
        self._register()
        self._listeners: dict[type, Callable[..., None]] = {
            QueryStarted: self._query_started,
            StageFinished: self._stage_finished,
            QueryFinished: self._query_finished,
            QueryShed: self._query_shed,
            NodeEjected: self._node_ejected,
            NodeReadmitted: self._node_readmitted,
            OrphansCounted: self._orphans_counted,
            LoopLagged: self._loop_lagged,
            PluginBuilt: self._plugin_built,
            MemoryRemembered: self._remembered,
            MemoryRecalled: self._recalled,
            MemoryFolded: self._folded,
            MemorySized: self._sized,
            SwitchRead: self._switch_read,
            SpansDropped: self._spans_dropped,
        }

    def __call__(self, event: Event) -> None:
        """Count one event."""
        listener = self._listeners.get(type(event))
        if listener is not None:
            listener(event)

    def render(self, accept: str = "") -> tuple[str, bytes]:
        """Content type and body: OpenMetrics where the Accept header asks for it, at most 100 ms old.

        It takes milliseconds of CPU; a server calls it in a thread.
        """
        wanted = _wants_openmetrics(accept)
        content_type = openmetrics.CONTENT_TYPE_LATEST if wanted else CONTENT_TYPE_PLAIN_0_0_4
        with self._rendering:
            now = self._clock()
            at, body = self._rendered.get(wanted, (float("-inf"), b""))
            if now - at >= _FRESH:
                view = _WithoutCreated(self.registry)
                body = _OPENMETRICS(view) if wanted else generate_latest(view)
                self._rendered[wanted] = now, body
        return content_type, body

    def counted(self) -> dict[str, list[dict[str, str]]]:
        """The label sets of every series that is not at zero, by the names of the exposition."""
        found: dict[str, list[dict[str, str]]] = {}
        for family in _WithoutCreated(self.registry).collect():
            for sample in family.samples:
                if sample.value:
                    found.setdefault(sample.name, []).append(dict(sample.labels))
        return found

    def _register(self) -> None:
        counter, gauge, histogram = self._counter, self._gauge, self._histogram
        self._stage_total = counter(catalogue.STAGE_TOTAL)
        self._stage_fail_total = counter(catalogue.STAGE_FAIL_TOTAL)
        self._stage_skipped_total = counter(catalogue.STAGE_SKIPPED_TOTAL)
        self._stage_dismissed_total = counter(catalogue.STAGE_DISMISSED_TOTAL)
        self._stage_hedges_total = counter(catalogue.STAGE_HEDGES_TOTAL)
        self._stage_seconds = histogram(catalogue.STAGE_DURATION_SECONDS)
        self._stage_orphans = gauge(catalogue.STAGE_ORPHANS)
        self._end_to_end = histogram(catalogue.END_TO_END_SECONDS)
        self._queries = counter(catalogue.QUERIES_TOTAL)
        self._late = counter(catalogue.QUERIES_LATE_TOTAL)
        self._in_flight = gauge(catalogue.QUERIES_IN_FLIGHT)
        self._shed = counter(catalogue.QUERIES_SHED_TOTAL)
        self._picks = counter(catalogue.NODE_PICKS_TOTAL)
        self._node_failures = counter(catalogue.NODE_FAIL_TOTAL)
        self._ejections = counter(catalogue.NODE_EJECTIONS_TOTAL)
        self._readmissions = counter(catalogue.NODE_READMISSIONS_TOTAL)
        self._ejected = gauge(catalogue.NODE_EJECTED)
        self._node_orphans = gauge(catalogue.NODE_ORPHANS)
        self._lag = histogram(catalogue.LOOP_LAG_SECONDS)
        self._plugin_info = Info(*_of(catalogue.PLUGIN_INFO), registry=self.registry)
        self._plugin_states = gauge(catalogue.PLUGINS)
        self._plugin_seconds = gauge(catalogue.PLUGIN_LOAD_SECONDS)
        self._remembered_total = counter(catalogue.MEMORY_REMEMBERED_TOTAL)
        self._remember_seconds = histogram(catalogue.MEMORY_REMEMBER_SECONDS)
        self._recall_seconds = histogram(catalogue.MEMORY_RECALL_SECONDS)
        self._candidates = histogram(catalogue.MEMORY_RECALL_CANDIDATES)
        self._recalled_total = counter(catalogue.MEMORY_RECALLED_TOTAL)
        self._folds = counter(catalogue.MEMORY_FOLDS_TOTAL)
        self._fold_seconds = histogram(catalogue.MEMORY_FOLD_SECONDS)
        self._folded_total = counter(catalogue.MEMORY_FOLDED_TOTAL)
        self._records = gauge(catalogue.MEMORY_RECORDS)
        self._switch_reads = counter(catalogue.SWITCH_READS_TOTAL)
        self._switch_on = gauge(catalogue.SWITCH_ON)
        self._dropped = counter(catalogue.SPANS_DROPPED_TOTAL)
        self._outcomes = {name: self._queries.labels(name) for name in (*catalogue.OUTCOME.values, OTHER)}

    def _counter(self, metric: Metric) -> Counter:
        counter = Counter(*_of(metric), registry=self.registry)
        if len(metric.labels) == 1:  # a series that is there from the start has a rate when its first failure comes
            for value in metric.labels[0].values:
                counter.labels(value)
        return counter

    def _gauge(self, metric: Metric) -> Gauge:
        return Gauge(*_of(metric), unit=metric.unit, registry=self.registry)

    def _histogram(self, metric: Metric) -> Histogram:
        edges = catalogue.edges(metric, self._budgets)
        return Histogram(*_of(metric), unit=metric.unit, registry=self.registry, buckets=edges)

    def _admit(self, label: Label, value: str) -> str:
        admitted = self._admitted.get(label)
        if admitted is None:
            admitted = self._admitted.setdefault(label, Admitted(label))
        return admitted(value)

    def _placed(self, stage: str, node: str) -> tuple[str, str]:
        return self._admit(catalogue.STAGE, stage), self._admit(catalogue.NODE, node)

    def _query_started(self, event: QueryStarted) -> None:
        self._in_flight.inc()

    def _stage_finished(self, event: StageFinished) -> None:
        if not event.attempt:
            self._stage_skipped_total.labels(self._admit(catalogue.STAGE, event.stage)).inc()
            return
        children = self._attempts.get((event.stage, event.node)) or self._bound(event.stage, event.node)
        children.picks.inc()
        if event.hedged:
            self._stage_hedges_total.labels(self._admit(catalogue.STAGE, event.stage)).inc()
        if event.ending == "skipped":  # begun, and dismissed: how long that took says nothing of the stage
            self._stage_dismissed_total.labels(self._admit(catalogue.STAGE, event.stage)).inc()
            return
        children.total.inc()
        children.seconds.observe(event.seconds)
        if event.ending != "done":
            children.failures.inc()
            self._count_failure(event)

    def _bound(self, stage: str, node: str) -> _OfAttempts:
        placed = self._placed(stage, node)
        children = _OfAttempts(
            self._stage_total.labels(placed[0]),
            self._stage_seconds.labels(placed[0]),
            self._picks.labels(*placed),
            self._node_failures.labels(*placed),
        )
        for later in (self._ejections, self._readmissions, self._ejected):
            later.labels(*placed)  # a series that is there from the start has a rate when the first one comes
        self._attempts[placed] = children  # by the admitted names: those beyond the bounds are not kept
        return children

    def _count_failure(self, event: StageFinished) -> None:
        stage = self._admit(catalogue.STAGE, event.stage)
        error = event.error or catalogue.ERROR_OF.get(event.ending, OTHER)
        self._stage_fail_total.labels(stage, self._admit(catalogue.TYPE, error)).inc()

    def _query_finished(self, event: QueryFinished) -> None:
        self._in_flight.dec()
        self._outcomes.get(event.outcome, self._outcomes[OTHER]).inc()
        trace = self._trace_of(event.query)
        self._end_to_end.observe(event.seconds, {"trace_id": trace} if trace else None)
        if event.seconds > event.budget:
            self._late.inc()

    def _query_shed(self, event: QueryShed) -> None:
        self._shed.inc()

    def _node_ejected(self, event: NodeEjected) -> None:
        placed = self._placed(event.stage, event.node)
        self._ejections.labels(*placed).inc()
        self._ejected.labels(*placed).set(1)

    def _node_readmitted(self, event: NodeReadmitted) -> None:
        placed = self._placed(event.stage, event.node)
        self._readmissions.labels(*placed).inc()
        self._ejected.labels(*placed).set(0)

    def _orphans_counted(self, event: OrphansCounted) -> None:
        placed = self._placed(event.stage, event.node)
        with self._changing:
            self._orphans[placed] = event.orphans
            self._node_orphans.labels(*placed).set(event.orphans)
            self._stage_orphans.set(sum(self._orphans.values()))

    def _loop_lagged(self, event: LoopLagged) -> None:
        self._lag.observe(event.seconds)

    def _plugin_built(self, event: PluginBuilt) -> None:
        kind, name = self._admit(catalogue.KIND, event.kind), self._admit(catalogue.NAME, event.name)
        lane, state = self._admit(catalogue.LANE, event.lane), self._admit(catalogue.PLUGIN_STATE, event.state)
        if state == "loaded":
            self._plugin_info.labels(kind, name, lane).info({})
            self._plugin_seconds.labels(kind, name, lane).set(event.import_seconds + event.build_seconds)
        with self._changing:
            key = (kind, name, event.distribution)
            before = self._plugins.get(key)
            if before is None and len(self._plugins) >= catalogue.NAME.bound * 2:
                return
            if before is not None:
                self._plugin_states.labels(*before).dec()
            self._plugins[key] = kind, state
            for other in catalogue.PLUGIN_STATE.values:
                self._plugin_states.labels(kind, other)  # that none failed is a number, and not silence
            self._plugin_states.labels(kind, state).inc()

    def _remembered(self, event: MemoryRemembered) -> None:
        store = self._admit(catalogue.STORE, event.store)
        self._remembered_total.labels(store).inc(event.records)
        self._remember_seconds.labels(store).observe(event.seconds)

    def _recalled(self, event: MemoryRecalled) -> None:
        store = self._admit(catalogue.STORE, event.store)
        self._recall_seconds.labels(store, self._admit(catalogue.ROUTE, event.route)).observe(event.seconds)
        self._candidates.labels(store).observe(event.candidates)
        self._recalled_total.labels(store).inc(event.returned)

    def _folded(self, event: MemoryFolded) -> None:
        store = self._admit(catalogue.STORE, event.store)
        self._folds.labels(store, self._admit(catalogue.FOLD_OUTCOME, event.outcome)).inc()
        self._fold_seconds.labels(store).observe(event.seconds)
        if event.outcome == "folded":
            self._folded_total.labels(store).inc(event.sources)

    def _sized(self, event: MemorySized) -> None:
        store = self._admit(catalogue.STORE, event.store)
        self._records.labels(store, "live").set(event.live)
        self._records.labels(store, "cold").set(event.cold)

    def _switch_read(self, event: SwitchRead) -> None:
        flag = self._admit(catalogue.FLAG, event.flag)
        self._switch_reads.labels(flag, "true" if event.value else "false").inc()
        self._switch_on.labels(flag).set(1 if event.value else 0)

    def _spans_dropped(self, event: SpansDropped) -> None:
        self._dropped.inc(event.spans)


def _of(metric: Metric) -> tuple[str, str, list[str]]:
    name = metric.name[: -len("_info")] if metric.kind == "info" else metric.name  # the client adds it again
    return name, metric.help, [label.name for label in metric.labels]


class _WithoutCreated(CollectorRegistry):
    """A registry's view without the `_created` series, which no catalogue names; half of the text would be theirs."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__()
        self._registry = registry

    def collect(self) -> Iterator[Family]:
        for family in self._registry.collect():
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family


def _wants_openmetrics(accept: str) -> bool:
    """Whether an Accept header prefers OpenMetrics to plain text; what cannot be read asks for plain text."""
    qualities = {"application/openmetrics-text": 0.0, "text/plain": 0.0}
    for part in accept.split(","):
        kind, *parameters = (word.strip().lower() for word in part.split(";"))
        if kind in qualities:
            qualities[kind] = max(qualities[kind], _quality(parameters))
    wanted = qualities["application/openmetrics-text"]
    return wanted > 0 and wanted >= qualities["text/plain"]


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0
