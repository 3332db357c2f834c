"""What a gate's documentation says, split for those that show rules; the two gates without a file speak here."""

from __future__ import annotations

import re
from typing import NamedTuple

from gates import catalogue
from gates.errors import GatesError

_PART = re.compile(r"^(Why|Instead):", re.MULTILINE)
_OF_NO_FILE = {
    "waiver": """A waiver has expired, or covers nothing that its gate finds.

Why: a promise set aside for good, or for nobody, is a promise dropped; nobody would notice when it is broken anew.
Instead: take the waiver out, or mend what it covers; where more time is needed, give it a new date and say why.
""",
    "baseline": """The baseline holds debt of a gate that does not exist.

Why: debt that no gate asks for can neither shrink nor be paid; it hides that a gate was renamed or taken out.
Instead: correct the gate's name in the baseline, or take the entry out with `gates baseline`.
""",
}


class Help(NamedTuple):
    """The first line, and what follows it: why, and what to do instead."""

    short: str
    full: str

    @property
    def markdown(self) -> str:
        """The same with a paragraph for each part."""
        return _PART.sub(r"\n**\1:**", self.full).strip()


def help_of(gate: str) -> Help:
    """The help of any name that a result may carry; a report may come from where other gates are installed."""
    try:
        text = _OF_NO_FILE.get(gate) or catalogue.explain(gate)
    except GatesError:
        text = ""
    short, _, full = text.strip().partition("\n")
    short = short.strip() or f"The gate {gate}, which is not installed here."
    return Help(short, full.strip() or short)
