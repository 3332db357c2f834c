"""Stages in order, each within its share of the time, the query within its deadline."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from typing import Callable, Optional

from runtime.errors import QueryRefused
from runtime.orchestrator.choosing import Selector
from runtime.orchestrator.deadline import Shares
from runtime.orchestrator.hedging import HedgeBudget
from runtime.orchestrator.line import Leg, Line, require_stages
from runtime.orchestrator.node import Node
from runtime.orchestrator.outcome import Outcome
from runtime.orchestrator.passage import Passage
from runtime.orchestrator.query import Query
from runtime.orchestrator.stage import Stage
from runtime.telemetry.events import Observer, QueryStarted, ignore


class Pipeline:
    """Takes queries through `stages`; what a node does never comes out of it as an exception.

    `nodes` gives the nodes of each stage, which `selector` chooses among. `budget` is what a query may take where
    `run` says nothing else; `grace` what a cancelled stage gets to stop before it is abandoned; both in seconds.
    `hedges` is the share of second attempts that stages marked hedgeable may cost (0.05: one in twenty), and
    `critical_hedges` the same for the critical ones among them. ConfigurationFault where the parts do not fit.
    """

    def __init__(
        self,
        stages: Sequence[Stage],
        nodes: Mapping[str, Sequence[Node]],
        selector: Selector,
        budget: float = 0.25,
        observe: Observer = ignore,
        clock: Callable[[], float] = time.monotonic,
        now_ns: Callable[[], int] = time.time_ns,
        grace: float = 0.002,
        hedges: float = 0.05,
        critical_hedges: Optional[float] = None,
    ) -> None:
        require_stages(stages, nodes)
        self.stages = tuple(stages)
        self.budget = budget
        often = {True: hedges if critical_hedges is None else critical_hedges, False: hedges}
        legs = [Leg(stage, nodes.get(stage.name, ()), HedgeBudget(often[stage.critical])) for stage in stages]
        self._line = Line(legs, Shares(stages, budget), selector, observe, clock, now_ns, grace)

    @property
    def orphans(self) -> int:
        """How much abandoned work still runs."""
        return len(self._line.orphans)

    async def run(self, query: Query, budget: Optional[float] = None) -> Outcome:
        """Take `query` through the stages within `budget` seconds. To cancel this cancels what runs, at once.

        QueryRefused where `query` is no Query or `budget` no number; a budget that is used up fails the first stage.
        """
        seconds = self.budget if budget is None else budget
        if not isinstance(query, Query) or not isinstance(seconds, (int, float)) or math.isnan(seconds):
            raise _refusal(query, seconds)
        line = self._line
        if line.heard:
            line.observe(QueryStarted(query.id, line.now_ns(), seconds, query.traceparent))
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        passage = Passage(line, query, seconds, outcome)
        passage.start()
        try:
            return await outcome
        except asyncio.CancelledError:
            passage.leave()
            raise


def _refusal(query: object, seconds: float) -> QueryRefused:
    if not isinstance(query, Query):
        return QueryRefused(f"{type(query).__name__} is no query; Query.of(text) makes one")
    return QueryRefused(f"a budget of {seconds!r} seconds; it is a number, such as 0.25")
