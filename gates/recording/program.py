"""A program that is no test, run as Python would run it, and what it imports recorded."""

from __future__ import annotations

import os
import runpy
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from gates.errors import GatesError
from gates.recording.session import root_of
from gates.recording.watching import Watch
from gates.recording.writing import told, write

USAGE = "usage: python -m gates.recorder [--to FILE.jsonl] SCRIPT|-m MODULE [ARGUMENT ...]"


def main(words: Sequence[str], default: str) -> int:
    """Run it, and write the recording to `default` below the repository's root. Gives the program's exit code."""
    root = root_of(os.getcwd())
    file = os.path.join(root, default)
    rest = list(words)
    if rest[:1] == ["--to"] and len(rest) > 1:
        file = rest[1]
        del rest[:2]
    if rest[:1] == ["--"]:
        del rest[0]
    if not rest or rest == ["-m"] or rest[0] in ("-h", "--help") or not file.endswith(".jsonl"):
        print(USAGE, file=sys.stderr)
        return 2
    began_ns = time.time_ns()
    watch = Watch(root)
    place = Path(file).absolute()  # the program may go elsewhere
    watch.start()
    try:
        return _run(rest)
    finally:
        watch.stop()
        try:
            said = told(write(place, root, watch.ran, watch.faults, began_ns), file, watch.faults)
        except (GatesError, OSError) as error:
            said = [f"no recording was written: {error}"]
        print(*(f"gates: {line}" for line in said), sep="\n", file=sys.stderr)


def _run(words: list[str]) -> int:
    try:
        if words[0] == "-m":
            sys.argv[:] = words[1:]
            sys.path[0] = os.getcwd()
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv[:] = words
            sys.path[0] = os.path.dirname(os.path.realpath(words[0]))
            runpy.run_path(words[0], run_name="__main__")
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return ended.code or 0
        print(ended.code, file=sys.stderr)
        return 1
    return 0
