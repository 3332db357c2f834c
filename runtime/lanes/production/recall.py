"""The stage memory: the passages that the memory recalls for a question."""

from __future__ import annotations

from typing import Optional

from runtime.lanes.findings import Passage
from runtime.memory.memory import Memory
from runtime.memory.record import Recalled
from runtime.orchestrator.query import Query
from runtime.settings import Settings

SOURCE = "source:"


class Recall:
    """Asks the memory for as many passages as the settings say. The store blocks, so it runs in threads."""

    name = "recall"
    stage = "memory"
    lane = "production"
    concurrency = 8
    placement = "thread"

    def __init__(self, memory: Memory, settings: Optional[Settings] = None) -> None:
        self._memory = memory
        self._passages = (settings or Settings()).passages

    def handle(self, query: Query) -> Query:
        """Finds passages, best first; none where nothing is remembered."""
        recalled = self._memory.recall(query.text, self._passages)
        return query.with_finding(self.stage, [passage_of(one) for one in recalled])


def passage_of(recalled: Recalled) -> Passage:
    """A recalled record as it travels; its source is what its tag `source:` says, else its id."""
    record = recalled.record
    sources = sorted(tag[len(SOURCE) :] for tag in record.tags if tag.startswith(SOURCE))
    source = sources[0] if sources else record.id
    return Passage(id=record.id, text=record.text, source=source, score=recalled.score)
