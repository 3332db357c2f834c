"""Brownout drills: what is promised when a dependency is slow, fails, hangs or is missing, and whether it holds."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Optional

from runtime.errors import ConfigurationFault
from runtime.guardian.faults import FAULTS

SCHEMA = 1


class Drill(NamedTuple):
    """One fault at one stage. `critical` as the pipeline has it: it decides what is promised."""

    stage: str
    fault: str
    critical: bool

    @property
    def name(self) -> str:
        """As it is asked for: `memory/slow`."""
        return f"{self.stage}/{self.fault}"


class Seen(NamedTuple):
    """One query of a drill. `outcome` is answered, degraded or failed; `stages` those that are not done.

    `raised` names what came out of the pipeline instead of an outcome, which nothing may.
    """

    outcome: str
    seconds: float
    stages: tuple[str, ...]
    has_answer: bool
    raised: Optional[str] = None


class Verdict(NamedTuple):
    """What a drill showed; `broken` says which promises were not kept, and is empty where all were."""

    drill: Drill
    queries: int
    worst_seconds: float
    outcomes: tuple[str, ...]
    recovered_after: Optional[float]
    broken: tuple[str, ...]
    nodes: tuple[str, ...] = ()
    """The plugins that the fault was planted into."""


def drills(critical: Sequence[tuple[str, bool]], only: Sequence[str] = ()) -> Iterator[Drill]:
    """Every fault at every stage, or those of `only` (`memory`, `slow`, `memory/slow`). Errors: ConfigurationFault."""
    every = [Drill(stage, fault, is_critical) for stage, is_critical in critical for fault in FAULTS]
    for word in only:
        if not any(word in (drill.stage, drill.fault, drill.name) for drill in every):
            stages = ", ".join(stage for stage, _ in critical)
            raise ConfigurationFault(
                f"no drill is called {word!r}; use a stage ({stages}), a fault ({', '.join(FAULTS)}), or STAGE/FAULT"
            )
    for drill in every:
        if not only or {drill.stage, drill.fault, drill.name} & set(only):
            yield drill


def judge(
    drill: Drill,
    under_fault: Sequence[Seen],
    recovered_after: Optional[float],
    *,
    budget: float,
    tolerance: float,
    recovery: float,
    nodes: Sequence[str] = (),
) -> Verdict:
    """Whether the promises held. Times are seconds; `recovery` is how long the healed service may take to answer.

    Whatever happens: no exception, never later than `budget` by more than `tolerance`, and answers again once healed.
    At a critical stage, the query fails there and says so; at another, it is answered without that stage.
    """
    return Verdict(
        drill,
        len(under_fault),
        max((seen.seconds for seen in under_fault), default=0.0),
        tuple(seen.outcome for seen in under_fault),
        recovered_after,
        tuple(dict.fromkeys(_broken(drill, under_fault, recovered_after, budget + tolerance, recovery))),
        tuple(nodes),
    )


def _broken(
    drill: Drill, under_fault: Sequence[Seen], recovered_after: Optional[float], latest: float, recovery: float
) -> Iterator[str]:
    if not under_fault:
        yield "no query was asked: nothing is shown"
    for seen in under_fault:
        if seen.raised is not None:
            yield f"{seen.raised} came out of the pipeline"
            continue
        if seen.seconds > latest:
            yield f"a query took {seen.seconds * 1000:.0f} ms; {latest * 1000:.0f} ms are the most"
        if drill.stage not in seen.stages:
            yield f"the stage {drill.stage} is said to be done: the fault did not reach it"
        elif drill.critical and (seen.outcome != "failed" or seen.has_answer):
            yield f"the critical stage {drill.stage} is missing, and the query is said to be {seen.outcome}"
        elif not drill.critical and (seen.outcome != "degraded" or not seen.has_answer):
            yield f"{drill.stage} is not critical, and without it the query is {seen.outcome}"
    if recovered_after is None or recovered_after > recovery:
        yield f"it did not answer in full within {recovery:g} s of the fault being lifted"


def record_of(
    verdicts: Sequence[Verdict],
    at: dt.datetime,
    budget: float,
    tolerance: float,
    files: Optional[Mapping[str, str]] = None,
) -> dict[str, object]:
    """The record of a run: plain data, for a file that is kept as evidence.

    `files` are the modules that were drilled, each with the id that git gives its content.
    """
    return {
        "recording": "drills",
        "schema": SCHEMA,
        "at": at.isoformat(timespec="seconds"),
        "budget_seconds": budget,
        "tolerance_seconds": tolerance,
        "verdict": "held" if verdicts and not any(verdict.broken for verdict in verdicts) else "broken",
        "files": dict(files or {}),
        "drills": [
            {
                "drill": verdict.drill.name,
                "stage": verdict.drill.stage,
                "fault": verdict.drill.fault,
                "critical": verdict.drill.critical,
                "nodes": list(verdict.nodes),
                "verdict": "broken" if verdict.broken else "held",
                "broken": list(verdict.broken),
                "queries": verdict.queries,
                "outcomes": list(verdict.outcomes),
                "worst_seconds": round(verdict.worst_seconds, 6),
                "recovered_after_seconds": verdict.recovered_after and round(verdict.recovered_after, 6),
            }
            for verdict in verdicts
        ],
    }


def write(record: dict[str, object], path: Path) -> None:
    """The record as a file of JSON. Errors: ConfigurationFault where it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigurationFault(f"the record {path} cannot be written: {error.strerror or error}") from None
