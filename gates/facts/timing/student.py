"""Student's t distribution, as much of it as a test needs.

The incomplete beta function is its continued fraction (Abramowitz and Stegun 26.5.8), evaluated by Lentz's method.
"""

from __future__ import annotations

import functools
from math import exp, inf, lgamma, log, log1p, sqrt

_TINY = 1e-300


def t_beyond(t: float, freedom: float) -> float:
    """The probability of a value above `t`, with `freedom` degrees of freedom (any number above 0)."""
    if t != t:
        return 1.0
    tail = 0.5 * _incomplete_beta(freedom / (freedom + t * t), freedom / 2, 0.5)
    return tail if t >= 0 else 1 - tail


@functools.lru_cache(maxsize=256)  # a test asks for the same few points again and again
def t_point(beyond: float, freedom: float) -> float:
    """The value above which `beyond` of the probability lies, 0 < beyond <= 0.5."""
    low, high = 0.0, 1.0
    while t_beyond(high, freedom) > beyond:
        low, high = high, 2 * high
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if t_beyond(middle, freedom) > beyond else (low, middle)
    return (low + high) / 2


def _incomplete_beta(x: float, a: float, b: float) -> float:
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # where the fraction would converge slowly
        return 1 - _incomplete_beta(1 - x, b, a)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    return front * _fraction(x, a, b)


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 500):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        change = inf
        for term in (even, odd):
            d, c = 1 / _away(1 + term * d), _away(1 + term / c)
            change = c * d
            value *= change
        if abs(change - 1) < 1e-15:
            break
    return value


def _away(number: float) -> float:
    return number if abs(number) > _TINY else _TINY


def trimmed_t(values: list[float], trim: float = 0.1) -> tuple[float, float, float]:
    """The trimmed mean, its standard error, and the degrees of freedom (Tukey and McLaughlin 1963; Yuen 1974).

    `trim` of the values is left out at either end, and winsorized for the error: one launch that something disturbed
    for its whole length must not decide. At least 3 values.
    """
    ordered = sorted(values)
    many = len(ordered)
    cut = int(trim * many)
    kept = ordered[cut : many - cut]
    held = [kept[0]] * cut + kept + [kept[-1]] * cut
    mean = sum(kept) / len(kept)
    center = sum(held) / many
    spread = sqrt(sum((value - center) ** 2 for value in held) / (many - 1))
    return mean, spread / ((1 - 2 * cut / many) * sqrt(many)), len(kept) - 1
