"""What the benchmarks took over time, in git: .ci/timings.json, written by `gates measure --trend`.

    {"schema": 1, "benchmarks": {"tests/perf/test_bridge.py::test_it": [
      {"date": "2026-11-23", "commit": "...", "machine": "...", "p50": 0.0016, "p95": 0.0021, "instructions": 1385}]}}

Timings of two machines cannot be held against each other, and those of one hardly; a trend is for people to look at,
and nothing is judged by it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Optional

from gates.errors import GatesError
from gates.facts.timing.kept import PLACE, SCHEMA, parse
from gates.facts.timing.quantiles import bounds
from gates.facts.timing.recording import Timed, Timing
from gates.policy_file import read_file
from gates.replay import write_if_changed

KEPT = 100
"""How many measurements of a benchmark are kept; older ones are in git."""


def extended(content: Optional[bytes], timing: Timing, date: str) -> bytes:
    """The file with one more measurement of each benchmark; ones that are there no more stay, as history.

    GatesError where it holds something else.
    """
    try:
        kept = parse(content)
    except ValueError as error:
        raise GatesError(f"{PLACE}: is no trend of timings ({error}); take it out of the way") from None
    for benchmark in timing.benchmarks:
        kept.setdefault(benchmark.name, []).append(_row(benchmark, timing, date))
    rows = {name: several[-KEPT:] for name, several in sorted(kept.items())}
    return _rendered(rows)


def write(root: Path, timing: Timing, date: str) -> None:
    """Add this measurement to the file."""
    place = root / PLACE
    write_if_changed(str(place), extended(read_file(place, PLACE), timing, date))


def _row(benchmark: Timed, timing: Timing, date: str) -> dict[str, Any]:
    machine = timing.machine
    row: dict[str, Any] = {
        "date": date,
        "commit": timing.commit,
        "machine": f"{machine.get('processor')}, {machine.get('cores')} cores, {machine.get('python')}",
        "load": machine.get("load"),
    }
    launches = [calls for calls in benchmark.seconds if calls]
    if launches:
        row["calls"] = sum(map(len, launches))
        row.update({key: float(f"{bounds(launches, at).estimate:.4g}") for key, at in (("p50", 0.5), ("p95", 0.95))})
    if benchmark.instructions is not None:
        row["instructions"] = min(benchmark.instructions.head)
    if benchmark.memory is not None:
        row["memory"] = benchmark.memory
    return row


def _rendered(benchmarks: Mapping[str, Iterable[Any]]) -> bytes:
    """One measurement a line, so that a diff shows what was added."""
    parts = []
    for name, rows in benchmarks.items():
        lines = ",\n".join(f"   {json.dumps(row)}" for row in rows)
        parts.append(f"  {json.dumps(name)}: [\n{lines}\n  ]")
    body = ",\n".join(parts)
    return f'{{"schema": {SCHEMA}, "benchmarks": {{\n{body}\n}}}}\n'.encode("ascii")
