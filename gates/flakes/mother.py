"""A process that has collected the tests and runs them only in its children: each begins as clean as it was born.

It reads jobs from one file descriptor and answers on another, a line of JSON each. It runs beside the tests, in a copy
of the repository, and needs nothing but pytest.
"""

from __future__ import annotations

import gc
import json
import os
import random
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any, Optional

import pytest

from gates.flakes import leaks
from gates.flakes.circumstances import Circumstances, Entropy, begin
from gates.flakes.replaying import BETWEEN, STALL, Momentary, repeated

if TYPE_CHECKING:
    from coverage import Coverage

LATE = "did not end within"
FAILED, PASSED, SKIPPED = "failed", "passed", "skipped"
_PAUSE = 0.002
# Between two looks at a child: when more has passed, this whole machine stood still, and the child did, too.
_FROZEN = 2.0
_MESSAGE = 300


class Mother:
    """The plugin that takes the place of running the tests."""

    def __init__(self, orders: IO[str], answers: IO[str], root: str) -> None:
        self._orders = orders
        self._answers = answers
        self._root = root
        self._faults: list[str] = []
        self._entropy = Entropy()
        self._entropy.install()
        self._entropy.begin(0, "collection", 0)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep what could not be collected."""
        if report.failed:
            self._faults.append(f"{report.nodeid}: {_crash(report)}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Serve, until there are no more jobs."""
        self._answer(
            {
                "tests": [item.nodeid for item in session.items],
                "lines": [(item.location[1] or 0) + 1 for item in session.items],
                "faults": self._faults,
            }
        )
        gc.collect()
        gc.freeze()  # what is not touched is not copied into every child
        for line in self._orders:
            self._answer({"ended": self._run(session, json.loads(line))})
        return True

    def _answer(self, answer: dict[str, Any]) -> None:
        self._answers.write(json.dumps(answer) + "\n")
        self._answers.flush()

    def _run(self, session: pytest.Session, job: dict[str, Any]) -> list[str]:
        """How each part of the job ended: "" or why it did not come to its end."""
        children = [self._fork(session, job, number) for number in range(len(job["parts"]))]
        is_stalled = "load=stalls" in job["words"]
        until, looked = time.monotonic() + job["seconds"], time.monotonic()
        dice = random.Random(len(job["parts"][0]))
        ended: dict[int, str] = {}
        while len(ended) < len(children):
            for child in children:
                if child not in ended:
                    ended.update(_waited(child))
            if len(ended) == len(children):
                break
            until, looked = until + max(0.0, time.monotonic() - looked - _FROZEN), time.monotonic()
            if time.monotonic() > until:
                for child in children:
                    if child not in ended:
                        _kill(child)
                        ended[child] = f"{LATE} {job['seconds']:.0f} s"
            elif is_stalled:
                time.sleep(dice.uniform(*BETWEEN))
                for child in children:
                    _stall(child, dice.uniform(*STALL), ended)
            else:
                time.sleep(_PAUSE)
        for child in children:
            _kill_group(child)  # what it started and left behind
        return [ended[child] for child in children]

    def _fork(self, session: pytest.Session, job: dict[str, Any], number: int) -> int:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # threads of the modules under test: they are none in the child
            child = os.fork()
        if child:
            return child
        code = 1
        try:
            os.setpgid(0, 0)
            code = Child(session, job, number, self._entropy, self._root).run()
        finally:
            os._exit(code)


