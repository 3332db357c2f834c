"""A rollback switch for every module that a lane holds: off, and its node takes no more queries."""

from __future__ import annotations

from runtime.guardian.switches import Switches


def flag_of(kind: str, name: str) -> str:
    """The switch of one plugin."""
    return f"module.{kind}.{name}"


class ModuleGate:
    """Which nodes a query may meet. A rollout in percent counts by subject: a query stays with what it met."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        self._flags: dict[str, str] = {}

    def admits(self, node: str, subject: str) -> bool:
        """Whether this node may serve this subject now."""
        flag = self._flags.get(node)
        if flag is None:
            flag = self._flags[node] = flag_of("node", node)
        return self._switches.is_on(flag, subject)
