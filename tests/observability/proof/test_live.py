"""One run of the real thing: every panel shows something, every alert is delivered, and pages are resolved.

Service, Prometheus, Alertmanager and collector are real, their configurations what `make observability` writes but for
addresses and how often they look. `make observe-e2e` runs it; elsewhere it is left out, since it takes minutes.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from gates.facts.observability.objectives import ObjectivesPolicy
from gates.observability.configurations import alertmanager, prometheus
from gates.observability.writing import RULES, as_yaml, generated
from tests.lanes.announced import written_to
from tests.observability.own import promised, telemetry, written
from tests.observability.proof.servers import (
    ROOT,
    Webhook,
    free_port,
    is_listening,
    program,
    rotel,
    service,
    started,
    until,
    webhook,
)
from tests.telemetry.sink import Sink, listening

pytestmark = pytest.mark.skipif(
    not os.environ.get("OBSERVE_E2E"), reason="it takes minutes: `make observe-e2e` runs it"
)
QUESTION = {"text": "When was the lighthouse at Arkona built?"}
PAGE_WITHIN = 30.0
# Everything that a panel shows has to have happened; a fault for each stage that can have it without failing a query.
MIXED = {
    "awareness": ["stuck", 0.5],
    "action": ["slow", 0.1],
    "loop": ["blocked", 0.03],
}
EJECTING = {**MIXED, "attention": ["failing", 0, "all"]}
SLOW_STAGE = {"thought": ["slow", 0.4, "all"]}
SLOW_RECALL = {"recall": ["slow", 0.15]}


class Site:
    """The addresses of what runs, and the file that plants faults."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {name: free_port() for name in ("service", "prometheus", "alertmanager", "grpc", "http")}
        self.faults = folder / "faults.json"
        self.plant({})

    def plant(self, faults: Mapping[str, Any]) -> None:
        half = self.faults.with_suffix(".half")
        half.write_text(json.dumps(faults), "utf-8")
        half.replace(self.faults)

    def switch(self, flag: str, on: bool) -> None:
        half = self.folder / "switches.half"
        half.write_text(f"[switches]\n{flag} = {str(on).lower()}\n", "utf-8")
        half.replace(self.folder / "switches.toml")

    def at(self, name: str) -> str:
        return f"127.0.0.1:{self.ports[name]}"

    def ask_prometheus(self, path: str, **parameters: str) -> Any:
        answer = httpx.get(f"http://{self.at('prometheus')}/api/v1/{path}", params=parameters, timeout=10)
        answer.raise_for_status()
        return answer.json()["data"]

    def load(self, queries: int, at_once: int = 4) -> list[int]:
        """So many queries, so many at a time; their statuses."""

        async def ask() -> list[int]:
            left = iter(range(queries))
            found: list[int] = []
            async with httpx.AsyncClient(timeout=30) as client:

                async def one_after_the_other() -> None:
                    for _ in left:
                        answer = await client.post(f"http://{self.at('service')}/query", json=QUESTION)
                        found.extend([answer.status_code])

                await asyncio.gather(*(one_after_the_other() for _ in range(at_once)))
            return found

        return asyncio.run(ask())


def policy_at(site: Site, hook: Webhook) -> ObjectivesPolicy:
    own = promised()
    receivers = tuple(dataclasses.replace(one, webhook=f"{hook.address}/{one.severity}") for one in own.receiver)
    return dataclasses.replace(
        own, receiver=receivers, targets=(site.at("service"),), alertmanagers=(site.at("alertmanager"),)
    )


def configured(site: Site, policy: ObjectivesPolicy) -> Path:
    """The files as they are written, and how often they look: each second."""
    folder = written(generated(policy, telemetry()), site.folder)
    assert (folder / RULES).read_bytes() == (ROOT / "observability" / RULES).read_bytes()
    often = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    (folder / "prometheus.yaml").write_text(as_yaml({**prometheus(policy, RULES), "global": often}), "utf-8")
    (folder / "alertmanager.yaml").write_text(as_yaml(alertmanager(policy)), "utf-8")
    return folder


