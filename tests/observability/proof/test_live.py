"""One run of the real thing: every panel shows something, every alert is delivered, and resolved when all is well.

Service, Prometheus, Alertmanager and collector are real (site.py says what differs from what `make observability`
writes). `make observe-e2e` runs it; elsewhere it is left out, since it takes minutes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

import httpx
import pytest

from tests.observability.own import promised
from tests.observability.proof.load import Load
from tests.observability.proof.servers import ROOT, Delivery, Webhook, webhook
from tests.observability.proof.site import PACE, Site, hastened, queries_of_panels, queries_of_runbooks
from tests.telemetry.sink import Sink, listening

LONGEST = 300.0
WITHIN = 30.0
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


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The one run; what it waited for in vain is missing in what it saw."""
    if not os.environ.get("OBSERVE_E2E"):
        pytest.skip("it takes minutes: `make observe-e2e` runs it")
    seen = Run()
    with ExitStack() as stack:
        hook = stack.enter_context(webhook())
        sink = stack.enter_context(listening())
        seen.told = hook.told
        site = Site(tmp_path_factory.mktemp("live"), hook)
        for server in (site.alertmanager, site.prometheus):
            stack.enter_context(server())
        load = Load(site.at("service"))
        Story(site, hook, sink, load, seen).told(stack)
        seen.queries = sum(load.statuses.values())
    seen.ended = time.time()
    return seen


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
        for known, is_shown in ((self.seen.panels_at_zero, _is_above_zero), (self.seen.runbooks_in_vain, _is_number)):
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


def _is_above_zero(value: str) -> bool:
    return value != "NaN" and float(value) > 0


def test_every_query_of_every_panel_shows_more_than_zero(run: Run) -> None:
    assert run.panels_at_zero == set()


def test_every_query_of_every_runbook_is_answered(run: Run) -> None:
    assert run.runbooks_in_vain == set()


def test_every_alert_is_delivered_within_half_a_minute_of_firing(run: Run) -> None:
    assert {one[:2] for one in run.told if one.status == "firing"} == ALERTS
    late = [one for one in run.told if one.status == "firing" and one.at - one.began > WITHIN]
    assert late == []


def test_a_slow_stage_wakes_somebody_within_half_a_minute(run: Run) -> None:
    page = run.fired("page", "QueryLatency")

    assert page is not None
    assert page.at - run.planted["QueryLatency"] < WITHIN


def test_every_alert_is_resolved_when_all_is_well(run: Run) -> None:
    last = {one[:2]: one.status for one in run.told}

    assert last == dict.fromkeys(ALERTS, "resolved")
    assert run.firing == []


def test_every_message_names_a_runbook_that_is_here(run: Run) -> None:
    assert all((ROOT / one.runbook.replace(promised().runbooks, "")).is_file() for one in run.told)


def test_an_exemplar_leads_from_a_bucket_past_the_budget_to_the_trace_that_shows_the_slow_stage(run: Run) -> None:
    assert run.traced
    assert all(abs(told - took) < 0.05 for told, took, _ in run.traced)
    assert "stage.awareness" in {longest for _, _, longest in run.traced}


def test_the_run_took_five_minutes_at_most(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n{table(run)}\n{run.ended - run.began:.0f} s, {run.queries:,} queries, an hour in {3_600 // PACE} s")
    assert run.ended - run.began < LONGEST


def table(run: Run) -> str:
    """A line an alert: what docs/observability.md shows."""
    heads = ("alert", "delivered after the fault", "after firing", "resolved after the end of the fault")
    lines = [f"| {' | '.join(heads)} |", "| --- " * 4 + "|"]
    for severity, alert in sorted(ALERTS):
        fired, over = run.fired(severity, alert), run.over(severity, alert)
        if fired is not None and over is not None:
            after = (fired.at - run.planted[alert], fired.at - fired.began, over.at - run.mended[alert])
            lines.append(f"| {alert}, {severity} | " + " | ".join(f"{seconds:.1f} s" for seconds in after) + " |")
    return "\n".join(lines)


def test_nothing_but_the_ranges_of_the_rules_differs_from_what_is_written() -> None:
    rules = (ROOT / "observability" / "rules.yaml").read_text("utf-8")
    ours = hastened(rules)

    assert hastened("rate(x[5m]) and y[3d]") == "rate(x[2000ms]) and y[1728000ms]"
    assert len(ours.splitlines()) == len(rules.splitlines())
    assert ours.count("ms]") == sum(rules.count(f"{unit}]") for unit in "smhd")
