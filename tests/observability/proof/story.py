"""What happens in the run on real servers: faults, one after the other, what is waited for, and what was seen."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

import httpx

from tests.observability.own import promised
from tests.observability.proof.load import Load
from tests.observability.proof.servers import Delivery, Webhook
from tests.observability.proof.site import Site, queries_of_panels, queries_of_runbooks
from tests.telemetry.sink import Sink

# A recall that takes so long costs its stage the time, and so fails the query; a last stage that does makes it late.
SLOW_RECALL = {"recall": ["slow", 0.15]}
SLOW_STAGE = {"awareness": ["stuck", 0.5]}
# What panels show has to have happened, too: nodes that are ejected and come back, and a loop that is held up.
MIXED = {**SLOW_STAGE, "action": ["slow", 0.1], "loop": ["blocked", 0.03]}
EJECTING = {**MIXED, "attention": ["failing", 0, "all"]}
ALERTS = {
    *((severity, one.alert) for one in promised().objective for severity in ("page", "ticket")),
    *((one.severity, one.name) for one in promised().alert),
}


@dataclass
class Run:
    """What was seen in it. Times are seconds since 1970."""

    began: float = field(default_factory=time.time)
    ended: float = 0.0
    told: list[Delivery] = field(default_factory=list)
    queries: int = 0
    panels_at_zero: set[tuple[str, str]] = field(default_factory=lambda: set(queries_of_panels()))
    runbooks_in_vain: set[tuple[str, str]] = field(default_factory=lambda: set(queries_of_runbooks()))
    planted: dict[str, float] = field(default_factory=dict)
    mended: dict[str, float] = field(default_factory=dict)
    traced: list[tuple[float, float, str]] = field(default_factory=list)
    firing: list[Any] = field(default_factory=list)

    def fired(self, severity: str, alert: str) -> Optional[Delivery]:
        """When it was told first."""
        return next((one for one in self.told if one[:3] == (severity, alert, "firing")), None)

    def over(self, severity: str, alert: str) -> Optional[Delivery]:
        """When it was told last that it is over."""
        return next((one for one in reversed(self.told) if one[:3] == (severity, alert, "resolved")), None)


@dataclass
class Story:
    """Faults, one after the other, and what is waited for."""

    site: Site
    hook: Webhook
    sink: Sink
    load: Load
    seen: Run

    def told(self, stack: ExitStack) -> None:
        collecting, serving = (stack.enter_context(ExitStack()) for _ in range(2))
        collecting.enter_context(self.site.collector(self.sink.address))
        self.site.announce_broken_plugin(True)
        self.seen.planted["PluginFailed"] = time.time()
        serving.enter_context(self.site.service())
        assert self.until(self.site.is_ready, 30), (self.site.folder / "service.log").read_text("utf-8")
        stack.enter_context(self.load)
        self.until(lambda: False, 5)
        self.faulty(SLOW_RECALL, 1, "RecallLatency", "QueryAvailability")
        self.well("RecallLatency")
        self.faulty(SLOW_STAGE, 4, "QueryLatency")
        self.seen.traced = self.slowest_traced()
        self.everything_at_once()
        self.well("QueryLatency", "QueryAvailability")
        self.collector_away(collecting)
        self.service_away(serving)
        self.until(lambda: not self.firing() and all(self.hook.last(*one) == "resolved" for one in ALERTS), 170)
        self.seen.firing = self.firing()

    def faulty(self, faults: dict[str, Any], at_once: int, *alerts: str) -> None:
        """Until somebody is woken."""
        for alert in alerts:
            self.seen.planted[alert] = time.time()
        self.load.at_once = at_once
        self.site.plant(faults)
        self.until(lambda: all(self.hook.last("page", alert) for alert in alerts), 40)

    def everything_at_once(self) -> None:
        """Until every panel has shown something: nodes are ejected, and are well for long enough to come back."""
        began = time.monotonic()
        while not self.all_shown() and time.monotonic() < began + 40:
            passed = int(time.monotonic() - began)
            self.site.plant(EJECTING if passed % 15 < 4 else MIXED)
            self.site.switch("module.node.varied-salience", passed % 10 < 5)
            self.load.at_once = 32 if passed % 9 < 2 else 4
            self.until(self.all_shown, 1)
        self.site.switch("module.node.varied-salience", True)

    def all_shown(self) -> bool:
        """But for spans that are dropped: the collector is still there."""
        return all("spans_dropped" in title for title, _ in self.seen.panels_at_zero)

    def well(self, *alerts: str) -> None:
        self.site.plant({})
        self.load.at_once = 4
        for alert in alerts:
            self.seen.mended[alert] = time.time()

    def collector_away(self, collecting: ExitStack) -> None:
        self.seen.planted["SpansDropped"] = time.time()
        collecting.close()
        self.until(lambda: self.hook.last("ticket", "SpansDropped"), 60)
        collecting.enter_context(self.site.collector(self.sink.address))
        self.well("SpansDropped")

    def service_away(self, serving: ExitStack) -> None:
        """And when it comes back, no plugin is broken."""
        self.seen.planted["ServiceAbsent"] = self.seen.mended["PluginFailed"] = time.time()
        serving.close()
        self.until(lambda: self.hook.last("page", "ServiceAbsent"), 60)
        self.site.announce_broken_plugin(False)
        serving.enter_context(self.site.service())
        self.well("ServiceAbsent")

    def until(self, what: Callable[[], Any], seconds: float) -> Any:
        """What it comes to, or its last answer when the time is over. Meanwhile panels and runbooks are looked at."""
        end = time.monotonic() + seconds
        while True:
            try:
                found = what()
            except httpx.HTTPError:
                found = None
            if found or time.monotonic() > end:
                return found
            self.look()
            time.sleep(0.2)

    def look(self) -> None:
        """Drop what shows something from what has shown nothing."""
        for known, is_shown in ((self.seen.panels_at_zero, _is_not_zero), (self.seen.runbooks_in_vain, _is_number)):
            for one in list(known):
                try:
                    answer = self.site.ask_prometheus("query", query=one[1])["result"]
                except httpx.HTTPError:
                    return
                if any(is_shown(sample["value"][1]) for sample in answer):
                    known.discard(one)

    def firing(self) -> list[Any]:
        return list(self.site.ask_prometheus("alerts")["alerts"])

    def slowest_traced(self) -> list[tuple[float, float, str]]:
        """For each exemplar past the budget: what it says, how long its trace took, and which stage took longest."""
        hour = {"start": str(time.time() - 3_600), "end": str(time.time())}
        series = self.site.ask_prometheus("query_exemplars", query="matriz_end_to_end_seconds_bucket", **hour)
        slow = [one for each in series for one in each["exemplars"] if float(one["value"]) > 0.25]
        return [found for one in slow for found in self.trace_of(one["labels"]["trace_id"], float(one["value"]))]

    def trace_of(self, trace: str, told: float) -> Iterator[tuple[float, float, str]]:
        spans = [span for span in self.sink.spans if span.trace == trace]
        stages = [span for span in spans if span.name != "matriz.query"]
        roots = [span for span in spans if span.name == "matriz.query"]
        if roots and stages:
            longest = max(stages, key=lambda span: span.end_ns - span.start_ns)
            yield told, (roots[0].end_ns - roots[0].start_ns) / 1e9, longest.name


def _is_number(value: str) -> bool:
    return value != "NaN"


def _is_not_zero(value: str) -> bool:
    return value != "NaN" and float(value) != 0
