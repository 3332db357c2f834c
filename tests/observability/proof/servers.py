"""A real collector on loopback, a process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Callable

import httpx
import pytest


def collector() -> str:
    """rotel's program; a skip where it is not installed."""
    rotel = pytest.importorskip("rotel", reason="rotel is not installed: its wheels need Python 3.10, the lock 3.11")
    return str(Path(rotel.__file__).with_name("rotel-agent"))


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def started(command: Sequence[str], log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """The process, killed in the end whatever becomes of it."""
    with (
        open(log, "wb") as said,
        subprocess.Popen(
            command, stdout=said, stderr=subprocess.STDOUT, env={**os.environ, **environment}, cwd=log.parent
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
