"""Retired words: megabytes a second of the scan, and the gate's CPU time cold beside codespell's, in turns.

    python -m bench.words [--rounds N] [FOLDER]

FOLDER is a git repository; without one, django's release is fetched as `make bench` fetches it. codespell comes from
the environment of the peers; without it the gate is measured alone, and that is said.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.corpora import CORPORA, commit, fetched, git, unpacked, write
from bench.measure import environment
from gates.facts.extractors.words.hits import is_binary
from gates.facts.vocabulary import Vocabulary, VocabularyPolicy
from gates.policy import Policy

ROOT = Path(__file__).parents[1]
CODESPELL = ROOT / ".venvs" / "peers" / "bin" / "codespell"
LEAST = 40.0
_TIMES = 5


def vocabulary() -> Vocabulary:
    """This repository's own."""
    policy = Policy.load(ROOT / "policies").settings(VocabularyPolicy)
    return Vocabulary(tuple(term for term in policy.term if term.off is None))


def scanned(root: Path, words: Vocabulary) -> tuple[float, float]:
    """Megabytes of text, and the best CPU seconds that the scan took for all of it."""
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-z"], check=True, capture_output=True).stdout
    files = [root / os.fsdecode(path) for path in listed.split(b"\0") if path]
    read = [file.read_bytes() for file in files if file.is_file() and not file.is_symlink()]
    contents = [content for content in read if not is_binary(content)]
    took = []
    for _ in range(_TIMES):
        began = time.process_time()
        for content in contents:
            words.patterns.may_occur(content)
        took.append(time.process_time() - began)
    return sum(map(len, contents)) / 1e6, min(took)


def spent(command: list[str], folder: Path) -> float:
    """CPU seconds of a command and of all that it started."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, env=environment(), check=False, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1, 64, 65):
        raise SystemExit(f"{command[0]} ended with {done.returncode}: {done.stderr.decode()[-300:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def side_by_side(root: Path, rounds: int) -> tuple[list[float], list[float]]:
    """CPU seconds of the gate alone, cold, and of codespell, in turns."""
    gates = [str(ROOT / ".venv" / "bin" / "gates"), "run", "--gate", "retired-word", "--no-cache"]
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(spent(gates, root))
        if CODESPELL.is_file():
            theirs.append(spent([str(CODESPELL), "--quiet-level", "2", "--skip", "./.git,./.gates", "."], root))
    return ours, theirs


def main() -> int:
    """Measure, print, and say whether the bar of the scan holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-words-") as work:
        root = Path(work) / "tree"
        if asked.folder is not None:
            subprocess.run(["git", "clone", "-q", str(asked.folder.resolve()), str(root)], check=True)
            git(root, "config", "user.name", "bench")
            git(root, "config", "user.email", "bench@example.org")
        else:
            django = next(corpus for corpus in CORPORA if corpus.name == "django")
            root = unpacked(fetched(django, ROOT / ".gates" / "corpora"), root)
        shutil.rmtree(root / "policies", ignore_errors=True)
        own = (ROOT / "policies" / "vocabulary.toml").read_text("utf-8")
        words = "\n".join(line for line in own.split("\n") if "tests/" not in line and "runtime" not in line)
        write(root, {"policies/gates.toml": "[gates.retired-word]\n", "policies/vocabulary.toml": words})
        commit(root, "What this repository promises")
        size, took = scanned(root, vocabulary())
        ours, theirs = side_by_side(root, asked.rounds)
    print(f"scan: {size:.1f} MB of text in {took:.3f} CPU-s, {size / took:.0f} MB/s (bar: {LEAST:.0f})")
    print(f"retired-word, cold: {statistics.median(ours):.2f} CPU-s, the median of {len(ours)}")
    if theirs:
        ratio = statistics.median(ours) / statistics.median(theirs)
        print(f"codespell: {statistics.median(theirs):.2f} CPU-s; the gate takes {ratio:.2f} times that")
    else:
        print(f"codespell: not measured, {CODESPELL.relative_to(ROOT)} is not there; `.ci/peers` installs it")
    return 0 if size / took >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
