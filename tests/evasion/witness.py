"""Runs cases, each in a process of its own, and tells which candidate code each of them reached, and from which line.

    python witness.py < plans.json > answers.json

A plan is [name of the case, folder of its tree, statements that nobody watches, statements that are watched].
Candidate modules leave their name, whenever they run and in whatever process, in the file that REACHED names. An audit
hook sees code of candidate files being run or compiled in this process, and walks the stack to the line of production
code that asked for it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import traceback
import warnings
from types import FrameType
from typing import Any, Optional

SECONDS = 120
AT_ONCE = os.cpu_count() or 1
Plan = tuple[str, str, str, str]


def answers_to(plans: list[Plan]) -> dict[str, Any]:
    """Run every plan in a fork, a few at a time. What each gives: `ran`, `code`, `asked` and `error`."""
    answers: dict[str, Any] = {}
    running: dict[int, tuple[str, str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        while plans or running:
            while plans and len(running) < AT_ONCE:
                name, *plan = plans.pop()
                own = os.path.join(folder, str(len(plans)))
                running[_forked(own, *plan)] = (name, own)
            child, status = os.wait()
            name, own = running.pop(child)
            answers[name] = _answer(own, status)
    return answers


def _forked(own: str, tree: str, before: str, run: str) -> int:
    child = os.fork()
    if not child:
        try:
            _be_the_case(own, tree, before, run)
        finally:
            os._exit(1)
    return child


def _be_the_case(own: str, tree: str, before: str, run: str) -> None:
    signal.alarm(SECONDS)
    os.chdir(tree)
    sys.path[0] = tree
    os.environ["PYTHONPATH"] = tree  # for the processes that a case starts
    os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ.get("PATH", os.defpath)
    os.environ.update(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", PYTEST_ADDOPTS="-p no:cacheprovider")
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    names: dict[str, Any] = {"__name__": "__main__", "os": os, "sys": sys}
    seen = _Seen(tree)
    try:
        exec(before, names)
        os.environ["REACHED"] = f"{own}.reached"
        sys.addaudithook(seen.hear)
        exec(run, names)
    finally:
        seen.is_over = True
        raised = sys.exc_info()[1]
        error = "" if raised is None or isinstance(raised, SystemExit) else traceback.format_exc()
        with open(f"{own}.told", "w") as file:
            json.dump({"code": sorted(seen.code), "asked": sorted(seen.asked), "error": error}, file)
        os._exit(0)


def _answer(own: str, status: int) -> dict[str, Any]:
    told = _lines(f"{own}.told")
    # A case that becomes another program tells nothing more.
    answer: dict[str, Any] = json.loads(told[0]) if told else {"code": [], "asked": [], "error": ""}
    if status and not answer["error"]:
        answer["error"] = f"ended with status {status}"
    return {**answer, "ran": sorted(set(_lines(f"{own}.reached")))}


class _Seen:
    """What the audit hook saw."""

    def __init__(self, tree: str) -> None:
        self.code: set[str] = set()
        self.asked: set[tuple[str, int]] = set()
        self.is_over = False
        self._tree = os.path.join(tree, "")

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """The audit hook: `exec` comes for every import, too; `import` does not come for all of them."""
        if self.is_over or event not in ("exec", "compile"):
            return
        source = arguments[0].co_filename if event == "exec" else arguments[1]
        path = self._below_the_tree(source)
        if path.startswith("candidate/"):
            self.code.add(path)
            self._ask(sys._getframe(1))

    def _ask(self, frame: Optional[FrameType]) -> None:
        while frame is not None:
            path = self._below_the_tree(frame.f_code.co_filename)
            if path and not path.startswith("candidate/"):
                self.asked.add((path, frame.f_lineno))
                return
            frame = frame.f_back

    def _below_the_tree(self, path: object) -> str:
        name = os.path.abspath(os.fsdecode(path)) if isinstance(path, (str, bytes)) else ""
        # What is compiled from a text is said to be from a file that is not there.
        return name[len(self._tree) :] if name.startswith(self._tree) and os.path.isfile(name) else ""


def _lines(path: str) -> list[str]:
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return file.read().splitlines()


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    warnings.simplefilter("ignore")
    json.dump(answers_to(json.load(sys.stdin)), sys.stdout)
