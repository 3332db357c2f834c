"""One bench of the service in a process of its own: how it is named, run, and what came of it.

As a command: `python -m bench.part bench.stores:figures [--quick]` prints its figures as lines of JSON.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, NamedTuple, Optional

from bench.figure import Figure, Figures

ROOT = Path(__file__).parents[1]
LACKS = 4  # the exit code of a part that needs what is not installed


class Part(NamedTuple):
    """A bench: where its figures come from. One that is `long` is left out unless it is asked for.

    `python` is the interpreter that it is run with where that is there, else this one.
    """

    name: str
    source: str
    long: bool = False
    python: Optional[Path] = None


@dataclass
class Ran:
    """What came of a part: its figures, how busy the machine was before and after, and what went wrong."""

    part: Part
    figures: list[Figure] = field(default_factory=list)
    load: tuple[float, float] = (0.0, 0.0)
    seconds: float = 0.0
    lacks: str = ""
    broke: str = ""

    @property
    def shown(self) -> list[Figure]:
        """The figures, and a line for what is not there: nothing that was not measured is passed over."""
        reason = self.lacks or self.broke
        return [*self.figures, *([Figure(f"bench.{self.part.name}", None, note=reason)] if reason else [])]


def ran(part: Part, quick: bool, tell: Callable[[Figure], None] = lambda figure: None) -> Ran:
    """Run it, and `tell` each figure as soon as it is there. Whatever goes wrong is said in what is returned."""
    python = part.python if part.python is not None and part.python.exists() else Path(sys.executable)
    command = [str(python), "-m", "bench.part", part.source, *(["--quick"] if quick else [])]
    found, before, begun = Ran(part), os.getloadavg()[0], time.monotonic()
    # What it says on stderr is seen while it runs, and is not read: the last line of stdout says why it ended.
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        last = ""
        for line in process.stdout:
            figure = _read(line)
            if figure is None:
                last = line.strip()
            else:
                found.figures.append(figure)
                tell(figure)
    if process.returncode == LACKS:
        found.lacks = f"not installed here: {last}"
    elif process.returncode:
        found.broke = f"broke, exit code {process.returncode}: {last}"
    elif not found.figures:
        found.broke = "gave no figures"
    found.load, found.seconds = (before, os.getloadavg()[0]), time.monotonic() - begun
    return found


def _read(line: str) -> Optional[Figure]:
    """The figure of a line; None where it is none: a bench may print what it likes."""
    try:
        return Figure.read(json.loads(line))
    except (ValueError, TypeError, KeyError):
        return None


def figures_of(source: str) -> Figures:
    """What a part names: `module:function`."""
    module, _, function = source.partition(":")
    found: Figures = getattr(importlib.import_module(module), function)
    return found


def main(words: list[str]) -> int:
    """A line of JSON for each figure; the last line says what is missing or what went wrong, where something is."""
    source, *options = words
    try:
        for figure in figures_of(source)("--quick" in options):
            print(json.dumps(dataclasses.asdict(figure)), flush=True)
    except ModuleNotFoundError as error:
        print(error.name or error)
        return LACKS
    except (Exception, SystemExit) as error:  # noqa: BLE001  # the table says it; the trace goes where traces go
        sys.excepthook(type(error), error, error.__traceback__)
        print(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
