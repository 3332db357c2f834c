"""The benchmarks of head beside those of its base: launch after launch, until everything that is asked can be told."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Optional

from gates.errors import GatesError
from gates.facts.timing.deciding import LOOKS, Answer, decide, next_look
from gates.facts.timing.quantiles import bounds
from gates.facts.timing.recording import Instructions, Timed
from gates.measure import native
from gates.measure.launch import Launch, LaunchFailed, closed, environment
from gates.measure.rounds import Turns, take_turns
from gates.measure.trees import BASE, HEAD

MOST_LAUNCHES = max(LOOKS)
SECONDS_EACH = 15.0
"""What one benchmark may cost, in seconds; what is not proven by then stays so."""
_COUNTED = 5
# pytest's codes: all passed, and none was left to run; and words that it does not know
_COLLECTED, _MISUSED = (0, 5), 4


@dataclass(frozen=True)
class Plan:
    """What is measured: `tests` are pytest's own words, `limits` each benchmark's quantiles with what they may take."""

    tests: Sequence[str]
    limits: Mapping[str, Sequence[tuple[float, float]]]
    tolerated: float
    seed: int
    root: Path
    seconds_each: float = SECONDS_EACH
    most: int = MOST_LAUNCHES
    valgrind: Optional[str] = None


@dataclass
class Kept:
    """What is known of one benchmark so far."""

    path: str
    line: int
    seconds: list[tuple[float, ...]] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    instructions: Optional[Instructions] = None
    native: Optional[Instructions] = None
    memory: Optional[int] = None
    lacks: str = ""

    def timed(self, name: str) -> Timed:
        """The same as it is recorded."""
        return Timed(
            name=name,
            path=self.path,
            line=self.line,
            seconds=tuple(self.seconds),
            ratios=tuple(self.ratios),
            instructions=self.instructions,
            native=self.native,
            memory=self.memory,
            lacks=self.lacks,
        )


Observe = Callable[[int, int], None]
"""Told after each launch: how many there were, and how many benchmarks are still to be told."""


class Measuring:
    """The launches of one `gates measure`; `folders` are head's and, where there is one, the base's."""

    def __init__(self, folders: Mapping[str, Path], plan: Plan, observe: Observe) -> None:
        self._folders = folders
        self._plan = plan
        self._observe = observe
        self._source = random.Random(plan.seed)
        self._kept: dict[str, Kept] = {}
        self._at_base: frozenset[str] = frozenset()
        self._lean = True

    def run(self) -> tuple[Timed, ...]:
        """Every benchmark of head. GatesError where there is none, or pytest cannot collect them."""
        self._collect()
        until = time.monotonic() + self._plan.seconds_each * len(self._kept)
        launches = 0
        left = list(self._kept)
        while left and launches < self._plan.most and (launches == 0 or time.monotonic() < until):
            self._launch(left, until if launches else None)
            launches += 1
            left = [name for name in left if not self._kept[name].lacks]
            if launches == next_look(launches - 1) or not self._at_base:
                left = self._untold(left)
            self._observe(launches, len(left))
        if self._plan.valgrind is not None:
            self._count(self._plan.valgrind, until)
        return tuple(kept.timed(name) for name, kept in self._kept.items())

    def _count(self, valgrind: str, until: float) -> None:
        """Let valgrind count machine instructions, in the time that is left."""
        names = {
            side: [
                name for name, kept in self._kept.items() if not kept.lacks and (side == HEAD or name in self._at_base)
            ]
            for side in self._folders
        }
        found = native.counted(valgrind, self._folders, self._lean, names, until)
        for name, counts in found.get(HEAD, {}).items():
            self._kept[name].native = Instructions(counts, found.get(BASE, {}).get(name, ()), native.UNIT)

    def _collect(self) -> None:
        told = {side: self._collected(side) for side in self._folders}
        for name, path, line in told[HEAD]:
            self._kept[name] = Kept(path, line)
        if not self._kept:
            raise GatesError(
                f"pytest finds no test that uses the fixture `benchmark` in {', '.join(self._plan.tests)}; "
                "say where they lie with tests in [facts.timings], or behind gates measure"
            )
        self._at_base = frozenset(name for name, _, _ in told.get(BASE, ()))

    def _collected(self, side: str) -> list[Any]:
        """The benchmarks of one side; of the base none where they lie where it has nothing yet."""
        folder = self._folders[side]
        tests = [word for word in self._plan.tests if (folder / word.partition("::")[0]).exists()]
        if not tests:
            return []
        code, collected, printed = self._asked_for(side, folder, tests)
        if code == _MISUSED and self._lean:  # the configuration names options of plugins that a lean launch leaves out
            self._lean = False
            code, collected, printed = self._asked_for(side, folder, tests)
        if code not in _COLLECTED:
            raise GatesError(f"the benchmarks of {side} cannot be collected: pytest ended with {code}: {printed}")
        return collected

    def _asked_for(self, side: str, folder: Path, tests: Sequence[str]) -> tuple[int, list[Any], str]:
        """What pytest ends with, the benchmarks it finds, and what it prints."""
        launch = Launch(folder, {"tests": tests, "names": [], "lean": self._lean}, environment(folder, 0))
        try:
            told = launch.hear()
            while "ended" not in told:
                told = launch.hear()
            self._refuse_strangers(side, told["loaded"])
            return told["ended"], told["collected"], launch.printed()
        except LaunchFailed as failed:
            raise GatesError(f"the benchmarks of {side} cannot be collected: {failed}") from None
        finally:
            launch.close()

    def _refuse_strangers(self, side: str, loaded: Sequence[str]) -> None:
        """What was measured must be the tree's own code, and not what an editable install points to."""
        root = os.path.realpath(self._plan.root)
        for file in loaded:
            if file.startswith(f"{root}{os.sep}") and not _is_installed(file[len(root) :]):
                shown = os.path.relpath(file, root)
                raise GatesError(
                    f"{side} was measured with {shown} of the checkout, not with its own; modules must be found on "
                    "PYTHONPATH (the tree, and its src/) before an editable install is"
                )

    def _launch(self, names: Sequence[str], until: Optional[float]) -> None:
        seed = self._source.randrange(2**32)
        sides = list(self._folders)
        self._source.shuffle(sides)
        started: dict[str, Launch] = {}
        try:
            for side in sides:
                own = [name for name in names if side == HEAD or name in self._at_base]
                tests = sorted({name.partition("::")[0] for name in own})
                if own:
                    asked = {"tests": tests, "names": own, "lean": self._lean}
                    started[side] = Launch(self._folders[side], asked, environment(self._folders[side], seed))
            self._through(started, names, until)
        finally:
            closed(list(started.values()))

    def _through(self, started: Mapping[str, Launch], names: Sequence[str], until: Optional[float]) -> None:
        """Take the workers of one launch through the benchmarks, side by side; the first launch counts, too."""
        order = {name: at for at, name in enumerate(names)}
        reached: set[tuple[str, str]] = set()
        at: dict[str, Optional[dict[str, Any]]] = {side: self._next(side, launch) for side, launch in started.items()}
        while any(at.values()):
            if until is not None and time.monotonic() > until:
                return
            standing = {side: told for side, told in at.items() if told is not None}
            name = min((told["at"] for told in standing.values()), key=lambda each: order[each])
            here = [side for side in started if side in standing and standing[side]["at"] == name]
            if HEAD in here:
                self._time(name, {side: started[side] for side in here}, standing, until is None)
            for side in here:
                reached.add((side, name))
                started[side].ask({"leave": 1})
                at[side] = self._next(side, started[side])
        for side, launch in started.items():
            for name in names:
                if (side == HEAD or name in self._at_base) and (side, name) not in reached:
                    self._note(name, f"{side}: it was not reached: {launch.printed()}")

    def _next(self, side: str, launch: Launch) -> Optional[dict[str, Any]]:
        """The next benchmark that a worker stands before; None where it ended."""
        while True:
            try:
                told = launch.hear()
            except LaunchFailed:
                return None
            if "failed" in told:
                self._note(told["failed"], f"{side}: {told['why']}")
            elif "ended" in told:
                self._refuse_strangers(side, told["loaded"])
                return None
            elif told["at"] in self._kept:
                return told

    def _note(self, name: str, why: str) -> None:
        if name in self._kept:
            self._kept[name].lacks = self._kept[name].lacks or why

    def _time(self, name: str, launches: Mapping[str, Launch], told: Mapping[str, Any], is_first: bool) -> None:
        kept = self._kept[name]
        sides = list(launches)
        try:
            estimate = min(told[side]["seconds"] for side in sides)
            turns = take_turns([launches[side] for side in sides], estimate, self._source)
            self._keep(kept, sides, turns)
            if is_first:
                counted = {side: launches[side].answer({"instructions": _COUNTED})["instructions"] for side in sides}
                kept.instructions = Instructions(tuple(counted[HEAD]), tuple(counted.get(BASE, ())))
                kept.memory = launches[HEAD].answer({"memory": 1})["memory"]
        except (KeyError, LaunchFailed) as failed:
            kept.lacks = kept.lacks or (
                str(failed) if isinstance(failed, LaunchFailed) else "failed when it was counted"
            )

    @staticmethod
    def _keep(kept: Kept, sides: Sequence[str], turns: Turns) -> None:
        head = sides.index(HEAD)
        kept.seconds.append(turns.each[head])
        if BASE in sides:
            kept.ratios.append(turns.log_ratio(head, sides.index(BASE)))

    def _untold(self, names: Sequence[str]) -> list[str]:
        compared = decide({name: kept.ratios for name, kept in self._kept.items() if kept.ratios}, self._plan.tolerated)
        return [
            name
            for name in names
            if (name in compared and compared[name].answer is Answer.NOT_PROVEN)
            or not self._is_bounded(name, self._kept[name])
        ]

    def _is_bounded(self, name: str, kept: Kept) -> bool:
        """Whether each of its limits is known to be kept or broken; what no call can tell is not waited for."""
        launches = [calls for calls in kept.seconds if calls]
        told = ((bounds(launches, quantile), limit) for quantile, limit in self._plan.limits.get(name, ()) if launches)
        return all(
            (found.lower is not None and found.lower > limit) or (found.upper is not None and found.upper <= limit)
            for found, limit in told
        )


def _is_installed(path: str) -> bool:
    parts = path.split(os.sep)
    return "site-packages" in parts or "dist-packages" in parts or ".venv" in parts


def machine(load_before: float) -> dict[str, Any]:
    """What the timings were made on."""
    import platform

    return {
        "processor": _processor() or platform.processor() or platform.machine(),
        "cores": os.cpu_count() or 1,
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "load": [round(load_before, 2), round(os.getloadavg()[0], 2)],
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as stream:
            line = next((line for line in stream if line.startswith("model name")), "")
    except OSError:
        return ""
    return line.partition(":")[2].strip()
