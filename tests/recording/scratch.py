"""A small repository whose tests load modules in every way there is; each line says what it is seen to import.

`# ran: PATH` at the end of a line, several with `;` between: just that is recorded there. `through NAME` behind a
path: the library that did it; what a statement does is said by `import`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Optional

ROOT = Path(__file__).parents[2]
PLACE = ".gates/recordings/imports.jsonl"
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTEST_", "GATES_", "COV_"))},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "PYTHONPATH": str(ROOT),
    **{f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}
_RAN = re.compile(r"# ran: (.*)$")

Ran = tuple[str, int, Optional[str], str]


def git(folder: Path, *words: str) -> str:
    """What git says."""
    done = subprocess.run(
        ["git", *words], cwd=folder, env=ENVIRONMENT, check=True, stdout=subprocess.PIPE, encoding="utf-8"
    )
    return done.stdout.strip()


def repository(root: Path, files: dict[str, str]) -> Path:
    """These files as a repository with one commit."""
    write(root, files)
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=First")
    return root


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")


def python(root: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Python in the repository; it finds this distribution's code, and what lies in the folder `library` beside."""
    path = os.pathsep.join([str(ROOT), str(root.parent / "library")])
    return subprocess.run(
        [sys.executable, *words],
        cwd=root,
        env={**ENVIRONMENT, "PYTHONPATH": path, **environment},
        check=False,
        capture_output=True,
        encoding="utf-8",
    )


def pytest_in(
    root: Path, *words: str, plugins: Optional[Sequence[str]] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    """The repository's tests, with the plugin at hand, as it is where the distribution is installed.

    With it come these plugins, or with None all that are installed, which take longer to load than the tests to run.
    """
    alone = {} if plugins is None else {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    named = [word for plugin in ("gates.recorder", *(plugins or ())) for word in ("-p", plugin)]
    return python(root, "-m", "pytest", "-q", "-p", "no:cacheprovider", *named, *words, **alone, **environment)


def lines_of(recording: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in recording.read_bytes().splitlines()]


def ran_in(recording: Path) -> set[Ran]:
    """What a recording holds: importing file, line, imported file, and through what."""
    _, *files = lines_of(recording)
    return {(each["file"], line, path, through) for each in files for line, _, path, through in each["ran"]}


def promised(files: dict[str, str]) -> set[Ran]:
    """What the lines of these files say that they are seen to import."""
    found: set[Ran] = set()
    for file, text in files.items():
        for number, line in enumerate(text.splitlines(), 1):
            match = _RAN.search(line)
            for one in match[1].split("; ") if match else ():
                path, _, through = one.partition(" through ")
                found.add((file, number, None if path == "elsewhere" else path, through))
    return found
