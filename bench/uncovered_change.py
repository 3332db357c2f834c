"""How long uncovered-change takes for 10 and 100 changed files of django, from coverage.py's data, nothing kept.

    python -m bench.uncovered_change [--rounds N]

django's release is fetched as `make bench` fetches it, 100 of its modules are edited, and a `.coverage` is written in
which 85 of 100 ways through every module were taken. No XML, no JSON. The machine's load stands beside the figures.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

from coverage import CoverageData
from coverage.parser import PythonParser

from bench.corpora import CORPORA, commit, fetched, git, unpacked, write
from bench.figures import Figures
from bench.measure import Command, timed

ROOT = Path(__file__).parents[1]
POLICY = """\
[gates.uncovered-change]
paths = ["django/**"]

[facts.coverage]
reports = [".coverage"]
"""
BARS = {10: 1.0, 100: 3.0}
"""Changed files to seconds of wall time that they may take."""
_TAKEN = 0.85
_EDITED = 0.3
_SMALL = 3_000  # bytes: smaller modules say nothing


def edited(tree: Path, path: Path, rng: random.Random) -> None:
    """Change some of a module's `return`s, and append a function."""
    lines = path.read_text("utf-8").split("\n")
    for at, line in enumerate(lines):
        if line.strip().startswith("return ") and line.endswith(")") and rng.random() < _EDITED:
            lines[at] = line.replace("return ", "return None or ", 1)
    more = "\n\ndef bench_added(a):\n    if a:\n        return 1\n    return 2\n"
    write(tree, {str(path.relative_to(tree)): "\n".join(lines) + more})


def measured(tree: Path, rng: random.Random) -> int:
    """Write `.coverage`, as a run of tests that took most ways would have; how many modules it speaks of."""
    data = CoverageData(str(tree / ".coverage"))
    arcs = {}
    for path in sorted(tree.glob("django/**/*.py")):
        parser = PythonParser(text=path.read_text("utf-8"), filename=str(path))
        parser.parse_source()
        arcs[str(path)] = [arc for arc in sorted(parser.arcs()) if rng.random() < _TAKEN]
    data.add_arcs(arcs)
    data.write()
    return len(arcs)


def prepared(folder: Path) -> tuple[Path, dict[int, str], int]:
    """The tree, the commit to compare with for so many changed files, and how many modules were measured."""
    django = next(corpus for corpus in CORPORA if corpus.name == "django")
    tree = unpacked(fetched(django, Path("~/.cache/lukhas-gates/corpora")), folder / "tree")
    write(tree, {"policies/gates.toml": POLICY})
    commit(tree, "What this repository promises")
    rng = random.Random(2)
    large = [path for path in sorted(tree.glob("django/**/*.py")) if path.stat().st_size > _SMALL]
    drawn = rng.sample(large, max(BARS))
    bases = {max(BARS): git(tree, "rev-parse", "HEAD").strip()}
    fewer = min(BARS)
    for path in drawn[fewer:]:
        edited(tree, path, rng)
    commit(tree, "Most of them")
    bases[fewer] = git(tree, "rev-parse", "HEAD").strip()
    for path in drawn[:fewer]:
        edited(tree, path, rng)
    commit(tree, "The rest")
    return tree, bases, measured(tree, rng)


def main() -> int:
    """Measure and print; 1 where a bar does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    holds = True
    with tempfile.TemporaryDirectory(prefix="bench-coverage-") as work:
        tree, bases, modules = prepared(Path(work))
        print(f"django, {modules} modules in .coverage, {os.cpu_count()} processors")
        for many, base in sorted(bases.items()):
            arguments = ("run", "--gate", "uncovered-change", "--no-cache", "--base", base)
            command = Command((str(ROOT / ".venv" / "bin" / "gates"), *arguments), tree, (1,), f"{many} changed")
            before = os.getloadavg()[0]
            figures = Figures.of([timed(command, Path(work, "said.txt")) for _ in range(asked.rounds)])
            load = f"load {before:.1f} to {os.getloadavg()[0]:.1f}"
            print(f"{many:>4} changed files: {figures.wall:.2f} s ({figures.least:.2f} to {figures.most:.2f}), "
                  f"{figures.cpu:.2f} s of CPU; bar {BARS[many]:.0f} s; {figures.runs} runs, {load}")  # fmt: skip
            holds = holds and figures.wall <= BARS[many]
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
