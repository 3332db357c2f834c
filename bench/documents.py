"""The gates of words and documents together: their CPU time cold beside codespell's, and unchanged beside warm ruff's.

    python -m bench.documents [--rounds N] [FOLDER]

FOLDER is a git repository; without one, django's release is fetched as `make bench` fetches it. codespell comes from
the environment of the peers. Commands run in turns. django has four documents and no context file, so one that names
what is there is added.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.corpora import CORPORA, commit, fetched, git, unpacked, write
from bench.figures import Sample
from bench.measure import BenchError, Command, timed
from bench.peers import RUFF, Peers, installed
from bench.words import CODESPELL, ROOT

ASKED = ("retired-word", "stale-context", "dead-link")
MOST_COLD = 1.5
MOST_UNCHANGED = 1.0
_CONTEXT = """# django

- `django/utils/text.py` holds `slugify()`; tests lie in `tests/`, run by `python tests/runtests.py`.
- See [the readme](README.rst) and [the tests](tests/README.rst).
- `django.utils.text.slugify` and `django.db.models.Model` are public.
"""


def laid(folder: Path, root: Path) -> Path:
    """The tree that is judged: django's, or a clone of another, with our vocabulary and a context file."""
    if folder == Path():
        django = next(corpus for corpus in CORPORA if corpus.name == "django")
        root = unpacked(fetched(django, ROOT / ".gates" / "corpora"), root)
    else:
        subprocess.run(["git", "clone", "-q", str(folder.resolve()), str(root)], check=True)
        git(root, "config", "user.name", "bench")
        git(root, "config", "user.email", "bench@example.org")
    own = (ROOT / "policies" / "vocabulary.toml").read_text("utf-8")
    words = "\n".join(line for line in own.split("\n") if "tests/" not in line and "runtime" not in line)
    policy = "".join(f"[gates.{name}]\n\n" for name in ASKED)
    files = {"policies/gates.toml": policy, "policies/vocabulary.toml": words}
    write(root, files if (root / "AGENTS.md").exists() else {**files, "AGENTS.md": _CONTEXT})
    commit(root, "What this repository promises")
    return root


def gates(root: Path, *more: str) -> Command:
    """The three gates; that they find words of ours there is as it should be."""
    words = [word for name in ASKED for word in ("--gate", name)]
    program = str(ROOT / ".venv" / "bin" / "gates")
    return Command((program, "run", *words, *more), root, exits=(0, 1), says="dead-link +(?:passed|FAILED)")


def in_turns(commands: Sequence[Command], rounds: int, output: Path) -> list[list[Sample]]:
    """What each took, round by round."""
    rows = [[timed(command, output) for command in commands] for _ in range(rounds)]
    return [list(column) for column in zip(*rows)]


def median(samples: Sequence[Sample], of: Callable[[Sample], float]) -> float:
    """The median of a figure of some runs."""
    return statistics.median(map(of, samples))


def main() -> int:
    """Measure, print, and say whether both bars hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", nargs="?", type=Path, default=Path())
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    if not CODESPELL.is_file() or not installed(RUFF):
        raise SystemExit("codespell or ruff is not there to measure beside; `.ci/peers` and `make setup` install them")
    with tempfile.TemporaryDirectory(prefix="bench-documents-") as work:
        return _measured(Path(work), asked.folder, asked.rounds)


def _measured(work: Path, folder: Path, rounds: int) -> int:
    root, output = laid(folder, work / "tree"), work / "said"
    spelling = (str(CODESPELL), "--quiet-level", "2", "--skip", "./.git,./.gates", ".")
    codespell = Command(spelling, root, exits=(0, 64, 65))
    ours, theirs = in_turns([gates(root, "--no-cache"), codespell], rounds, output)
    cold = median(ours, lambda each: each.cpu) / median(theirs, lambda each: each.cpu)
    print(f"cold: {median(ours, lambda each: each.cpu):.2f} CPU-s, {', '.join(ASKED)} together")
    print(f"codespell: {median(theirs, lambda each: each.cpu):.2f} CPU-s; the gates take {cold:.2f} times that")
    django = next(corpus for corpus in CORPORA if corpus.name == "django")
    peers, caches = Peers(django, work / "peers"), work / "caches"
    peers.configure(root, caches)
    in_turns([gates(root), peers.ruff(root, caches)], 2, output)  # what is kept is kept now
    ours, theirs = in_turns([gates(root), peers.ruff(root, caches)], 3 * rounds, output)
    unchanged = median(ours, lambda each: each.wall) / median(theirs, lambda each: each.wall)
    print(f"unchanged: {median(ours, lambda each: each.wall):.3f} s")
    print(f"ruff, warm: {median(theirs, lambda each: each.wall):.3f} s; the gates take {unchanged:.2f} times that")
    met = cold <= MOST_COLD and unchanged <= MOST_UNCHANGED
    print(f"bars: {MOST_COLD} times cold, {MOST_UNCHANGED} times unchanged: {'met' if met else 'NOT MET'}")
    return 0 if met else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as error:
        sys.exit(str(error))
