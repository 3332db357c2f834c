"""One session of pytest, watched; the workers of pytest-xdist send their parts."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from gates.recording.watching import Ran, Watch
from gates.replay import root_of as root_of_repository

if TYPE_CHECKING:
    import pytest

_PART = "gates_recorded_imports"
_ENDED = (0, 1, 5)  # all passed, some failed, there were none


def root_of(folder: str) -> str:
    """The repository that holds the folder, or the folder itself."""
    return root_of_repository(os.path.realpath(folder)) or folder


class Session:
    """The plugin that is registered where a recording is asked for; it watches from the moment it is made."""

    def __init__(self, root: str, file: str) -> None:
        self.ran: set[Ran] = set()
        self.lacks: set[str] = set()
        self._root = root
        self._file = file
        self._process = os.getpid()
        self._said: list[str] = []
        self._began_ns = time.time_ns()
        self._watch = Watch(root)
        self._watch.start()

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write what was seen, or hand it to the controller."""
        self._watch.stop()
        if self._process != os.getpid():
            return  # a fork of the session that runs to its end
        self.ran.update(self._watch.ran)
        self.lacks.update(self._watch.faults)
        if exitstatus not in _ENDED:
            self.lacks.add(f"the session ended before its time (exit {int(exitstatus)})")
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[_PART] = packed(self.ran, self.lacks)
        else:
            self._write(session)

    def _write(self, session: pytest.Session) -> None:
        from gates.errors import GatesError  # only now: what is tested may be this very package
        from gates.recording.writing import told, write

        try:
            written = write(Path(self._file), self._root, self.ran, self.lacks, self._began_ns)
            self._said = told(written, os.path.relpath(self._file), self.lacks)
        except (GatesError, OSError) as error:
            self._said = [f"no recording was written: {error}"]
            session.exitstatus = session.exitstatus or 3

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was written."""
        for line in self._said:
            terminalreporter.write_line(f"gates: {line}")

    def pytest_unconfigure(self) -> None:
        """See no more, where the session never came to its end."""
        self._watch.stop()


class Joining:
    """Takes what the workers saw. A plugin of its own, because pytest knows its hook only with pytest-xdist."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def pytest_testnodedown(self, node: Any, error: Optional[object]) -> None:
        """One worker has ended, in order or not."""
        part = getattr(node, "workeroutput", {}).get(_PART)
        if part is None:
            self._session.lacks.add("a worker ended without its part")
            return
        ran, lacks = unpacked(part)
        self._session.ran.update(ran)
        self._session.lacks.update(lacks)


def packed(ran: Iterable[Ran], lacks: Iterable[str]) -> str:
    """A worker's part as plain letters, which can be sent whatever a path is made of."""
    return json.dumps([list(ran), list(lacks)])


def unpacked(part: str) -> tuple[list[Ran], list[str]]:
    """The part that a worker sent."""
    ran, lacks = json.loads(part)
    return [Ran(*one) for one in ran], lacks
