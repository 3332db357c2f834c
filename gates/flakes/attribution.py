"""What a test that passed and failed depends on: each suspected dimension beside the control, and an exact test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gates.flakes.exact import fisher
from gates.flakes.pool import Observed, Worker
from gates.flakes.process import Job
from gates.flakes.ways import CONTROL, DIMENSIONS, Way

ALPHA = 0.01
_LOOKS = (8, 12, 16, 24)
"""After how many runs of either side it is asked whether enough is proven."""
_SOME = 2
# How often it may be asked of one test: of one contrast a dimension, and three of load, at each look.
_TRIED = (len(DIMENSIONS) + 2) * len(_LOOKS)
UNKNOWN = "nothing that was varied"


@dataclass(frozen=True)
class Rate:
    """So many of so many runs failed."""

    failed: int
    runs: int

    def __add__(self, other: Rate) -> Rate:
        return Rate(self.failed + other.failed, self.runs + other.runs)

    def __sub__(self, other: Rate) -> Rate:
        return Rate(self.failed - other.failed, self.runs - other.runs)

    @property
    def share(self) -> float:
        """The part that failed."""
        return self.failed / self.runs if self.runs else 0.0

    @property
    def is_mixed(self) -> bool:
        """Whether it neither always failed nor never."""
        return 0 < self.failed < self.runs


@dataclass(frozen=True)
class Contrast:
    """One way beside another, everything else being equal; `before` are the tests that ran first, in either."""

    way: Way
    against: Way
    rate: Rate
    rate_against: Rate
    before: tuple[str, ...] = ()
    before_against: tuple[str, ...] = ()

    @property
    def p(self) -> float:
        """How likely so unequal counts are by chance."""
        return fisher(self.rate.failed, self.rate.runs, self.rate_against.failed, self.rate_against.runs)

    @property
    def is_proven(self) -> bool:
        """Whether chance is ruled out, though every dimension may have been tried, at every look (Bonferroni)."""
        return self.p < ALPHA / _TRIED

    @property
    def failing(self) -> Way:
        """The one of the two in which it fails more often."""
        return self.way if self.rate.share >= self.rate_against.share else self.against


@dataclass(frozen=True)
class Suspect:
    """A test that passed and failed, with all that was seen of it."""

    test: str
    seen: Sequence[Observed]

    def rate(self, way: Way) -> Rate:
        """How often it failed in a way."""
        found = [each.ended.is_failed for each in self.seen if each.way == way]
        return Rate(sum(found), len(found))

    @property
    def every(self) -> Rate:
        """How often it failed at all."""
        return Rate(sum(each.ended.is_failed for each in self.seen), len(self.seen))

    @property
    def always_fails_in_control(self) -> bool:
        """Whether a default run is what fails, and something else lets it pass."""
        rate = self.rate(CONTROL)
        return rate.runs > 0 and rate.failed == rate.runs

    def candidates(self) -> dict[str, Way]:
        """Dimension to the way of it in which the test ended as it did not in the control, the commonest first."""
        several = {dimension: self.differing(dimension) for dimension in DIMENSIONS}
        return {dimension: ways[0] for dimension, ways in several.items() if ways}

    def differing(self, dimension: str) -> list[Way]:
        """The ways of a dimension in which the test ended as it did not in the control, the commonest first."""
        unusual = not self.always_fails_in_control
        ways = dict.fromkeys(each.way for each in self.seen if each.way.dimension == dimension)
        found = [way for way in ways if _has(self.rate(way), unusual)]
        return sorted(found, key=lambda way: -_share(self.rate(way), unusual))

    def usual(self, dimension: str, way: Way) -> Way:
        """The way to compare with: the control, or what it passed in where the control itself is mixed."""
        if way.against:
            return replace(way, name="an ordinary day", words=way.against)
        if not self.rate(CONTROL).is_mixed:
            return CONTROL
        others = [each.way for each in self.seen if each.way.dimension == dimension and each.way != way]
        return next((other for other in others if not self.rate(other).failed), CONTROL)

    def first_message(self) -> str:
        """What it said when it failed."""
        return next((each.ended.said for each in self.seen if each.ended.is_failed), "")


def _has(rate: Rate, failures: bool) -> bool:
    return rate.failed > 0 if failures else rate.failed < rate.runs


def _share(rate: Rate, failures: bool) -> float:
    return rate.share if failures else 1 - rate.share


def failures(worker: Worker, way: Way, tests: Sequence[str], runs: int) -> Rate:
    """How often the last of the tests fails in so many runs of a way, each in a clean process."""
    failed = 0
    for _ in range(runs):
        ended = worker.ask(Job([tests], way.words), way.environment).of(tests[-1])
        failed += ended is None or ended.is_failed
    return Rate(failed, runs)


def contrasted(worker: Worker, suspect: Suspect, way: Way) -> Contrast:
    """A way and what it is compared with, in clean processes; more runs where the first only make it likely."""
    against = suspect.usual(way.dimension, way)
    own, other = Rate(0, 0), Rate(0, 0)
    for look in _LOOKS:
        runs = look - own.runs
        own += failures(worker, way, [suspect.test], runs)
        other += failures(worker, against, [suspect.test], runs)
        if Contrast(way, against, own, other).is_proven or abs(own.failed - other.failed) < _SOME:
            break  # or there is nothing to be proven
    return Contrast(way, against, own, other)
