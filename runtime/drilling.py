"""Runs the brownout drills against the real pipeline: the real nodes, a memory of its own, faults planted between."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from typing import Optional

from runtime.app import App, opened
from runtime.guardian.drills import Drill, Seen, Verdict, drills, judge
from runtime.guardian.faults import MISSING, STUCK, Faulty
from runtime.orchestrator.load import Load
from runtime.orchestrator.node import Node
from runtime.orchestrator.pipeline import Pipeline
from runtime.orchestrator.query import Query
from runtime.orchestrator.selection import ExpectedCompletion
from runtime.registry.installed import Installed
from runtime.settings import Settings
from runtime.stages import stages_of

REMEMBERED = (
    "The lighthouse at Arkona was built in 1827. It stands on the cape of the island.",
    "The keeper of the lighthouse lives in the house beside the tower.",
    "The harbour closes when the wind blows at more than nine on the scale of Beaufort.",
)
QUESTION = "When was the lighthouse at Arkona built?"
# How long a healed service may take to answer in full, in seconds: an ejected node is tried again within it.
RECOVERY = 5.0
LOOK_AGAIN = 0.05


async def drilled(
    settings: Settings,
    only: Sequence[str] = (),
    queries: int = 3,
    tolerance: float = 0.05,
    found: Optional[Installed] = None,
) -> list[Verdict]:
    """Every drill, one after the other; each has a pipeline of its own. Errors: ConfigurationFault."""
    chosen = list(drills([(stage.name, stage.critical) for stage in stages_of(settings.budget)], only))
    app = await opened(settings, found=found, required=("node",))
    try:
        app.memory.remember(REMEMBERED)
        return [await _drilled(app, drill, queries, tolerance) for drill in chosen]
    finally:
        await app.close()


async def _drilled(app: App, drill: Drill, queries: int, tolerance: float) -> Verdict:
    budget = app.settings.budget
    # A slow one takes a budget longer than there is; a stuck one as long again, so that it is gone after the drill.
    seconds = 2 * budget
    faulty = [Faulty(node, drill.fault, seconds) for _, node in app.plugged if node.stage == drill.stage]
    others: list[Node] = [node for _, node in app.plugged if node.stage != drill.stage]
    selector = ExpectedCompletion(Load(), random.Random(0))
    whole = app.pipeline_of([*others, *faulty], selector)
    under_fault = app.pipeline_of(others, selector) if drill.fault == MISSING else whole
    seen = [await _asked(under_fault) for _ in range(queries)]
    for node in faulty:
        node.planted = False
    return judge(
        drill,
        seen,
        await _recovered_after(whole),
        budget=budget,
        tolerance=tolerance,
        recovery=RECOVERY + (seconds if drill.fault == STUCK else 0.0),
        nodes=[plugin for plugin, node in app.plugged if node.stage == drill.stage],
    )


async def _recovered_after(pipeline: Pipeline) -> Optional[float]:
    began = time.monotonic()
    while time.monotonic() - began < 2 * RECOVERY:
        seen = await _asked(pipeline)
        if seen.outcome == "answered" and seen.has_answer:
            return time.monotonic() - began
        await asyncio.sleep(LOOK_AGAIN)
    return None


async def _asked(pipeline: Pipeline) -> Seen:
    began = time.monotonic()
    try:
        outcome = await pipeline.run(Query.of(QUESTION))
    except Exception as error:  # noqa: BLE001 - that nothing comes out of it is what is tried
        return Seen("raised", time.monotonic() - began, (), False, type(error).__name__)
    not_done = tuple(ending.stage for ending in outcome.endings if ending.name != "done")
    return Seen(outcome.name, time.monotonic() - began, not_done, outcome.query.answer is not None)
