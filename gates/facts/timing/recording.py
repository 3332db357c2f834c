"""A recording of timings as a file of JSON: ours, or what pytest-benchmark writes with --benchmark-json.

    {"recording": "timings", "schema": 1, "commit": "...", "tree": "...", "base": "...", "machine": {"cores": 2, ...},
     "files": {"app/bridge.py": "<blob>"},
     "benchmarks": [{"name": "tests/perf/test_bridge.py::test_it", "path": "tests/perf/test_bridge.py", "line": 7,
                     "seconds": [[0.0016, ...], ...], "ratios": [0.012, ...],
                     "instructions": {"head": [1385, 1385], "base": [1385, 1385]}, "memory": 4096, "lacks": ""}]}

`seconds` are single calls, a list a launch; `ratios` the logarithms of head's time over base's, one a launch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

import msgspec

from gates.facts.recording_file import RecordingError, is_inside

SCHEMA = 1


class Instructions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a call executes, each counted several times; `base` is empty for a benchmark that is new."""

    head: tuple[int, ...]
    base: tuple[int, ...] = ()
    unit: str = "bytecode instructions"

    @property
    def more(self) -> Optional[float]:
        """By how much head executes more, at least; None where base is not known or the counts overlap."""
        if not self.head or not self.base or min(self.base) <= 0:
            return None
        more = min(self.head) / max(self.base) - 1
        return more if more > 0 else None


class Timed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One benchmark: what its calls took, and how head stood beside base in each launch.

    `instructions` are those of Python, `native` those of the machine. `memory` is what a call holds at once, in bytes.
    `lacks` says why it, or its comparison, could not be measured.
    """

    name: str
    path: str = ""
    line: int = 0
    seconds: tuple[tuple[float, ...], ...] = ()
    ratios: tuple[float, ...] = ()
    instructions: Optional[Instructions] = None
    native: Optional[Instructions] = None
    memory: Optional[int] = None
    lacks: str = ""


@dataclass(frozen=True)
class Timing:
    """A recording: of which commit, on which machine, of which content of every module (None: the commit says it)."""

    benchmarks: tuple[Timed, ...]
    commit: Optional[str] = None
    tree: Optional[str] = None
    base: Optional[str] = None
    machine: Mapping[str, Any] = field(default_factory=dict)
    files: Optional[Mapping[str, str]] = None
    dirty: bool = False


class _Recorded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    recording: str
    schema: int
    commit: Optional[str]
    tree: Optional[str]
    base: Optional[str]
    machine: dict[str, Any]
    files: dict[str, str]
    benchmarks: tuple[Timed, ...]


def render(timing: Timing) -> bytes:
    """The file's bytes; seconds and ratios with as many digits as a clock has."""
    benchmarks = [msgspec.to_builtins(_rounded(each)) for each in timing.benchmarks]
    head = {"recording": "timings", "schema": SCHEMA, "commit": timing.commit, "tree": timing.tree, "base": timing.base}
    read = {**head, "machine": dict(timing.machine), "files": dict(sorted((timing.files or {}).items()))}
    return (json.dumps({**read, "benchmarks": benchmarks}) + "\n").encode("ascii")


def _rounded(timed: Timed) -> Timed:
    seconds = tuple(tuple(float(f"{second:.4g}") for second in calls) for calls in timed.seconds)
    return msgspec.structs.replace(timed, seconds=seconds, ratios=tuple(round(ratio, 6) for ratio in timed.ratios))


def parse(content: bytes) -> Timing:
    """What a file says. RecordingError where it is neither ours nor pytest-benchmark's, or is damaged."""
    try:
        read = json.loads(content)
    except (ValueError, RecursionError):
        raise RecordingError("is no JSON, or cut off") from None
    if isinstance(read, dict) and "machine_info" in read and "benchmarks" in read:
        return _of_pytest_benchmark(read)
    if not isinstance(read, dict) or read.get("recording") != "timings":
        raise RecordingError("is no recording of timings")
    if read.get("schema") != SCHEMA:
        raise RecordingError(f"its schema is {read.get('schema')!r:.20}, and this version reads {SCHEMA}")
    try:
        held = msgspec.convert(read, _Recorded)
    except (msgspec.ValidationError, RecursionError) as error:
        raise RecordingError(f"is not as it should be: {error}") from None
    _refuse_nonsense(held.benchmarks)
    return Timing(held.benchmarks, held.commit, held.tree, held.base, held.machine, held.files)


def _refuse_nonsense(benchmarks: tuple[Timed, ...]) -> None:
    names = [each.name for each in benchmarks]
    if len(set(names)) != len(names):
        raise RecordingError("names a benchmark twice")
    for each in benchmarks:
        if each.path and not is_inside(each.path):
            raise RecordingError(f"{each.path!r:.80} is no path of a repository")
        if not all(0 < second < float("inf") for calls in each.seconds for second in calls):
            raise RecordingError(f"{each.name!r:.80} holds a call that took no time, or for ever")
        if not all(abs(ratio) < 100 for ratio in each.ratios):
            raise RecordingError(f"{each.name!r:.80} holds a ratio that is none")


def _of_pytest_benchmark(read: dict[str, Any]) -> Timing:
    """One run is one launch, and has nothing beside it: budgets can be judged by it, a change cannot."""
    try:
        commit = read.get("commit_info") or {}
        benchmarks = tuple(
            Timed(
                name=str(each["fullname"]),
                path=str(each["fullname"]).partition("::")[0],
                seconds=(_calls(each["stats"]),),
            )
            for each in read["benchmarks"]
        )
        machine = {key: read["machine_info"].get(key) for key in ("node", "system", "machine", "python_version")}
        dirty = bool(commit.get("dirty"))
        known = str(commit["id"]) if commit.get("id") not in (None, "unknown") else None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RecordingError(f"is not as pytest-benchmark writes it ({type(error).__name__}: {error})") from None
    _refuse_nonsense(benchmarks)
    return Timing(benchmarks, commit=known, machine=machine, dirty=dirty)


def _calls(stats: Mapping[str, Any]) -> tuple[float, ...]:
    """The single calls; none where several were timed together."""
    if stats.get("iterations", 1) != 1:
        return ()
    if "data" not in stats:
        raise RecordingError("holds no single timings; write it with --benchmark-json, or with --benchmark-save-data")
    return tuple(float(second) for second in stats["data"])
