"""Exact tests of small counts: whether two rates differ, and how high a rate may still be."""

from __future__ import annotations

import math

CONFIDENCE = 0.95


def fisher(failed: int, runs: int, other_failed: int, other_runs: int) -> float:
    """The two-sided p-value of Fisher's exact test: how likely so unequal counts are where the rates are equal."""
    every, failures = runs + other_runs, failed + other_failed
    possible = range(max(0, failures - other_runs), min(runs, failures) + 1)
    ways = [math.comb(runs, k) * math.comb(other_runs, failures - k) for k in possible]
    own = ways[failed - possible.start]
    return sum(way for way in ways if way <= own) / math.comb(every, failures)


def highest_rate(failed: int, runs: int, confidence: float = CONFIDENCE) -> float:
    """The highest rate of failures that so few of them leave possible (Clopper and Pearson, one-sided)."""
    if failed >= runs:
        return 1.0
    low, high = failed / runs, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(failed, runs, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def lowest_rate(failed: int, runs: int, confidence: float = CONFIDENCE) -> float:
    """The lowest rate of failures that so many of them leave possible."""
    return 0.0 if not runs else 1 - highest_rate(runs - failed, runs, confidence)


def runs_to_bound(rate: float, confidence: float = CONFIDENCE) -> int:
    """How many runs without a failure say that fewer than `rate` of them fail: 59 for 5 %."""
    return math.ceil(math.log(1 - confidence) / math.log(1 - rate))


def _at_most(failed: int, runs: int, rate: float) -> float:
    return sum(math.comb(runs, k) * rate**k * (1 - rate) ** (runs - k) for k in range(failed + 1))