class Child:
    """One run of some of the tests."""

    def __init__(self, session: pytest.Session, job: dict[str, Any], number: int, entropy: Entropy, root: str) -> None:
        self._session = session
        self._job = job
        self._number = number
        self._entropy = entropy
        self._root = root
        self._given = Circumstances.of(job["words"])
        self._out = open(job["out"][number], "w", encoding="utf-8")  # noqa: SIM115  (closed at the end)
        self._failed: Optional[str] = None
        self._is_skipped = False
        self._coverage: Optional[Coverage] = None

    def run(self) -> int:
        """Run them, and write down how each ended."""
        session, job = self._session, self._job
        self._settle()
        begin(self._given)
        session.config.pluginmanager.register(self, "gates flakes child")
        if self._given.moment is not None:
            session.config.pluginmanager.register(Momentary(self._given.moment), "gates flakes moment")
        wanted = [session.items[position] for position in job["parts"][self._number]]
        session.items[:] = wanted
        if job["reach"]:
            self._trace(job["reach"])
        positions = {item: at for at, item in enumerate(wanted)}
        for item, time_of_it, following in repeated(wanted, self._given.times):
            self._one(item, positions[item], time_of_it, following)
        if self._coverage is not None:
            self._write_reach(self._coverage, job["reach"])
        self._out.close()
        return 0

    def _settle(self) -> None:
        """Places of its own for temporary files; what it prints is nobody's."""
        place = self._job["temporary"]
        os.environ["TMPDIR"] = tempfile.tempdir = place
        own = os.path.join(place, f"pytest-{self._number}")
        os.makedirs(own, exist_ok=True)
        os.environ["PYTEST_DEBUG_TEMPROOT"] = own
        if len(self._job["parts"]) > 1:
            os.environ["PYTEST_XDIST_WORKER"] = f"gw{self._number}"
            os.environ["PYTEST_XDIST_WORKER_COUNT"] = str(len(self._job["parts"]))
        capture: Any = self._session.config.pluginmanager.getplugin("capturemanager")
        if capture is not None and capture.is_globally_capturing():
            capture.stop_global_capturing()  # the mother's are files that her other children write to, too
            capture.start_global_capturing()
            capture.suspend_global_capture(in_=True)
            capture.resume_global_capture()

    def _one(self, item: pytest.Item, at: int, time_of_it: int, following: Any) -> None:
        self._failed, self._is_skipped = None, False
        self._tell({"begins": at})
        before = leaks.state(self._root) if self._job["leaks"] else {}
        if self._coverage is not None:
            self._coverage.switch_context(item.nodeid)
        self._entropy.begin(self._given.seed, item.nodeid, time_of_it)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        ended = FAILED if self._failed is not None else SKIPPED if self._is_skipped else PASSED
        told: dict[str, Any] = {"ended": at, "how": ended, "said": self._failed or "", "time": time_of_it}
        if self._job["leaks"]:
            told["leaks"] = leaks.changes(before, leaks.state(self._root))
        self._tell(told)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase of a test has ended."""
        if report.failed and self._failed is None:
            self._failed = f"{'' if report.when == 'call' else f'in its {report.when}: '}{_crash(report)}"
        self._is_skipped = self._is_skipped or report.skipped

    def _tell(self, what: dict[str, Any]) -> None:
        self._out.write(json.dumps(what) + "\n")
        self._out.flush()

    def _trace(self, files: Sequence[str]) -> None:
        import coverage  # only to learn which tests reach changed lines

        self._coverage = coverage.Coverage(data_file=None, include=list(files), config_file=False, messages=False)
        self._coverage.start()

    def _write_reach(self, measured: Coverage, files: Sequence[str]) -> None:
        measured.stop()
        data = measured.get_data()
        for file in files:
            for line, contexts in (data.contexts_by_lineno(file) or {}).items():
                self._tell({"file": file, "line": line, "reached by": sorted(set(contexts) - {""})})


def _crash(report: Any) -> str:
    """The last word of a failure: one line."""
    said = getattr(getattr(report.longrepr, "reprcrash", None), "message", None) or str(report.longrepr or "")
    lines = [line.strip() for line in str(said).splitlines() if line.strip()]
    return lines[0][:_MESSAGE] if lines else "failed without a word"


def _waited(child: int) -> dict[int, str]:
    try:
        process, status = os.waitpid(child, os.WNOHANG)
    except ChildProcessError:
        return {child: ""}
    if not process:
        return {}
    if os.WIFSIGNALED(status):
        return {child: f"the process died of {signal.Signals(os.WTERMSIG(status)).name}"}
    code = os.WEXITSTATUS(status)
    return {child: f"the process ended with {code}" if code else ""}


def _kill(child: int) -> None:
    """One that still runs, and the processes that it started."""
    _kill_group(child)
    os.kill(child, signal.SIGKILL)  # where it had no time to become a group
    os.waitpid(child, 0)


def _kill_group(child: int) -> None:
    try:
        os.killpg(child, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _stall(child: int, seconds: float, ended: dict[int, str]) -> None:
    if child in ended:
        return
    try:
        os.kill(child, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(child, signal.SIGCONT)
    except ProcessLookupError:
        return


def moved(place: str, original: str, root: str) -> str:
    """A place on the search path as the copy has it; an environment that lies in the repository stays what it is."""
    prefixes = (sys.prefix + os.sep, sys.base_prefix + os.sep)
    below = place == original or place.startswith(original + os.sep)
    if not below or place.startswith(prefixes) or "site-packages" in place.split(os.sep):
        return place
    return root + place[len(original) :]


def main(words: Sequence[str]) -> int:
    """Begin, and serve until there are no more jobs: IN OUT ROOT ORIGINAL, then what pytest is told."""
    orders, answers, root, original = int(words[0]), int(words[1]), words[2], words[3]
    for descriptor in (orders, answers):
        os.set_inheritable(descriptor, False)
    sys.path[:] = [moved(place, original, root) for place in sys.path]
    with open(orders, encoding="utf-8") as reading, open(answers, "w", encoding="utf-8") as writing:
        return int(pytest.main(list(words[4:]), plugins=[Mother(reading, writing, root)]))
