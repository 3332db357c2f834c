"""Machine instructions of a call, counted by valgrind where it is: what happens in C counts, too.

Valgrind's callgrind counts nothing until the worker asks it to, so that starting Python and pytest costs little. The
worker asks by a client request: some rotations that mean nothing to a processor (valgrind.h, for x86-64).
"""

from __future__ import annotations

import contextlib
import platform
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Optional

from gates.measure.launch import Launch, LaunchFailed, closed, environment

COUNTED = 3
UNIT = "machine instructions"
_TOTAL = re.compile(rb"^totals: (\d+)", re.MULTILINE)


def valgrind() -> Optional[str]:
    """The program; None where it is not installed, or the processor is one that it cannot be asked on."""
    is_known = platform.system() == "Linux" and platform.machine() == "x86_64"
    return shutil.which("valgrind") if is_known else None


def counted(
    program: str, folders: Mapping[str, Path], lean: bool, names: Mapping[str, Sequence[str]], until: float
) -> Mapping[str, Mapping[str, tuple[int, ...]]]:
    """Side, then benchmark, to what each of a few calls executed; whoever is not done by `until` is left out."""
    with tempfile.TemporaryDirectory(prefix="gates-measure-") as name:
        started: dict[str, Launch] = {}
        try:
            for side, folder in folders.items():
                if names[side]:
                    place = Path(name) / side
                    place.mkdir()
                    words = [program, "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={place}/part"]
                    tests = sorted({each.partition("::")[0] for each in names[side]})
                    asked = {"tests": tests, "names": list(names[side]), "lean": lean}
                    started[side] = Launch(folder, asked, environment(folder, 0), words)
            return {side: _told(launch, Path(name) / side, until) for side, launch in started.items()}
        finally:
            closed(list(started.values()))


def _told(launch: Launch, folder: Path, until: float) -> Mapping[str, tuple[int, ...]]:
    order: list[str] = []
    with contextlib.suppress(LaunchFailed):  # what it has told until then is told
        told = launch.hear(until)
        while "ended" not in told:
            if "at" in told:
                answer = launch.answer({"native": COUNTED}, until)
                if "native" in answer:
                    order.append(told["at"])
                launch.ask({"leave": 1})
            told = launch.hear(until)
    found = {}
    for at, name in enumerate(order):
        parts = [folder / f"part.{at * COUNTED + number}" for number in range(1, COUNTED + 1)]
        totals = [_TOTAL.search(part.read_bytes()) for part in parts if part.is_file()]
        counts = tuple(int(total[1]) for total in totals if total)
        if len(counts) == COUNTED:
            found[name] = counts
    return found
