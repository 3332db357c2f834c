"""How severe a vulnerability is: the base score of CVSS 3.0 and 3.1, and what databases say in words.

The formulas are those of section 7.1 of the CVSS 3.1 specification; 3.0 differs from it in the rounding alone, and in
no score by more than a tenth.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Optional

BANDS = ("none", "low", "medium", "high", "critical")
UNKNOWN = "unknown"
_WORDS = {"moderate": "medium", "important": "high", "minor": "low"}
_LEAST = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))
_WEIGHTS: Mapping[str, Mapping[str, float]] = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "UI": {"N": 0.85, "R": 0.62},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
_PRIVILEGES = {"U": {"N": 0.85, "L": 0.62, "H": 0.27}, "C": {"N": 0.85, "L": 0.68, "H": 0.5}}


def base_score(vector: str) -> Optional[float]:
    """0.0 to 10.0 of a vector "CVSS:3.1/AV:N/..."; None of one of another version, or that is none."""
    if not re.match(r"CVSS:3\.[01]/", vector):
        return None
    parts = dict(part.partition(":")[::2] for part in vector.split("/")[1:])
    try:
        weight = {metric: weights[parts[metric]] for metric, weights in _WEIGHTS.items()}
        scope = parts["S"]
        privileges = _PRIVILEGES[scope][parts["PR"]]
    except KeyError:
        return None
    lost = 1 - (1 - weight["C"]) * (1 - weight["I"]) * (1 - weight["A"])
    impact = 6.42 * lost if scope == "U" else 7.52 * (lost - 0.029) - 3.25 * (lost - 0.02) ** 15
    if impact <= 0:
        return 0.0
    exploitability = 8.22 * weight["AV"] * weight["AC"] * privileges * weight["UI"]
    total = impact + exploitability
    return _rounded_up(min(total if scope == "U" else 1.08 * total, 10.0))


def _rounded_up(score: float) -> float:
    """To the next tenth; by whole numbers, since 4.02 * 10 is not what it seems (appendix A of the specification)."""
    hundred_thousandths = round(score * 100_000)
    if hundred_thousandths % 10_000 == 0:
        return hundred_thousandths / 100_000
    return (hundred_thousandths // 10_000 + 1) / 10


def band(score: float) -> str:
    """The word for a score (section 5 of the specification)."""
    return next((word for least, word in _LEAST if score >= least), "none")


def severity(vectors: Iterable[str], said: Iterable[str]) -> str:
    """The worst of what vectors come to; where none can be computed, the worst of what databases say; or UNKNOWN."""
    scores = [score for score in map(base_score, vectors) if score is not None]
    if scores:
        return band(max(scores))
    words = [_WORDS.get(word.lower(), word.lower()) for word in said]
    return max((word for word in words if word in BANDS), key=BANDS.index, default=UNKNOWN)
