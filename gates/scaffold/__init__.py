"""gates init: read a repository that was never seen, propose policies for it, record its debt."""

from gates.scaffold.proposal import Proposal, propose
from gates.scaffold.writing import refuse_occupied, write

__all__ = ["Proposal", "propose", "refuse_occupied", "write"]
