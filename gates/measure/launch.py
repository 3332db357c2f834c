"""The parent's side of one launch: a worker process that is started, told whose turn it is, and ended."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Optional

WORKER = Path(__file__).parent / "worker.py"
# A worker that says nothing for so long is given up: a benchmark that hangs must not hang whoever measures it.
PATIENCE = 120.0
_LAST_WORDS = 600
# What would have a worker ask another repository, measure its coverage, or compile every module at each launch.
_LEFT_OUT = ("GIT_", "COV_", "COVERAGE_", "PYTHONDONTWRITEBYTECODE")


class LaunchFailed(Exception):
    """A worker that ended, or said nothing, before it was done; the text is why."""


class Launch:
    """One worker, in `folder`, `under` another program where that is named.

    What it prints goes to a file, of which an error shows the end.
    """

    def __init__(
        self, folder: Path, asked: Mapping[str, Any], environment: Mapping[str, str], under: Sequence[str] = ()
    ) -> None:
        self._printed: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the worker)
        asking, self._asking = os.pipe()
        self._told, telling = os.pipe()
        self._waiting = b""
        try:
            self._process = subprocess.Popen(
                [*under, sys.executable, str(WORKER), str(asking), str(telling)],
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=self._printed,
                stderr=subprocess.STDOUT,
                pass_fds=(asking, telling),
            )
        finally:
            os.close(asking)
            os.close(telling)
        self.ask(asked)

    def ask(self, what: Mapping[str, Any]) -> None:
        """One line to the worker."""
        with contextlib.suppress(BrokenPipeError):  # that it is gone is said when it is heard
            os.write(self._asking, (json.dumps(what) + "\n").encode("ascii"))

    def hear(self, until: Optional[float] = None) -> dict[str, Any]:
        """The next line of the worker. LaunchFailed where none comes, or not until then."""
        patience = PATIENCE if until is None else max(0.0, until - time.monotonic())
        until = time.monotonic() + patience
        while b"\n" not in self._waiting:
            ready, _, _ = select.select([self._told], [], [], max(0.0, until - time.monotonic()))
            read = os.read(self._told, 65536) if ready else b""
            if not read:
                raise LaunchFailed(self._last_words() if ready else f"said nothing for {patience:.0f} seconds")
            self._waiting += read
        line, _, self._waiting = self._waiting.partition(b"\n")
        told: dict[str, Any] = json.loads(line)
        return told

    def answer(self, what: Mapping[str, Any], until: Optional[float] = None) -> dict[str, Any]:
        """Ask, and hear."""
        self.ask(what)
        return self.hear(until)

    def close(self) -> None:
        """End it, whatever it is doing."""
        os.close(self._asking)
        os.close(self._told)
        try:
            self._process.wait(timeout=2)  # the pipe that it reads is closed: it ends by itself
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._printed.close()

    def printed(self) -> str:
        """The end of what it printed, in one line."""
        self._printed.seek(0)
        lines = [line for line in self._printed.read().decode("utf-8", "replace").splitlines() if line.strip()]
        return " | ".join(lines)[-_LAST_WORDS:] or "it printed nothing"

    def _last_words(self) -> str:
        self._process.wait()
        return f"ended with {self._process.returncode} before it was done: {self.printed()}"


def environment(folder: Path, hash_seed: int) -> dict[str, str]:
    """What a worker is started with: the tree's own modules come before whatever is installed."""
    own = [str(place) for place in (folder, folder / "src") if place.is_dir()]
    inherited = os.environ.get("PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join([*own, *([inherited] if inherited else [])]),
        "PYTHONHASHSEED": str(hash_seed),
    }


def closed(launches: Sequence[Optional[Launch]]) -> None:
    """End all of them."""
    for launch in launches:
        if launch is not None:
            launch.close()
