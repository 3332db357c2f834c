"""One command, run whole: wall and CPU time of it and of every process that it waited for."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from bench.figures import Sample

# What would make the same command do something else here than on another machine.
_LEFT_OUT = ("GATES_", "GIT_", "PYTHON", "RUFF_", "TACH_", "COV_", "COVERAGE_")


class BenchError(Exception):
    """The figures would not mean what they say: a command failed, or looked at nothing."""


@dataclass(frozen=True)
class Command:
    """What is run, where, and how one sees that it did its work: its exit code, and what it says."""

    arguments: tuple[str, ...]
    folder: Path
    exits: tuple[int, ...] = (0,)
    says: str = ""

    def __str__(self) -> str:
        return " ".join((os.path.basename(self.arguments[0]), *self.arguments[1:]))


def environment() -> Mapping[str, str]:
    """The surroundings of every command: no settings of the person or the machine, no colours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
    return {
        **kept,
        "COLUMNS": "400",  # import-linter breaks its lines where the terminal ends
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
    }


@contextmanager
def started(command: Command, output: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command, running in a session of its own; whatever happens here, none of its processes outlives this."""
    with output.open("wb") as written:
        process = subprocess.Popen(
            command.arguments,
            cwd=command.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def timed(command: Command, output: Path) -> Sample:
    """Run it once. BenchError where it did not do what it was run for."""
    begin = time.perf_counter()
    with started(command, output) as process:
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
    require_work(command, process.returncode, output)
    return Sample(wall, usage.ru_utime + usage.ru_stime)


def require_work(command: Command, code: Optional[int], output: Path) -> None:
    """BenchError where a command ended otherwise than it should, or does not say what it says when it has worked."""
    said = output.read_text("utf-8", "replace")
    if code not in command.exits:
        tail = "\n".join(said.splitlines()[-15:])
        raise BenchError(f"`{command}` ended with {code}, not {' or '.join(map(str, command.exits))}:\n{tail}")
    if re.search(command.says, said) is None:
        raise BenchError(f"`{command}` does not say '{command.says}'; did it look at anything?\n{said[-1500:]}")
