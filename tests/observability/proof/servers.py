"""Real servers on loopback, each a process of its own, and the webhook that Alertmanager tells."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable, NamedTuple

import httpx
import pytest

ROOT = Path(__file__).parents[3]
SERVICE = Path(__file__).with_name("faulty_service.py")
INSTALL = "apt-get install prometheus prometheus-alertmanager"


def program(*names: str) -> str:
    """The first of these that is installed; a skip where none is."""
    found = next((place for place in map(shutil.which, names) if place), None)
    if found is None:
        pytest.skip(f"{names[0]} is not installed: {INSTALL}")
    return found


def collector() -> str:
    """rotel's program; a skip where it is not installed, or is linked to a libpython that is not there."""
    rotel = pytest.importorskip("rotel", reason="rotel is not installed: its wheels need Python 3.10, the lock 3.11")
    place = str(Path(rotel.__file__).with_name("rotel-agent"))
    why_not = complaint_of(place)
    if why_not:
        pytest.skip(f"rotel does not start here: {why_not}")
    return place


@functools.lru_cache(maxsize=1)
def complaint_of(place: str) -> str:
    """What a program complains of instead of saying which version it is."""
    tried = subprocess.run(
        [place, "--version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30
    )
    return tried.stdout.strip() if tried.returncode else ""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def started(command: Sequence[str], log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """The process, killed in the end whatever becomes of it. Settings of whoever started this run are kept from it."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("LUKHAS_", "OTEL_"))}
    with (
        open(log, "ab") as said,
        subprocess.Popen(
            command, stdout=said, stderr=subprocess.STDOUT, env={**ours, **environment}, cwd=log.parent
        ) as process,
    ):
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()


def until(what: Callable[[], Any], seconds: float, every: float = 0.2) -> Any:
    """What it comes to, as soon as that is something; an assertion that names it when the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(httpx.HTTPError, KeyError, OSError):
            found = what()
            if found:
                return found
        time.sleep(every)
    raise AssertionError(f"nothing within {seconds:g} s of {getattr(what, '__name__', what)}")


class Delivery(NamedTuple):
    """One alert in one message: `began` is when it fired, as Prometheus says; `at` when it came. Seconds since 1970."""

    severity: str
    alert: str
    status: str
    began: float
    at: float
    runbook: str


class Webhook:
    """What Alertmanager delivered, in the order in which it came."""

    def __init__(self) -> None:
        self.told: list[Delivery] = []
        self.address = ""

    def take(self, path: str, message: Mapping[str, Any]) -> None:
        now = time.time()
        for alert in message["alerts"]:
            name, runbook = alert["labels"]["alertname"], alert["annotations"]["runbook_url"]
            began = seconds_of(alert["startsAt"])
            self.told.append(Delivery(path.strip("/"), name, alert["status"], began, now, runbook))

    def last(self, severity: str, alert: str) -> str:
        """firing or resolved, as it was told last; nothing where it never was."""
        return next((one.status for one in reversed(self.told) if one[:2] == (severity, alert)), "")


def seconds_of(written: str) -> float:
    """RFC 3339 with nanoseconds, as Go writes it, into seconds since 1970."""
    whole, _, part = written.rstrip("Z").partition(".")
    moment = dt.datetime.fromisoformat(whole).replace(tzinfo=dt.timezone.utc)
    return moment.timestamp() + float(f"0.{part or 0}")


@contextlib.contextmanager
def webhook() -> Iterator[Webhook]:
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hook.take(self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hook.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def rotel(to: str, grpc: int, http: int) -> list[str]:
    """The command of a collector that hands on at once, over HTTP, whatever it is sent."""
    return [
        collector(), "start", "--exporter", "otlp", "--otlp-exporter-protocol", "http", "--otlp-exporter-endpoint", to,
        "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}", "--otlp-http-endpoint", f"127.0.0.1:{http}",
        "--batch-timeout", "100ms",
    ]  # fmt: skip


def is_listening(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def service(faults: Path, port: int) -> list[str]:
    return [sys.executable, str(SERVICE), str(faults), str(port)]
