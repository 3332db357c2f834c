"""Several copies of the repository, each with its processes, and runs shared out over them."""

from __future__ import annotations

import queue
import shutil
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional, TypeVar

from gates.errors import GatesError
from gates.flakes.process import Answer, Ended, Job, Process
from gates.flakes.ways import HASH_SEED, Way
from gates.scratch import Scratch

T = TypeVar("T")
R = TypeVar("R")
_BORN = ((HASH_SEED, "0"),)
_LEAST = 20.0
_SLOWER = 12.0


@dataclass(frozen=True)
class Observed:
    """How one test ended in one run of some way, and which tests had run before it in that process."""

    way: Way
    ended: Ended
    before: Sequence[str]

    @property
    def test(self) -> str:
        """The test."""
        return self.ended.test


class Worker:
    """One copy of the repository; a process for each environment that is asked for, of which one is kept."""

    def __init__(self, original: Path, folder: Path, arguments: Sequence[str]) -> None:
        self._folder = folder
        self._arguments = arguments
        self._scratch = Scratch(original, folder / "copy")
        self._others: Optional[tuple[tuple[tuple[str, str], ...], Process]] = None
        self.process = self._born(())
        self.faults: list[str] = []
        self.seconds = 0.0
        """How long a whole run took at most."""

    def _born(self, environment: tuple[tuple[str, str], ...]) -> Process:
        return Process(self._scratch, self._arguments, dict((*_BORN, *environment)), self._folder / "temporary")

    def _of(self, environment: tuple[tuple[str, str], ...]) -> Process:
        if not environment:
            return self.process
        if self._others is None or self._others[0] != environment:
            self._drop()
            self._others = (environment, self._born(environment))
        return self._others[1]

    def _drop(self) -> None:
        if self._others is not None:
            self._others[1].close()
            self._others = None

    def ask(self, job: Job, environment: tuple[tuple[str, str], ...] = (), keeps: bool = False) -> Answer:
        """One run in a clean process; what it left behind is taken away, unless the next one is to find it."""
        process = self._of(environment)
        answer = process.ask(job, max(_LEAST, _SLOWER * self.seconds))
        if not keeps:
            answer.left = process.restore()
        return answer

    def observe(self, way: Way, tests: Sequence[str]) -> list[Observed]:
        """Run the tests in some way."""
        if way.order == "alone":
            return [each for test in tests for each in self._observed(way, [[test]])]
        if way.order == "side by side":
            return self._observed(way, [tests[0::2], tests[1::2]])
        if way.order == "side by side by file":
            files = [[test for test in tests if test.startswith(f"{path}::")] for path in _paths(tests)]
            pairs = [[file[0::2], file[1::2]] for file in files if len(file) > 1]
            return [each for pair in pairs for each in self._observed(way, pair)]
        if way.order == "again":
            self.ask(Job([tests], (*way.words, "seed=1")), keeps=True)
            return self._observed(way, [tests], keep=True)
        return self._observed(way, [way.arranged(tests)])

    def _observed(self, way: Way, parts: Sequence[Sequence[str]], keep: bool = False) -> list[Observed]:
        began = time.monotonic()
        answer = self.ask(Job(parts, way.words, keep=keep), way.environment)
        if not way.words:
            self.seconds = max(self.seconds, time.monotonic() - began)
        order = parts[0] if len(parts) == 1 else []
        is_twice = way.dimension == "twice"
        self.faults += answer.faults
        found = []
        first = {each.test: each for each in answer.ended if each.time == 0}
        for each in answer.ended:
            if is_twice and (each.time == 0 or first[each.test].is_failed):
                continue  # what ran twice before it may be to blame; of that the order tells
            found.append(Observed(way, each, order))
        return found

    def close(self) -> None:
        """Let all processes end."""
        self._drop()
        self.process.close()


def _paths(tests: Sequence[str]) -> Iterable[str]:
    return dict.fromkeys(test.partition("::")[0] for test in tests)


class Pool:
    """So many workers, in folders of their own that are gone afterwards. Errors: GatesError."""

    def __init__(self, original: Path, arguments: Sequence[str], workers: int) -> None:
        self._place = Path(tempfile.mkdtemp(prefix="gates-flakes-"))
        self._threads = ThreadPoolExecutor(workers)
        self._idle: queue.Queue[Worker] = queue.Queue()
        self.workers: list[Worker] = []
        try:
            made = [
                self._threads.submit(Worker, original, self._place / str(number), arguments)
                for number in range(workers)
            ]
            self.workers = [each.result() for each in made]
        except BaseException:
            self.close()
            raise
        for worker in self.workers:
            self._idle.put(worker)

    def each(self, tasks: Iterable[T], do: Callable[[Worker, T], R], until: float, is_serial: bool = False) -> list[R]:
        """Do it for each, several at once unless `is_serial`; those that had not begun by `until` are left out."""

        def done(task: T) -> Optional[tuple[R]]:
            if time.monotonic() > until:
                return None
            worker = self._idle.get()
            try:
                return (do(worker, task),)
            finally:
                self._idle.put(worker)

        answers = map(done, tasks) if is_serial else self._threads.map(done, tasks)
        return [answer[0] for answer in answers if answer is not None]

    def close(self) -> None:
        """End the processes, and take the copies away."""
        for worker in self.workers:
            try:
                worker.close()
            except (GatesError, OSError):
                continue
        self._threads.shutdown()
        shutil.rmtree(self._place, ignore_errors=True)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
