"""How severe a vulnerability is: what CVSS 2, 3 and 4 vectors come to, and what databases say in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Optional

from gates.errors import FactUnavailable

BANDS = ("none", "low", "medium", "high", "critical")
UNKNOWN = "unknown"
_WORDS = {"moderate": "medium", "important": "high", "minor": "low"}


class Rated(NamedTuple):
    """A vector, computed: 0.0 to 10.0, and the band that the specification of its version puts that in."""

    score: float
    band: str


def rated(vector: str) -> Optional[Rated]:
    """What a vector comes to; None of a text that is none, or that lacks a metric.

    FactUnavailable where the library that computes it is not installed.
    """
    try:
        from cvss import CVSS2, CVSS3, CVSS4, CVSSError
    except ImportError:
        remedy = "pip install 'lukhas-gates[supply]'"
        raise FactUnavailable(f"without the library cvss no severity can be computed; {remedy}") from None
    version = {"CVSS:3": CVSS3, "CVSS:4": CVSS4}.get(vector[:6], CVSS2)
    try:
        computed = version(vector)
        return Rated(float(computed.base_score), str(computed.severities()[0]).lower())
    except CVSSError:
        return None


def severity(vectors: Iterable[str], said: Iterable[str]) -> str:
    """The worst of what vectors come to and what databases say; UNKNOWN where neither tells anything."""
    words = [computed.band for computed in map(rated, vectors) if computed is not None]
    words += [_WORDS.get(word.lower(), word.lower()) for word in said]
    return max((word for word in words if word in BANDS), key=BANDS.index, default=UNKNOWN)