def a_site_with_a_broken_plugin(folder: Path) -> Path:
    site = written_to(folder / "site")
    entry_points = next(site.glob("*.dist-info")) / "entry_points.txt"
    text = entry_points.read_text("utf-8")
    broken = text.replace("[lukhas.adapters]\n", "[lukhas.adapters]\nbroken = no.such.module:Thing\n")
    entry_points.write_text(broken, "utf-8")
    return site


def expressions() -> Iterator[tuple[str, str]]:
    drawn = json.loads((ROOT / "observability" / "dashboard.json").read_text("utf-8"))
    for panel in drawn["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"].replace("$__rate_interval", "5m")


def shows_something(site: Site, expression: str) -> bool:
    return any(sample["value"][1] != "NaN" for sample in site.ask_prometheus("query", query=expression)["result"])


def delivered(hook: Webhook, severity: str, alert: str, seconds: float, status: str = "firing") -> float:
    def told() -> Any:
        return hook.when(severity, alert, status)

    told.__name__ = f"{status} {severity} {alert}"
    return float(until(told, seconds))


def test_every_panel_and_every_alert_on_the_real_thing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    figures: list[str] = []

    def note(line: str) -> None:
        figures.append(f"{time.monotonic() - began:6.1f} s  {line}")

    site = Site(tmp_path)
    with ExitStack() as stack:
        hook = stack.enter_context(webhook())
        sink = stack.enter_context(listening())
        folder = configured(site, policy_at(site, hook))
        collecting = stack.enter_context(ExitStack())
        collecting.enter_context(
            started(rotel(sink.address, site.ports["grpc"], site.ports["http"]), tmp_path / "rotel.log")
        )
        stack.enter_context(_alertmanager(site, folder))
        stack.enter_context(_prometheus(site, folder))
        serving = stack.enter_context(ExitStack())
        serving.enter_context(_service(site))
        until(lambda: httpx.get(f"http://{site.at('service')}/readyz").status_code == 200, 30)
        note("service, Prometheus, Alertmanager and collector are there")

        _pages(site, hook, note)
        _panels(site, note)
        _exemplars(site, sink, note)
        collecting.close()
        away = time.monotonic()
        while hook.when("ticket", "SpansDropped") is None and time.monotonic() < away + 75:
            site.load(20)
            time.sleep(0.5)
        at = delivered(hook, "ticket", "SpansDropped", 1)
        note(f"ticket SpansDropped delivered {at - away:.1f} s after the collector was gone, 30 s of which it is kept")
        serving.close()
        gone = time.monotonic()
        at = delivered(hook, "page", "ServiceAbsent", 60)
        note(f"page ServiceAbsent delivered {at - gone:.1f} s after the service was gone, 30 s of which it waits")
        for alert in ("QueryLatency", "QueryAvailability", "RecallLatency", "SpansDropped", "PluginFailed"):
            delivered(hook, "ticket", alert, 60)
        note("every ticket was delivered")
        serving.enter_context(_service(site))
        delivered(hook, "page", "ServiceAbsent", 40, "resolved")
        note("page ServiceAbsent resolved")

    told = {(severity, alert) for severity, alert, status, _ in hook.told if status == "firing"}
    assert told == {
        *((severity, one.alert) for one in promised().objective for severity in ("page", "ticket")),
        *((one.severity, one.name) for one in promised().alert),
    }
    for message in hook.messages:
        for alert in message["alerts"]:
            assert (ROOT / alert["annotations"]["runbook_url"].replace(promised().runbooks, "")).is_file()
    with capsys.disabled():
        print("\n" + "\n".join(figures))
    assert time.monotonic() - began < 300


def _alertmanager(site: Site, folder: Path) -> Any:
    command = [
        program("prometheus-alertmanager", "alertmanager"), f"--config.file={folder / 'alertmanager.yaml'}",
        f"--storage.path={site.folder / 'alertmanager'}", f"--web.listen-address={site.at('alertmanager')}",
        "--cluster.listen-address=",
    ]  # fmt: skip
    return started(command, site.folder / "alertmanager.log")


