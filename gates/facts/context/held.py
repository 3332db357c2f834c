"""A claim with what the tree says of it: contradicted, upheld, or unverifiable."""

from __future__ import annotations

from typing import NamedTuple

from gates.facts.extractors.documents.claim import Claim

CONTRADICTED = "contradicted"
UPHELD = "upheld"
UNVERIFIABLE = "unverifiable"


class Answer(NamedTuple):
    """A verdict, what the tree says (of a contradicted claim), and what would be right, "" where that is not known."""

    verdict: str
    evidence: str = ""
    nearest: str = ""


class Held(NamedTuple):
    """A claim of the context file at `path`, and the answer to it."""

    path: str
    claim: Claim
    answer: Answer

    @property
    def subject(self) -> str:
        """What the finding is about: it survives moving lines, and says which kind of claim it is."""
        return f"{self.claim.kind}: {' '.join(self.claim.text.split())}"


YES = Answer(UPHELD)
UNKNOWN = Answer(UNVERIFIABLE)


def no(evidence: str, nearest: str = "") -> Answer:
    """The tree says otherwise."""
    return Answer(CONTRADICTED, evidence, nearest)
