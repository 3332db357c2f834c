"""The search: every way of running the tests, then for each that passed and failed what it depends on."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Optional

from gates.errors import GatesError
from gates.flakes import commands, naming
from gates.flakes.attribution import UNKNOWN, Contrast, Rate, Suspect, contrasted
from gates.flakes.circumstances import has_clock
from gates.flakes.exact import fisher
from gates.flakes.naming import Named
from gates.flakes.pool import Observed, Pool, Worker
from gates.flakes.process import quieted
from gates.flakes.ways import CONTROL, ORDINARY, RATE, SERIAL, Way, seeds, ways

_PIECE = 40
_TOO_OFTEN = 2
_BY_CHANCE = 0.2
_PLACES = {
    "seed": "with {}",
    "hash seed": "with {}",
    "clock": "when the clock stands at {}",
    "zone": "in the time zone {}",
    "locale": "in the locale {}",
    "network": "with {}",
    "load": "on a machine with {}",
}
_AS_IT_IS = {"seed": "with seed 0", "hash seed": "with hash seed 0"}
Say = Callable[[str], None]
Choose = Callable[[Worker, Sequence[str]], Sequence[str]]


@dataclass(frozen=True)
class Asked:
    """What is searched, and how long: `arguments` are pytest's own, `rate` what the seeds are to bound."""

    root: Path
    today: dt.date
    arguments: tuple[str, ...] = ()
    workers: int = 2
    seconds: float = 600.0
    rate: float = RATE
    dimensions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cause:
    """What one flaky test depends on, as far as it can be told; `dimension` is UNKNOWN where it cannot."""

    test: str
    dimension: str
    way: str
    because: str
    command: str
    rates: tuple[Rate, Rate]
    p: float
    tests: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    said: str = ""


@dataclass
class Found:
    """All that was seen, by test; the causes of those that are flaky; what could not be tried, and why."""

    lines: dict[str, int] = field(default_factory=dict)
    every: dict[str, list[Observed]] = field(default_factory=dict)
    causes: list[Cause] = field(default_factory=list)
    not_tried: dict[str, str] = field(default_factory=dict)
    lacks: list[str] = field(default_factory=list)

    def rate(self, test: str, dimension: Optional[str] = None) -> Rate:
        """How often a test failed, in all its runs or those of a dimension."""
        seen = [each for each in self.every.get(test, ()) if dimension in (None, each.way.dimension)]
        return Rate(sum(each.ended.is_failed for each in seen), len(seen))


def search(asked: Asked, choose: Choose, say: Say) -> Found:
    """Run the tests that `choose` picks in every way, and find out about those that passed and failed.

    Errors: GatesError where pytest does not start, or there is nothing to run.
    """
    began = time.monotonic()
    until = began + asked.seconds
    found = Found()
    with Pool(asked.root, (*quieted(), *asked.arguments), asked.workers) as pool:
        first = pool.workers[0].process
        found.lines = dict(first.lines)
        found.lacks += [f"not collected: {fault}" for fault in first.faults]
        if any(worker.process.tests != first.tests for worker in pool.workers):
            found.lacks.append("two processes collected different tests: their names depend on chance")
        tests = list(choose(pool.workers[0], first.tests))
        if not tests:
            return found
        _Search(asked, pool, found, tests, until, say).run()
    return found


