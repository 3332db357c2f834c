"""Work that nobody waits for any more and that still runs: held, counted, and kept away from its node.

A task that is not held may be collected while it runs; a task that is held must be counted, or it is a leak. A node is
left out once as much of its work was abandoned as it takes queries at once, until some of it ends; so there is never
more than that, and what was on its way when the node was left out.
"""

from __future__ import annotations

import asyncio
from typing import Callable

from runtime.orchestrator.node import Node
from runtime.telemetry.events import Observer, OrphansCounted

Changed = Callable[[str], None]


class Orphans:
    """The abandoned tasks of each node; `changed` is told the stage whose nodes are held or free again.

    This is the bound, whatever a selector does: one that listens to OrphansCounted may leave a node out sooner.
    """

    def __init__(self, observe: Observer, changed: Changed) -> None:
        self._observe = observe
        self._changed = changed
        self._tasks: dict[int, set[asyncio.Future[None]]] = {}

    def __len__(self) -> int:
        return sum(len(tasks) for tasks in self._tasks.values())

    def of(self, node: Node) -> int:
        """How much abandoned work runs on it."""
        return len(self._tasks.get(id(node), ()))

    def hold_back(self, node: Node) -> bool:
        """Whether it has as much abandoned work as it has places."""
        return self.of(node) >= max(1, node.concurrency)

    def add(self, node: Node, task: asyncio.Future[None]) -> None:
        """Hold `task` until it ends."""
        held = self.hold_back(node)
        self._tasks.setdefault(id(node), set()).add(task)
        task.add_done_callback(lambda done: self._ended(node, done))
        self._observe(OrphansCounted(node.stage, node.name, self.of(node)))
        if self.hold_back(node) and not held:
            self._changed(node.stage)

    def _ended(self, node: Node, task: asyncio.Future[None]) -> None:
        held = self.hold_back(node)
        self._tasks[id(node)].discard(task)
        self._observe(OrphansCounted(node.stage, node.name, self.of(node)))
        if held and not self.hold_back(node):
            self._changed(node.stage)
