"""A suite of tests that is a rule: which of them fail, after which others, with which files about. No process runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Callable, TypeVar

from gates.flakes.attribution import Suspect
from gates.flakes.pool import Observed
from gates.flakes.process import Answer, Ended, Job
from gates.flakes.ways import CONTROL, Way

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Moment:
    """What a test finds when it begins: what ran before it, beside it, the words, the files, which time it is."""

    before: tuple[str, ...]
    beside: tuple[str, ...]
    words: tuple[str, ...]
    files: frozenset[str]
    time: int
    number: int


@dataclass
class World:
    """Stands where a worker does. `leaves` are the files that a test leaves, `leaks` what it leaves changed."""

    fails: Callable[[str, Moment], bool]
    leaves: dict[str, str] = field(default_factory=dict)
    leaks: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    files: set[str] = field(default_factory=set)

    def ask(self, job: Job, environment: tuple[tuple[str, str], ...] = (), keeps: bool = False) -> Answer:
        """One run: every part begins with nothing having run."""
        self.asked += 1
        files = set(self.files) if job.keep else set()
        answer = Answer()
        for number, part in enumerate(job.parts):
            beside = tuple(test for other, tests in enumerate(job.parts) if other != number for test in tests)
            self._run(part, beside, job, files, answer)
        self.files = files if keeps else set()
        answer.left = [] if keeps else sorted(files)
        return answer

    def _run(self, part: Sequence[str], beside: tuple[str, ...], job: Job, files: set[str], answer: Answer) -> None:
        before: list[str] = []
        times = 2 if "times=2" in job.words else 1
        for test in part:
            for time in range(times):
                moment = Moment(tuple(before), beside, job.words, frozenset(files), time, self.asked)
                how = "failed" if self.fails(test, moment) else "passed"
                leaks = (self.leaks[test],) if job.leaks and test in self.leaks else ()
                answer.ended.append(Ended(test, how, "it is not so" if how == "failed" else "", time, leaks))
                if test in self.leaves:
                    files.add(self.leaves[test])
                before.append(test)

    def suspect(self, test: str, tests: Sequence[str], ways: Iterable[Way]) -> Suspect:
        """What a first look at every way sees of a test."""
        found = [seen for way in (CONTROL, *ways) for seen in self.observed(way, tests) if seen.test == test]
        return Suspect(test, found)

    def observed(self, way: Way, tests: Sequence[str]) -> list[Observed]:
        """Every test, run in some way."""
        order = way.arranged(tests)
        if way.order == "again":
            self.ask(Job([order]), keeps=True)
        parts = [order[0::2], order[1::2]] if way.order == "side by side" else [order]
        answer = self.ask(Job(parts, way.words, keep=way.order == "again"), way.environment)
        return [Observed(way, ended, order) for ended in answer.ended]


class OneWorld:
    """Stands where a pool of workers does: everything is done by one world, one thing after the other."""

    def __init__(self, world: World) -> None:
        self.world = world

    def each(
        self, tasks: Iterable[T], do: Callable[[World, T], R], until: float = 0.0, is_serial: bool = False
    ) -> list[R]:
        """Do it for each."""
        return [do(self.world, task) for task in tasks]
