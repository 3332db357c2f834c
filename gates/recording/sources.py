"""One session of pytest, with the content that every module had while it ran."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from gates.replay import root_of

if TYPE_CHECKING:
    import pytest


class SourcesSession:
    """The plugin that is registered where the sources are to be written down."""

    def __init__(self, folder: str, file: str) -> None:
        self._root = root_of(os.path.realpath(folder)) or folder
        self._file = os.path.join(self._root, file)
        self._began_ns = time.time_ns()
        self._process = os.getpid()
        self._said = ""

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write them; what the tests themselves think of it is theirs."""
        if self._process != os.getpid():
            return  # a fork of the session that runs to its end
        from gates.errors import GatesError  # only now: what is tested may be this very package
        from gates.recording.writing import write_sources

        try:
            number = write_sources(Path(self._file), self._root, self._began_ns)
            self._said = f"the content of {number:,} modules recorded in {os.path.relpath(self._file)}"
        except (GatesError, OSError) as error:
            self._said = f"no recording of the sources was written: {error}"
            session.exitstatus = session.exitstatus or 3

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was written."""
        terminalreporter.write_line(f"gates: {self._said}")
