"""The plant: stages under `asyncio.wait_for`, as the seed's snippet has it. What is wrong with it must be noticed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from runtime.orchestrator.node import Node
from runtime.orchestrator.outcome import Answered, Degraded, Outcome
from runtime.orchestrator.query import Query
from runtime.orchestrator.stage import Done, Ending, Failed, Stage


class SeedPipeline:
    """A fixed timeout for each stage, and no deadline."""

    def __init__(self, stages: Sequence[Stage], nodes: Mapping[str, Sequence[Node]], budget: float) -> None:
        self._stages = stages
        self._nodes = nodes
        self._each = budget / len(stages)

    async def run(self, query: Query) -> Outcome:
        began = asyncio.get_running_loop().time()
        endings: list[Ending] = []
        for stage in self._stages:
            node = self._nodes[stage.name][0]
            try:
                query = await asyncio.wait_for(node.handle(query), self._each)
                endings.append(Done(stage.name, node.name, 0.0, self._each, query))
            except Exception as error:  # noqa: BLE001 - the seed's words
                endings.append(Failed(stage.name, node.name, 0.0, self._each, error))
        seconds = asyncio.get_running_loop().time() - began
        missing = tuple(ending.stage for ending in endings if not isinstance(ending, Done))
        if missing:
            return Degraded(query, tuple(endings), seconds, self._each, missing)
        return Answered(query, tuple(endings), seconds, self._each)
