"""Slower, not slower, or not proven: a paired test that may look several times and stop as soon as it can tell.

One launch of head beside base gives one value, the median of its rounds' log ratios. Launches are what is independent
(where a process's memory lies decides more than one round does from the next), so they are what the test counts.
It looks after 8, 16 and 32 launches. What it may err at each look adds up to `ALPHA`, and within a look Holm's
method shares it out over the benchmarks, so that ALPHA bounds the chance of accusing any benchmark at all that is no
more than `tolerated` slower.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, expm1, inf, log1p
from typing import Optional

from gates.facts.timing.student import t_beyond, t_point, trimmed_t

ALPHA = 0.01
LOOKS: Mapping[int, float] = {8: 0.001, 16: 0.0035, 32: 0.0055}
"""After how many launches the test looks, and with what chance of a false alarm each time."""
TOLERATED = 0.01
UNHARMED = 0.03
"""Not slower means: less than so much slower, with a confidence of 99 %."""


class Answer(str, enum.Enum):
    """What can be said of head beside base."""

    SLOWER = "slower"
    NOT_SLOWER = "not slower"
    NOT_PROVEN = "not proven"


@dataclass(frozen=True)
class Compared:
    """The answer, after how many launches it was given, and by how much head is slower: 0.05 is 5 %.

    `least` and `most` are its bounds, each with a confidence of 99 %.
    """

    answer: Answer
    launches: int
    by: float = 0.0
    least: float = -inf
    most: float = inf


def decide(
    ratios: Mapping[str, Sequence[float]], tolerated: float = TOLERATED, looks: Mapping[int, float] = LOOKS
) -> Mapping[str, Compared]:
    """Every benchmark's answer, from its log ratios, one a launch, in the order of the launches.

    What was answered at a look stays answered; launches behind it, or behind the last look, are not looked at.
    """
    found: dict[str, Compared] = {}
    for many, error in looks.items():
        open_ones = {name: values[:many] for name, values in ratios.items() if name not in found}
        ready = {name: list(values) for name, values in open_ones.items() if len(values) == many}
        # One whose answer was "not slower" stays in the family: it could have been accused, too.
        family = sum(1 for name in ratios if name not in found or found[name].answer is not Answer.SLOWER)
        p_values = {name: _p_value(values, tolerated) for name, values in ready.items()}
        for name in _holm(p_values, error, family):
            found[name] = _compared(Answer.SLOWER, ready[name])
        for name, values in ready.items():
            compared = _compared(Answer.NOT_SLOWER, values)
            if name not in found and compared.most < max(UNHARMED, tolerated):
                found[name] = compared
    for name, several in ratios.items():
        if name not in found:
            found[name] = _compared(Answer.NOT_PROVEN, list(several[: max(looks)]))
    return {name: found[name] for name in ratios}


def next_look(launches: int, looks: Mapping[int, float] = LOOKS) -> Optional[int]:
    """After how many launches the test looks again; None where it has looked for the last time."""
    return next((many for many in looks if many > launches), None)


def _p_value(values: list[float], tolerated: float) -> float:
    mean, error, freedom = trimmed_t(values)
    if error == 0:
        return 0.0 if mean > log1p(tolerated) else 1.0
    return t_beyond((mean - log1p(tolerated)) / error, freedom)


def _holm(p_values: Mapping[str, float], error: float, family: int) -> list[str]:
    """Whom Holm (1979) rejects, where `family` hypotheses are tested and those without a p-value are not."""
    rejected: list[str] = []
    for name, p_value in sorted(p_values.items(), key=lambda item: item[1]):
        if p_value > error / (family - len(rejected)):
            break
        rejected.append(name)
    return rejected


def _compared(answer: Answer, values: list[float]) -> Compared:
    if len(values) < 3:
        return Compared(answer, len(values), exp(sum(values) / len(values)) - 1 if values else 0.0)
    mean, error, freedom = trimmed_t(values)
    reach = error * t_point(0.01, freedom)
    return Compared(answer, len(values), expm1(mean), expm1(mean - reach), expm1(mean + reach))
