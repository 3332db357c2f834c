"""Events as the pipeline says them, and one of each kind there is."""

from __future__ import annotations

import typing
from collections.abc import Sequence
from typing import Optional

from runtime.telemetry import events
from runtime.telemetry.catalogue import STAGES
from runtime.telemetry.events import (
    Event,
    LoopLagged,
    MemoryFolded,
    MemoryRecalled,
    MemoryRemembered,
    MemorySized,
    NodeEjected,
    NodeReadmitted,
    OrphansCounted,
    PluginBuilt,
    QueryFinished,
    QueryShed,
    QueryStarted,
    SpansDropped,
    StageFinished,
    StageStarted,
    SwitchRead,
)

START = 1_700_000_000_000_000_000
MS = 1_000_000

ONE_OF_EACH: tuple[Event, ...] = (
    QueryStarted("q", START, 0.25),
    StageStarted("q", "memory", "near", START),
    StageFinished("q", "memory", "near", "done", START + 3 * MS, 0.003, 0.1, critical=True),
    QueryFinished("q", "answered", START + 4 * MS, 0.004, 0.25),
    QueryShed("queue", 0.5),
    NodeEjected("memory", "near", 2.0, "3 failures"),
    NodeReadmitted("memory", "near"),
    OrphansCounted("memory", "near", 2),
    LoopLagged(0.06),
    PluginBuilt("node", "memory", "production", "loaded", "constructor", "lukhas 1.0", 0.01, 0.002),
    MemoryRemembered("sqlite", 3, 0.01),
    MemoryRecalled("sqlite", "exact", 1_000, 5, 0.02),
    MemoryFolded("sqlite", "folded", 12, 0.5),
    MemorySized("sqlite", 90, 12),
    SwitchRead("recall", True, "on for all"),
    SpansDropped(7),
)
KINDS: tuple[type, ...] = typing.get_args(events.Event)


def finished(
    stage: str = "memory",
    ending: str = "done",
    node: str = "near",
    error: Optional[str] = None,
    query: str = "q",
    at_ms: int = 3,
    hedged: bool = False,
    attempt: int = 1,
    critical: bool = True,
    detail: Optional[str] = None,
) -> StageFinished:
    at = START + at_ms * MS
    return StageFinished(query, stage, node, ending, at, 0.003, 0.1, critical, error, detail, attempt, hedged)


def query(
    name: str = "q",
    stages: Sequence[str] = STAGES,
    traceparent: Optional[str] = None,
    endings: Optional[dict[str, StageFinished]] = None,
    outcome: str = "answered",
    stage: Optional[str] = None,
) -> list[Event]:
    """A query whose stages take 3 ms each, one after the other; `endings` replaces what is told of some."""
    told: list[Event] = [QueryStarted(name, START, 0.25, traceparent)]
    for place, each in enumerate(stages):
        told.append(StageStarted(name, each, "near", START + 3 * place * MS))
        told.append((endings or {}).get(each) or finished(each, query=name, at_ms=3 * place + 3))
    at = 3 * len(stages) + 1
    told.append(QueryFinished(name, outcome, START + at * MS, at / 1_000, 0.25, stage))
    return told