class _Search:
    def __init__(self, asked: Asked, pool: Pool, found: Found, tests: Sequence[str], until: float, say: Say) -> None:
        self._asked, self._pool, self._found, self._tests = asked, pool, found, tests
        self._until, self._say = until, say

    def run(self) -> None:
        self._screen()
        suspects = [
            Suspect(test, seen)
            for test, seen in self._found.every.items()
            if {each.ended.is_failed for each in seen} == {True, False}
        ]
        self._say(f"{len(suspects)} passed and failed")
        causes = dict(self._pool.each(suspects, self._explained, float("inf")))
        left = [suspect for suspect in suspects if causes.get(suspect.test) is None]
        causes.update(self._pool.each(left, self._explained_by_load, float("inf"), is_serial=True))
        self._found.causes = [causes[suspect.test] or _unexplained(suspect) for suspect in suspects]

    def _screen(self) -> None:
        plan, lacking = ways(self._asked.today, has_clock())
        plan += seeds(self._asked.rate)
        wanted = self._asked.dimensions
        plan = [way for way in plan if not wanted or way.dimension in (CONTROL.dimension, *wanted)]
        self._found.not_tried.update({name: why for name, why in lacking.items() if not wanted or name in wanted})
        self._say(f"{len(self._tests)} tests, {len(plan)} ways")
        late: dict[str, list[Observed]] = {}
        for is_serial in (False, True):
            tasks = [task for task in self._tasks(plan) if (task[0].dimension in SERIAL) == is_serial]
            answers = self._pool.each(tasks, self._observed, self._until, is_serial)
            for each in (each for answer in answers for each in answer):
                kept = late if each.ended.how == "late" else self._found.every
                kept.setdefault(each.test, []).append(each)
            if len(answers) < len(tasks):
                left = ", ".join(sorted({way.dimension for way, _ in tasks[len(answers) :]}))
                self._found.lacks.append(f"out of time after {self._asked.seconds:.0f} s: not all of {left}")

        for test, several in late.items():
            if len(several) >= _TOO_OFTEN:  # once may be the machine's fault
                self._found.every.setdefault(test, []).extend(several)

        self._leave_out_clocks()

    def _leave_out_clocks(self) -> None:
        """A test that fails whenever the clock is set (files are older than they should be) says nothing of it."""
        for test, seen in self._found.every.items():
            set_at_all = [each for each in seen if each.way.name == ORDINARY]
            if any(each.ended.is_failed for each in set_at_all) and not all(each.ended.is_failed for each in seen):
                self._found.every[test] = [each for each in seen if each.way.dimension != "clock"]
                self._found.not_tried[f"clock: {test}"] = "it fails whenever the clock is set, to whatever"

    def _tasks(self, plan: Sequence[Way]) -> Iterator[tuple[Way, Sequence[str]]]:
        """The control first, from which is known how long a run takes; then what takes longest."""
        for way in sorted(plan, key=lambda way: (way != CONTROL, way.order != "alone", way.dimension == "seed")):
            size = _PIECE if way.order == "alone" else len(self._tests)
            yield from ((way, self._tests[at : at + size]) for at in range(0, len(self._tests), size))

    def _observed(self, worker: Worker, task: tuple[Way, Sequence[str]]) -> list[Observed]:
        way, tests = task
        try:
            return worker.observe(way, tests)
        except GatesError as error:
            self._found.not_tried[f"{way.dimension}: {way.name}"] = str(error)
            return []

    def _explained(self, worker: Worker, suspect: Suspect) -> tuple[str, Optional[Cause]]:
        for dimension, way in suspect.candidates().items():
            if dimension in SERIAL:
                continue
            if dimension in ("order", "twice", "leftovers", "shards"):
                named = self._named(worker, suspect, dimension, way)
                if named is not None and named.contrast.is_proven:
                    return suspect.test, _of_named(suspect, named)
                continue
            contrast = contrasted(worker, suspect, way)
            if contrast.is_proven:
                return suspect.test, _of_contrast(suspect, contrast)
        return suspect.test, None

    def _named(self, worker: Worker, suspect: Suspect, dimension: str, way: Way) -> Optional[Named]:
        if dimension == "order":
            return naming.order(worker, suspect)
        if dimension == "twice":
            return naming.twice(worker, suspect, way)
        if dimension == "leftovers":
            return naming.leftovers(worker, suspect, self._tests, way)
        return naming.shards(worker, suspect, self._tests, way)

    def _explained_by_load(self, worker: Worker, suspect: Suspect) -> tuple[str, Optional[Cause]]:
        """Nothing else runs beside it now, so that each run takes a while: only what seems to depend on it."""
        if not self._is_likely("load", suspect):
            return suspect.test, None
        for way in suspect.differing("load"):
            contrast = contrasted(worker, suspect, way)
            if contrast.is_proven:
                return suspect.test, _of_contrast(suspect, contrast)
        return suspect.test, None

    def _is_likely(self, dimension: str, suspect: Suspect) -> bool:
        """Whether it may depend on it: not if it passes and fails elsewhere too, about as often (p at least 1 in 5)."""
        own = self._found.rate(suspect.test, dimension)
        rest = suspect.every - own
        return not rest.is_mixed or fisher(own.failed, own.runs, rest.failed, rest.runs) < _BY_CHANCE


def _of_contrast(suspect: Suspect, contrast: Contrast) -> Cause:
    dimension, name = contrast.way.dimension, contrast.way.name
    ways_of_it = {each.way.name for each in suspect.seen if each.way.dimension == dimension and each.ended.is_failed}
    place = _PLACES[dimension].format(name)
    if contrast.failing == contrast.way:
        others = len(ways_of_it - {name})
        because = f"fails {place}" + (f", and in {others} more of the kind" if others else "")
    else:
        because = f"fails {_AS_IT_IS.get(dimension, 'as it is')}, and not {place}"
    return _cause(suspect, contrast, because, commands.of_contrast(suspect.test, contrast))


def _of_named(suspect: Suspect, named: Named) -> Cause:
    command = commands.of_named(suspect.test, named)
    return _cause(suspect, named.contrast, named.because, command, named.tests, named.state)


def _cause(
    suspect: Suspect,
    contrast: Contrast,
    because: str,
    command: str,
    tests: tuple[str, ...] = (),
    state: tuple[str, ...] = (),
) -> Cause:
    way = contrast.way
    rates = (contrast.rate, contrast.rate_against)
    if contrast.failing != way:
        rates = rates[::-1]  # the one that fails first
    said = suspect.first_message()
    return Cause(suspect.test, way.dimension, way.name, because, command, rates, contrast.p, tests, state, said)


def _unexplained(suspect: Suspect) -> Cause:
    rate = suspect.every
    because = f"failed in {rate.failed} of {rate.runs} runs, whatever was varied"
    command = commands.of_rate(suspect.test, rate)
    own = suspect.rate(CONTROL)
    rest = rate - own
    p = fisher(rest.failed, rest.runs, own.failed, own.runs)
    return Cause(suspect.test, UNKNOWN, "", because, command, (rest, own), p, said=suspect.first_message())
