"""The service as it is run: a process of its own, with a distribution that announces the lanes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.corpus import DOCUMENTS

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def running(site: Path, folder: Path, *words: str, **told: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A command that runs on, with the line by which it says that it is ready."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LUKHAS_")}
    # Twice announced, where this distribution is installed with its plugins: the first of one name stays.
    environment.update(PYTHONPATH=os.pathsep.join([str(ROOT), str(site)]), LUKHAS_DUPLICATES="shadow", **told)
    command = [sys.executable, "-m", "runtime", "--log-level", "error", *words]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def fed(site: Path, folder: Path, store: str = "") -> str:
    """The URL of a store that holds the documents: this one, or a file in the folder."""
    for path, text in DOCUMENTS.items():
        (folder / path).write_text(text, encoding="utf-8")
    store = store or f"sqlite:///{folder}/memory.db"
    with running(site, folder, "feed", *DOCUMENTS, LUKHAS_STORE=store) as (process, _):
        assert process.wait(60) == 0
    return store
