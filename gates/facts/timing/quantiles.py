"""Between which of the values that were seen a quantile lies: bounds by order statistics.

How many of n independent values lie below the quantile q is binomial, whatever their distribution is; so the k-th
smallest of them is a bound, with a confidence that is a sum of binomial probabilities (David and Nagaraja, Order
Statistics, 7.1). Calls of one launch resemble each other; by as much as they do fewer of them are counted (Kish's
design effect, as Woodruff 1952 uses it for quantiles).
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from math import ceil, exp, inf, log, log1p
from typing import Callable, NamedTuple, Optional

CONFIDENCE = 0.95
_ROUNDING = 1e-12


class Bounds(NamedTuple):
    """`estimate` of a quantile, and what it lies between: each bound holds with the confidence; None says nothing.

    `many` is how many independent values the calls amount to.
    """

    estimate: float
    lower: Optional[float]
    upper: Optional[float]
    many: float


def bounds(launches: Sequence[Sequence[float]], quantile: float, confidence: float = CONFIDENCE) -> Bounds:
    """Of the calls of several launches, each in seconds; at least one call."""
    ordered = sorted(second for calls in launches for second in calls)
    estimate = ordered[min(len(ordered) - 1, int(quantile * len(ordered)))]
    many = min(_independent(launches, estimate, above) for above in (operator.gt, operator.ge))
    lower, upper = ranks(int(many), quantile, confidence)
    scale = len(ordered) / many
    return Bounds(
        estimate,
        ordered[max(0, ceil(lower * scale) - 1)] if lower else None,
        ordered[min(len(ordered), ceil(upper * scale)) - 1] if upper else None,
        many,
    )


def least_values(quantile: float, confidence: float = CONFIDENCE) -> int:
    """How many independent values an upper bound needs: 59 for a 95th percentile at 95 %."""
    return ceil(log(1 - confidence) / log(quantile))


def ranks(many: int, quantile: float, confidence: float = CONFIDENCE) -> tuple[Optional[int], Optional[int]]:
    """Which smallest values bound the quantile from below and from above, counted from 1."""
    lower = upper = None
    below = 0.0  # P(fewer than `rank` values lie below the quantile)
    term = many * log1p(-quantile) if many else -inf  # log P(exactly `rank` of them do), kept as a logarithm
    odds = log(quantile) - log1p(-quantile)
    for rank in range(1, many + 1):
        below += exp(term)
        if below <= 1 - confidence + _ROUNDING:
            lower = rank
        if below >= confidence - _ROUNDING:
            upper = rank
            break
        term += odds + log((many - rank + 1) / rank)
    return lower, upper


def _independent(launches: Sequence[Sequence[float]], threshold: float, above: Callable[[float, float], bool]) -> float:
    """How many independent calls these amount to, as far as lying above `threshold` goes."""
    groups = [[float(above(second, threshold)) for second in calls] for calls in launches if calls]
    total = sum(map(len, groups))
    if len(groups) < 2 or total == len(groups):
        return float(total)
    mean = sum(map(sum, groups)) / total
    within = sum((value - sum(group) / len(group)) ** 2 for group in groups for value in group) / (total - len(groups))
    between = sum(len(group) * (sum(group) / len(group) - mean) ** 2 for group in groups) / (len(groups) - 1)
    size = (total - sum(len(group) ** 2 for group in groups) / total) / (len(groups) - 1)
    spread = between + (size - 1) * within
    alike = max(0.0, (between - within) / spread) if spread > 0 else 0.0
    return max(float(len(groups)), total / (1 + (size - 1) * alike))
