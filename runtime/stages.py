"""The six stages of a query: which are critical, and how much of the budget each may take."""

from __future__ import annotations

from collections.abc import Iterable

from runtime.orchestrator.stage import Stage

# A recall may take two fifths of the budget: 100 ms of 250.
RECALL_SHARE = 0.4
# How much of the tightest bound that can fail it (its budget, the cap of a critical stage) a query may take before that
# counts as a queue: what is shed later than that fails instead.
QUEUE_SHARE = 0.8


def stages_of(budget: float) -> tuple[Stage, ...]:
    """The six stages of queries that may take `budget` seconds.

    Without attention, thought works on all that was recalled; without awareness, an answer says less of itself. Every
    node here only reads, so that a second one may be asked for the same.
    """
    return (
        Stage("memory", critical=True, soft_cap=RECALL_SHARE * budget, hedgeable=True),
        Stage("attention", critical=False, hedgeable=True),
        Stage("thought", critical=True, hedgeable=True),
        Stage("action", critical=True, hedgeable=True),
        Stage("decision", critical=True, hedgeable=True),
        Stage("awareness", critical=False, hedgeable=True),
    )


def caps_of(stages: Iterable[Stage]) -> list[float]:
    """The caps of those that have one, in seconds."""
    return [stage.soft_cap for stage in stages if stage.soft_cap]


def queue_target(stages: Iterable[Stage], budget: float) -> float:
    """How long a query may take, in seconds, before that counts as a queue."""
    return QUEUE_SHARE * min([budget, *caps_of(stage for stage in stages if stage.critical)])
