"""A stage, and the ways it can end: Done, TimedOut, Failed, Skipped, Abandoned."""

from __future__ import annotations

from typing import NamedTuple, Optional, Union

from runtime.orchestrator.query import Query

MEMORY, ATTENTION, THOUGHT, ACTION, DECISION, AWARENESS = STAGES = (
    "memory",
    "attention",
    "thought",
    "action",
    "decision",
    "awareness",
)


class Stage(NamedTuple):
    """One step of the pipeline.

    `soft_cap` bounds it in seconds where more time is left; `hedgeable` says that to ask a second node for the same is
    harmless.
    """

    name: str
    critical: bool
    soft_cap: Optional[float] = None
    hedgeable: bool = False


class Done(NamedTuple):
    """It answered."""

    stage: str
    node: str
    seconds: float
    budget: float
    query: Query
    attempt: int = 1
    name: str = "done"


class TimedOut(NamedTuple):
    """It was cancelled at the end of its budget, and stopped."""

    stage: str
    node: str
    seconds: float
    budget: float
    attempt: int = 1
    name: str = "timed_out"


class Failed(NamedTuple):
    """It raised; `error` is the exception."""

    stage: str
    node: str
    seconds: float
    budget: float
    error: BaseException
    attempt: int = 1
    name: str = "failed"


class Skipped(NamedTuple):
    """It was never begun; `reason` says why: no node, no time left, switched off, a failure before it."""

    stage: str
    reason: str
    budget: float = 0.0
    seconds: float = 0.0
    node: str = ""
    attempt: int = 0
    name: str = "skipped"


class Abandoned(NamedTuple):
    """It did not stop when it was cancelled; nobody waits for it any more, and it is counted until it ends."""

    stage: str
    node: str
    seconds: float
    budget: float
    attempt: int = 1
    name: str = "abandoned"


Ending = Union[Done, TimedOut, Failed, Skipped, Abandoned]