def _prometheus(site: Site, folder: Path) -> Any:
    command = [
        program("prometheus"), f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={site.folder / 'prometheus'}", f"--web.listen-address={site.at('prometheus')}",
        "--enable-feature=exemplar-storage", "--log.level=warn",
    ]  # fmt: skip
    return started(command, site.folder / "prometheus.log")


def _service(site: Site) -> Any:
    switches = site.folder / "switches.toml"
    switches.write_text("[switches]\n", "utf-8")
    place = site.folder / "site"
    announced = place if place.is_dir() else a_site_with_a_broken_plugin(site.folder)
    told = {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(announced)]),
        "LUKHAS_LANE": "candidate",
        "LUKHAS_STORE": "memory:",
        "LUKHAS_SWITCHES": str(switches),
        "LUKHAS_OTLP": f"http://{site.at('grpc')}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "LUKHAS_SAMPLING": "1",
        "LUKHAS_FOLD_ABOVE": "20",
        "LUKHAS_FOLD_EVERY": "20",
        "LUKHAS_IN_FLIGHT": "16",
    }
    return started(service(site.faults, site.ports["service"]), site.folder / "service.log", **told)


def _panels(site: Site, note: Any) -> None:
    """Every panel's every query gives something that is a number."""
    left = dict.fromkeys(expressions())
    wanted = len(left)
    began = time.monotonic()
    end = began + 100
    turn = 0
    while left and time.monotonic() < end:
        # Nodes are ejected, then they are well for long enough to come back; and again, for a rate needs a second time.
        faults = EJECTING if int(time.monotonic() - began) % 15 < 4 else MIXED
        site.plant(faults if turn % 2 == 0 else {})
        site.switch("module.node.varied-salience", turn % 2 == 0)
        turn += 1
        site.load(60, 24 if turn % 3 == 0 else 4)
        for key in list(left):
            if shows_something(site, key[1]):
                del left[key]
    site.plant({})
    site.switch("module.node.varied-salience", True)
    assert not left, "\n".join(f"{title}: {expression}" for title, expression in left)
    note(f"all {wanted} queries of all panels gave something")


def _exemplars(site: Site, sink: Sink, note: Any) -> None:
    """From a bucket to a trace that the collector has, with its stages."""

    def traced() -> list[Any]:
        now = str(time.time())
        found = site.ask_prometheus(
            "query_exemplars", query="matriz_end_to_end_seconds_bucket", start=str(time.time() - 300), end=now
        )
        traces = {one["labels"]["trace_id"] for series in found for one in series["exemplars"]}
        return [span for span in sink.spans if span.trace in traces and span.name == "stage.memory"]

    spans = until(traced, 20)
    note(f"exemplars led from buckets to {len({span.trace for span in spans})} traces that the collector has")


def _pages(site: Site, hook: Webhook, note: Any) -> None:
    """A slow stage pages within 30 s; when it is well again, the page is resolved."""
    site.load(100)
    for faults, name in ((SLOW_STAGE, "QueryLatency"), (SLOW_RECALL, "RecallLatency")):
        site.plant(faults)
        since = time.monotonic()
        while hook.when("page", name, since=since) is None and time.monotonic() < since + PAGE_WITHIN:
            site.load(4)
        site.plant({})
        at = hook.when("page", name, since=since)
        assert at is not None, f"no page {name} within {PAGE_WITHIN:g} s; told: {hook.told}"
        note(f"page {name} delivered {at - since:.1f} s after the fault was planted")
    delivered(hook, "page", "QueryAvailability", 10)
    well = time.monotonic()
    slow = ("QueryLatency", "RecallLatency")
    while time.monotonic() < well + 60 and not all(hook.when("page", name, "resolved", since) for name in slow):
        site.load(100)
    for name in slow:
        at = hook.when("page", name, "resolved", since)
        assert at is not None, f"{name} was not resolved"
        note(f"page {name} resolved {at - well:.1f} s after the stage was well again")
    assert is_listening(site.ports["service"])
