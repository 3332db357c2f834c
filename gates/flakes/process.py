"""A mother process and what is asked of her: these tests, in this order, under these circumstances."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Optional

from gates.errors import GatesError
from gates.scratch import Scratch

# The reason for `-c`: with `-m` a folder called gates in the project under test would be taken for this package.
_BEGIN = (
    "import sys; here = sys.path.pop(0); from gates.flakes.mother import main; "
    "sys.path.insert(0, here); sys.exit(main(sys.argv[1:]))"
)
_ALWAYS = ("-p", "no:cacheprovider", "--tb=short", "-q")
# What other plugins would do to the order, the seeds, the number of runs or the processes.
_QUIET = {
    "xdist": ("-n", "0"),
    "pytest_cov": ("--no-cov",),
    "pytest_randomly": ("--randomly-dont-reorganize", "--randomly-dont-reset-seed"),
    "pytest_rerunfailures": ("--reruns", "0"),
}
# Where `gates flakes` is itself tested; the hash seed is what is varied.
_OF_THIS_RUN = ("PYTHONHASHSEED", "PYTEST_", "COV_CORE", "GATES_CACHE")
_PATIENCE = 30.0
_LATE = "did not end"
_DEAD = "the process of the tests ended"


class Ended(NamedTuple):
    """How one test ended in one run: failed, passed, skipped or late, and what it said where it failed."""

    test: str
    how: str
    said: str
    time: int = 0
    leaks: tuple[str, ...] = ()

    @property
    def is_failed(self) -> bool:
        """Whether it failed, in whichever phase, or had to be ended."""
        return self.how in ("failed", "late")


@dataclass(frozen=True)
class Job:
    """Tests in the order in which they run; several parts run at the same time, in one folder.

    `leaks`: whether each test is to be watched for what it leaves changed; `reach`: files of which it is to be learnt
    which tests reach which lines; `keep`: what the run before left in the working directory stays there.
    """

    parts: Sequence[Sequence[str]]
    words: tuple[str, ...] = ()
    leaks: bool = False
    reach: tuple[str, ...] = ()
    keep: bool = False


@dataclass
class Answer:
    """How the tests of a job ended, in the order in which they did; `left` are the files that they left behind."""

    ended: list[Ended] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    reached: dict[str, dict[int, list[str]]] = field(default_factory=dict)

    def of(self, test: str, time: int = 0) -> Optional[Ended]:
        """How one test ended, the first time or a later one."""
        return next((each for each in self.ended if each.test == test and each.time == time), None)


def quieted() -> list[str]:
    """The arguments that keep other plugins from doing what is done here."""
    asked = f"import importlib.util as u; print(*[n for n in {list(_QUIET)!r} if u.find_spec(n)])"
    done = subprocess.run(
        [sys.executable, "-c", asked], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return [word for name in done.stdout.split() for word in _QUIET[name]]


class Process:
    """One mother, in a copy of the repository. Errors: GatesError where pytest does not start."""

    def __init__(
        self, scratch: Scratch, arguments: Sequence[str], environment: Mapping[str, str], temporary: Path
    ) -> None:
        self.scratch = scratch
        self._temporary = temporary
        self._log = temporary / "mother.log"
        temporary.mkdir(parents=True, exist_ok=True)
        theirs_in, orders = os.pipe()
        answers, theirs_out = os.pipe()
        own = [str(theirs_in), str(theirs_out), str(scratch.folder), str(scratch.original)]
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _BEGIN, *own, *_ALWAYS, *arguments],
                cwd=scratch.folder,
                env={**_inherited(), "TMPDIR": str(temporary), **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(theirs_in, theirs_out),
                start_new_session=True,
            )
        os.close(theirs_in)
        os.close(theirs_out)
        self._orders = open(orders, "w", encoding="utf-8")  # noqa: SIM115  (closed by `close`)
        self._answers = open(answers, encoding="utf-8")  # noqa: SIM115
        self.tests: list[str] = []
        self.lines: dict[str, int] = {}
        self.faults: list[str] = []
        self._positions: dict[str, int] = {}
        self._begin()

    def _begin(self) -> None:
        told = self._read()
        if told is None:
            why = self._log.read_text("utf-8", "replace").strip().splitlines()
            self.close()
            raise GatesError(f"pytest did not start here: {why[-1] if why else 'it said nothing'}")
        self.tests = told["tests"]
        self.lines = dict(zip(told["tests"], told["lines"]))
        self.faults = told["faults"]
        self._positions = {test: position for position, test in enumerate(self.tests)}

    def knows(self, test: str) -> bool:
        """Whether it was collected here."""
        return test in self._positions

    def ask(self, job: Job, seconds: float = _PATIENCE) -> Answer:
        """Run a job, in a clean child for each of its parts. Errors: GatesError where the mother has died."""
        place = self._temporary / "run"
        if not job.keep:
            shutil.rmtree(place, ignore_errors=True)
        place.mkdir(exist_ok=True)
        files = [str(self._temporary / f"part-{number}.jsonl") for number in range(len(job.parts))]
        for file in files:
            Path(file).write_bytes(b"")
        parts = [[self._positions[test] for test in part if test in self._positions] for part in job.parts]
        order = {"parts": parts, "words": list(job.words), "leaks": job.leaks, "reach": list(job.reach)}
        order.update(out=files, temporary=str(place), seconds=seconds)
        self._orders.write(json.dumps(order) + "\n")
        self._orders.flush()
        told = self._read()
        if told is None:
            raise GatesError(f"{_DEAD}: {self._log}")
        answer = Answer()
        for part, file, fault in zip(parts, files, told["ended"]):
            self._take(answer, part, file, fault)
        return answer

    def restore(self) -> list[str]:
        """Put the copy back to what it was; what had been left there."""
        own = self._temporary / "run"
        left = [f"$TMPDIR/{entry.name}" for entry in os.scandir(own) if not entry.name.startswith("pytest-")]
        return [*self.scratch.restore(), *sorted(left)]

    def _take(self, answer: Answer, part: Sequence[int], file: str, fault: str) -> None:
        began = None
        for line in Path(file).read_text("utf-8").splitlines():
            try:
                said: dict[str, Any] = json.loads(line)
            except ValueError:
                break  # cut off when the process died
            if "begins" in said:
                began = said["begins"]
            elif "ended" in said:
                leaks = tuple(said.get("leaks", ()))
                test = self.tests[part[said["ended"]]]
                answer.ended.append(Ended(test, said["how"], said["said"], said["time"], leaks))
                began = None
            else:
                answer.reached.setdefault(said["file"], {})[said["line"]] = said["reached by"]
        if fault and began is not None:
            how = "late" if fault.startswith(_LATE) else "failed"
            answer.ended.append(Ended(self.tests[part[began]], how, fault))
        elif fault:
            answer.faults.append(fault)

    def _read(self) -> Optional[dict[str, Any]]:
        line = self._answers.readline()
        return json.loads(line) if line else None

    def close(self) -> None:
        """Let her end."""
        for stream in (self._orders, self._answers):
            try:
                stream.close()
            except BrokenPipeError:
                continue
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _inherited() -> dict[str, str]:
    """The environment, without what this process needs and tests should not see."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OF_THIS_RUN)}
