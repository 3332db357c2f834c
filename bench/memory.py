"""The peak memory of all processes of a command together, sampled from /proc while it runs.

Sampling takes time from what is sampled, so these runs are not timed.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from bench.measure import Command, require_work, started

PROC = Path("/proc")
_PAUSE = 0.002


@dataclass(frozen=True)
class Peak:
    """The highest sums seen, in bytes, and the most processes seen at once.

    `pss` counts a page that several processes share once, divided among them; `rss` counts it for each of them.
    """

    pss: int = 0
    rss: int = 0
    processes: int = 0
    samples: int = 0

    def joined(self, other: Peak) -> Peak:
        """The higher of each, over both."""
        return Peak(
            max(self.pss, other.pss),
            max(self.rss, other.rss),
            max(self.processes, other.processes),
            self.samples + other.samples,
        )


def session_of(stat: str) -> int:
    """The session in the text of /proc/PID/stat. The name before it may hold anything, parentheses and spaces too."""
    return int(stat.rpartition(")")[2].split()[3])


def sums_of(rollup: str) -> tuple[int, int]:
    """Pss and Rss in the text of /proc/PID/smaps_rollup, in bytes."""
    found = {"Pss:": 0, "Rss:": 0}
    for line in rollup.splitlines():
        words = line.split()
        if len(words) == 3 and words[0] in found and words[2] == "kB":
            found[words[0]] = int(words[1]) * 1024
    return found["Pss:"], found["Rss:"]


def sampled(session: int, proc: Path = PROC) -> Peak:
    """What the processes of a session hold at this moment, those whose parent has died included."""
    pss = rss = processes = 0
    for name in os.listdir(proc):
        if not name.isdigit():
            continue
        try:
            if session_of((proc / name / "stat").read_text("utf-8", "replace")) != session:
                continue
            its_pss, its_rss = sums_of((proc / name / "smaps_rollup").read_text("utf-8", "replace"))
        except OSError:  # it has ended since it was listed
            continue
        pss, rss, processes = pss + its_pss, rss + its_rss, processes + 1
    return Peak(pss, rss, processes, 1)


def peak(command: Command, output: Path) -> Optional[Peak]:
    """Run it once and watch it. None where the system does not say what processes hold."""
    if not (PROC / "self" / "smaps_rollup").exists():
        return None
    seen = Peak()
    with started(command, output) as process:
        while process.poll() is None:
            seen = seen.joined(sampled(process.pid))
            time.sleep(_PAUSE)
    require_work(command, process.returncode, output)
    return seen
