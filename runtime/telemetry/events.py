"""Frozen records of what happened, and the observer that receives them. The core says; adapters listen.

All times are seconds; `at_ns` is nanoseconds since the epoch, as spans want it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable, NamedTuple, Optional, Union


class QueryStarted(NamedTuple):
    """A query entered the pipeline. `traceparent` is the W3C header it came with."""

    query: str
    at_ns: int
    budget: float
    traceparent: Optional[str] = None


class StageStarted(NamedTuple):
    """A stage begins on a node; said in the task that runs it, so that an observer may set what is current there."""

    query: str
    stage: str
    node: str
    at_ns: int


class StageFinished(NamedTuple):
    """A stage ended. `ending` is done, timed_out, failed, skipped or abandoned; `budget` what it was given.

    `error` is the type's name, never the text: label sets are bounded. `detail` is for spans and logs. `attempt` counts
    from 1; a hedge is an attempt of its own.
    """

    query: str
    stage: str
    node: str
    ending: str
    at_ns: int
    seconds: float
    budget: float
    critical: bool
    error: Optional[str] = None
    detail: Optional[str] = None
    attempt: int = 1
    hedged: bool = False


class QueryFinished(NamedTuple):
    """A query left the pipeline. `outcome` is answered, degraded (a stage not critical is missing) or failed."""

    query: str
    outcome: str
    at_ns: int
    seconds: float
    budget: float
    stage: Optional[str] = None


class QueryShed(NamedTuple):
    """A query was turned away before it began: the queue would have eaten its budget."""

    reason: str
    retry_after: float


class NodeEjected(NamedTuple):
    """A node is left out of the choice for a while."""

    stage: str
    node: str
    seconds: float
    reason: str


class NodeReadmitted(NamedTuple):
    """A node that was ejected answered its probe."""

    stage: str
    node: str


class OrphansCounted(NamedTuple):
    """Work that its stage no longer waits for and that still runs, on one node."""

    stage: str
    node: str
    orphans: int


class LoopLagged(NamedTuple):
    """The event loop was held up: something that should wait blocked instead."""

    seconds: float


class PluginBuilt(NamedTuple):
    """What became of a plugin. `state` is loaded, factory (kept as it is: something it asks for is missing), failed,
    skipped or shadowed; `error` says why it is not loaded."""

    kind: str
    name: str
    lane: str
    state: str
    route: Optional[str]
    distribution: Optional[str]
    import_seconds: float
    build_seconds: float
    error: Optional[str] = None


class MemoryRemembered(NamedTuple):
    """Records were acknowledged."""

    store: str
    records: int
    seconds: float


class MemoryRecalled(NamedTuple):
    """A recall was answered. `route` says how: everything, exact, approximate, fused."""

    store: str
    route: str
    candidates: int
    returned: int
    seconds: float


class MemoryFolded(NamedTuple):
    """A fold ended: `outcome` is folded, repeated, abandoned or failed; only the first changed anything."""

    store: str
    outcome: str
    sources: int
    seconds: float
    reason: Optional[str] = None


class MemorySized(NamedTuple):
    """How many records are live, and how many are folded away."""

    store: str
    live: int
    cold: int


class SwitchRead(NamedTuple):
    """A switch decided something; `reason` says by what rule, or why it fell back to its safe value."""

    flag: str
    value: bool
    reason: str


class SpansDropped(NamedTuple):
    """Spans that were recorded and never exported."""

    spans: int


Event = Union[
    QueryStarted,
    StageStarted,
    StageFinished,
    QueryFinished,
    QueryShed,
    NodeEjected,
    NodeReadmitted,
    OrphansCounted,
    LoopLagged,
    PluginBuilt,
    MemoryRemembered,
    MemoryRecalled,
    MemoryFolded,
    MemorySized,
    SwitchRead,
    SpansDropped,
]
Observer = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Listen to nothing."""


def told_to(observers: Sequence[Observer]) -> Observer:
    """One observer for several. An observer is a part of the service: what it raises is not caught."""
    if not observers:
        return ignore
    if len(observers) == 1:
        return observers[0]
    listeners = tuple(observers)

    def tell(event: Event) -> None:
        for listener in listeners:
            listener(event)

    return tell
