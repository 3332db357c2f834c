"""What can go wrong because a node runs elsewhere; each is the failure of one query, and says what became of it."""

from __future__ import annotations

from runtime.errors import RuntimeFault
from runtime.orchestrator.node import NotBegun


class NodeBusy(NotBegun):
    """All places of the node are taken."""


class NodeUnreachable(NotBegun):
    """Nobody serves the node now."""


class NodeLost(RuntimeFault):
    """Who worked on the query died or fell silent; how far the work came is not known."""


class OutOfTime(RuntimeFault):
    """The time that the query had left is over."""


class NotPortable(RuntimeFault):
    """A query or an answer that cannot travel: a type that would not come back as it was, too large, or not ours."""


class NodeRaised(RuntimeFault):
    """What a node raised elsewhere. `kind` is the name of the exception's class where it was raised."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text}" if text else kind)
        self.kind = kind
        self.text = text

    def __reduce__(self) -> tuple[type[NodeRaised], tuple[str, str]]:
        return NodeRaised, (self.kind, self.text)
