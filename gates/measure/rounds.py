"""Rounds in turns: several workers, one timed at a time, in a random order within each round.

Only one of them runs at any moment. What disturbs the machine (another process, a slower clock) lasts longer than a
round, and so it disturbs all sides of a round alike; the ratio within the round is what is kept.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from gates.measure.launch import Launch, LaunchFailed

MOST_ROUNDS, LEAST_ROUNDS = 40, 5
ROUND_SECONDS = 0.0015
LAUNCH_SECONDS = 0.35
"""About how long the rounds of one side take; `SLOWEST` times as long at most, where they take longer than expected."""
SLOWEST = 4
# What is shorter is timed in loops alone: reading the clock would be a part of it.
SHORTEST_ALONE = 20e-6


@dataclass(frozen=True)
class Turns:
    """What one launch of several workers said of one benchmark: `seconds[side][round]` of `calls` calls.

    `each[side]` are single calls, one a round; empty where a call is too short to be timed alone.
    """

    calls: int
    seconds: tuple[tuple[float, ...], ...]
    each: tuple[tuple[float, ...], ...]

    def log_ratio(self, side: int, beside: int) -> float:
        """By how much `side` took longer than `beside`: the median over the rounds of the ratio's logarithm."""
        return statistics.median(log(one / other) for one, other in zip(self.seconds[side], self.seconds[beside]))


def take_turns(launches: Sequence[Launch], estimate: float, source: random.Random) -> Turns:
    """Let them take turns at what they stand before; `estimate` is about how long one call takes, in seconds."""
    estimate = max(estimate, 1e-9)
    calls = max(1, min(10_000, round(ROUND_SECONDS / estimate)))
    rounds = max(LEAST_ROUNDS, min(MOST_ROUNDS, int(LAUNCH_SECONDS / (calls * estimate))))
    sides = list(range(len(launches)))
    seconds: list[list[float]] = [[] for _ in sides]
    each: list[list[float]] = [[] for _ in sides]
    until = time.monotonic() + SLOWEST * LAUNCH_SECONDS * len(sides)
    while len(seconds[0]) < rounds and (len(seconds[0]) < LEAST_ROUNDS or time.monotonic() < until):
        source.shuffle(sides)
        for side in sides:
            told = launches[side].answer({"round": calls})
            if "seconds" not in told:
                raise LaunchFailed(str(told.get("why", "ended in the middle of a round")))
            seconds[side].append(max(told["seconds"], 1e-9))
            each[side] += told["each"]
    alone = estimate >= SHORTEST_ALONE
    return Turns(calls, tuple(map(tuple, seconds)), tuple(tuple(one) if alone else () for one in each))
