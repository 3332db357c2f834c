"""Where a node runs: in this loop, in threads or processes of its own, or on workers behind NATS."""

from __future__ import annotations

from runtime.orchestrator.placement.faults import (
    NodeBusy,
    NodeLost,
    NodeRaised,
    NodeUnreachable,
    NotPortable,
    OutOfTime,
)
from runtime.orchestrator.placement.placing import Placed, place

__all__ = ["NodeBusy", "NodeLost", "NodeRaised", "NodeUnreachable", "NotPortable", "OutOfTime", "Placed", "place"]
