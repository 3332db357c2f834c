"""A service with its Prometheus, Alertmanager and collector on loopback, configured as `make observability` writes it.

What differs from the files that are written: addresses, how often is looked, and how fast time passes. In the rule file
each range is a 150th of what it is, so that an hour takes 24 seconds, and nothing else is touched.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx

from gates.facts.observability.generated_files import FOLDER
from gates.facts.observability.objectives import ObjectivesPolicy
from gates.observability.configurations import alertmanager, prometheus
from gates.observability.writing import RULES, as_yaml
from tests.lanes.announced import written_to
from tests.observability.own import promised
from tests.observability.proof.servers import ROOT, Webhook, free_port, program, rotel, service, started

PACE = 150
_RANGE = re.compile(r"(?<=\[)(\d+)([smhd])(?=\])")
_PROMQL = re.compile(r"^```promql\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
# Five looks in the shortest range, which is 2 s: Prometheus needs two for a rate.
_OFTEN = {"scrape_interval": "400ms", "scrape_timeout": "400ms", "evaluation_interval": "400ms"}
_BROKEN = "broken = no.such.module:Thing\n"

Process = AbstractContextManager["Popen[bytes]"]


def hastened(rules: str) -> str:
    """The text of a rule file, in which every range is a 150th of what it is."""
    return _RANGE.sub(lambda found: f"{int(found[1]) * _SECONDS[found[2]] * 1_000 // PACE}ms", rules)


class Site:
    """The addresses of what runs, the files that plant faults, and what starts each server."""

    def __init__(self, folder: Path, hook: Webhook) -> None:
        self.folder = folder
        self.client = httpx.Client(timeout=10)
        self.ports = {name: free_port() for name in ("service", "prometheus", "alertmanager", "grpc", "http")}
        self._faults = folder / "faults.json"
        self._switches = folder / "switches.toml"
        self._announced = written_to(folder / "site")
        self._configured = configured(self, hook)
        self.plant({})
        self.switch("module.node.varied-salience", True)

    def at(self, name: str) -> str:
        return f"127.0.0.1:{self.ports[name]}"

    def plant(self, faults: Mapping[str, Any]) -> None:
        """What is wrong with the nodes from now on: see faulty_service.py."""
        _replaced(self._faults, json.dumps(faults))

    def switch(self, flag: str, on: bool) -> None:
        _replaced(self._switches, f"[switches]\n{flag} = {str(on).lower()}\n")

    def announce_broken_plugin(self, is_there: bool) -> None:
        """Whether a distribution announces a plugin that does not load, the next time the service starts."""
        entry_points = next(self._announced.glob("*.dist-info")) / "entry_points.txt"
        text = entry_points.read_text("utf-8").replace(_BROKEN, "")
        heading = "[lukhas.adapters]\n"
        _replaced(entry_points, text.replace(heading, heading + _BROKEN) if is_there else text)

    def ask_prometheus(self, path: str, **parameters: str) -> Any:
        """The data of its HTTP API's answer."""
        answer = self.client.get(f"http://{self.at('prometheus')}/api/v1/{path}", params=parameters)
        answer.raise_for_status()
        return answer.json()["data"]

    def is_ready(self) -> bool:
        return self.client.get(f"http://{self.at('service')}/readyz").status_code == 200

    def service(self) -> Process:
        told = {
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(self._announced)]),
            "LUKHAS_LANE": "candidate",
            "LUKHAS_STORE": "memory:",
            "LUKHAS_SWITCHES": str(self._switches),
            "LUKHAS_OTLP": f"http://{self.at('grpc')}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
            "LUKHAS_SAMPLING": "1",
            "LUKHAS_FOLD_ABOVE": "20",
            "LUKHAS_FOLD_EVERY": "20",
            "LUKHAS_IN_FLIGHT": "16",
        }
        return started(service(self._faults, self.ports["service"]), self.folder / "service.log", **told)

    def collector(self, to: str) -> Process:
        return started(rotel(to, self.ports["grpc"], self.ports["http"]), self.folder / "rotel.log")

    def alertmanager(self) -> Process:
        command = [
            program("prometheus-alertmanager", "alertmanager"),
            f"--config.file={self._configured / 'alertmanager.yaml'}",
            f"--storage.path={self.folder / 'alertmanager'}", f"--web.listen-address={self.at('alertmanager')}",
            "--cluster.listen-address=",
        ]  # fmt: skip
        return started(command, self.folder / "alertmanager.log")

    def prometheus(self) -> Process:
        command = [
            program("prometheus"), f"--config.file={self._configured / 'prometheus.yaml'}",
            f"--storage.tsdb.path={self.folder / 'prometheus'}", f"--web.listen-address={self.at('prometheus')}",
            "--enable-feature=exemplar-storage", "--log.level=warn",
        ]  # fmt: skip
        return started(command, self.folder / "prometheus.log")


def configured(site: Site, hook: Webhook) -> Path:
    """The folder with the three files that the two servers read."""
    policy = policy_at(site, hook)
    folder = site.folder / FOLDER
    folder.mkdir()
    (folder / RULES).write_text(hastened((ROOT / FOLDER / RULES).read_text("utf-8")), "utf-8")
    (folder / "prometheus.yaml").write_text(as_yaml({**prometheus(policy, RULES), "global": _OFTEN}), "utf-8")
    (folder / "alertmanager.yaml").write_text(as_yaml(alertmanager(policy)), "utf-8")
    return folder


def policy_at(site: Site, hook: Webhook) -> ObjectivesPolicy:
    """What is promised, at the addresses of this run."""
    own = promised()
    receivers = tuple(dataclasses.replace(one, webhook=f"{hook.address}/{one.severity}") for one in own.receiver)
    targets, alertmanagers = (site.at("service"),), (site.at("alertmanager"),)
    return dataclasses.replace(own, receiver=receivers, targets=targets, alertmanagers=alertmanagers)


def queries_of_panels() -> Iterator[tuple[str, str]]:
    """Title and expression, as Grafana would ask it at the scrape interval that is written: four of those."""
    drawn = json.loads((ROOT / FOLDER / "dashboard.json").read_text("utf-8"))
    for panel in drawn["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"].replace("$__rate_interval", "1m")


def queries_of_runbooks() -> Iterator[tuple[str, str]]:
    """Path and expression of each fenced block that is PromQL."""
    for book in sorted((ROOT / "docs" / "runbooks").glob("*.md")):
        for expression in _PROMQL.findall(book.read_text("utf-8")):
            yield book.name, expression


def _replaced(file: Path, text: str) -> None:
    """In one step: whoever reads it never sees a half of it."""
    half = file.with_suffix(".half")
    half.write_text(text, "utf-8")
    half.replace(file)
