"""What this machine lets the test tell: false alarms, power, and how many launches that takes, measured.

Five workers do the same work, two of them just as much, the others 3, 5 and 10 % more, and take turns in the same
rounds. The launches are then drawn again, with replacement, into as many whole tests as are wanted, each decided as
`gates measure` would.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from gates.facts.timing.deciding import LOOKS, TOLERATED, Answer, decide
from gates.measure.launch import Launch, closed, environment
from gates.measure.rounds import Turns, take_turns

AMOUNT = 9000
"""About 1.6 ms of work."""
MORE: Mapping[str, float] = {"nothing": 0.0, "3 %": 0.03, "5 %": 0.05, "10 %": 0.10}
LAUNCHES = 60
DRAWN = 2000


@dataclass(frozen=True)
class Power:
    """Of `tests` tests of work that takes `more`: how many said slower, said nothing, and how many launches they took.

    `enough` is the look at which 95 % of them had their answer; None where fewer ever had.
    """

    more: str
    tests: int
    slower: int
    not_proven: int
    launches: float
    enough: Optional[int]

    @property
    def rate(self) -> float:
        """The share that said slower: false alarms where nothing is slower, and power where something is."""
        return self.slower / self.tests


def launch(source: random.Random, folder: Path) -> Turns:
    """One launch of the five workers: A first, then one for each of `MORE`."""
    seed = source.randrange(2**32)
    amounts = [AMOUNT, *(round(AMOUNT * (1 + more)) for more in MORE.values())]
    order = list(range(len(amounts)))
    source.shuffle(order)
    started: dict[int, Launch] = {}
    try:
        for at in order:
            started[at] = Launch(folder, {"work": amounts[at]}, environment(folder, seed))
        workers = [started[at] for at in sorted(started)]
        estimate = min(worker.hear()["seconds"] for worker in workers)
        return take_turns(workers, estimate, source)
    finally:
        closed(list(started.values()))


def measured(launches: int, seed: int, folder: Path, observe: Callable[[int], None]) -> Mapping[str, list[float]]:
    """So many launches, and how each of `MORE` stood beside A in them: log ratios, one a launch."""
    source = random.Random(seed)
    found: dict[str, list[float]] = {more: [] for more in MORE}
    for number in range(launches):
        turns = launch(source, folder)
        for side, more in enumerate(MORE, 1):
            found[more].append(turns.log_ratio(side, 0))
        observe(number + 1)
    return found


def powers(ratios: Mapping[str, Sequence[float]], tests: int = DRAWN, seed: int = 1) -> list[Power]:
    """What the test says, over and over, of launches drawn from these."""
    source = random.Random(seed)
    return [_power(more, values, tests, source) for more, values in ratios.items()]


def _power(more: str, values: Sequence[float], tests: int, source: random.Random) -> Power:
    answers: list[Answer] = []
    launches: list[int] = []
    for _ in range(tests):
        drawn = [source.choice(values) for _ in range(max(LOOKS))]
        compared = decide({"drawn": drawn}, TOLERATED)["drawn"]
        answers.append(compared.answer)
        launches.append(compared.launches)
    told = sorted(many for many, answer in zip(launches, answers) if answer is not Answer.NOT_PROVEN)
    at = -(-95 * tests // 100) - 1
    enough = told[at] if at < len(told) else None
    slower, silent = answers.count(Answer.SLOWER), answers.count(Answer.NOT_PROVEN)
    return Power(more, tests, slower, silent, sum(launches) / tests, enough)
