"""What it costs a test run to have its imports recorded: `python -m bench.recorder`.

The tests of public projects, from their sdists, and a part of this repository's own: run without the recorder, with the
plugin installed and not asked, and recording, in turns. What is compared is the CPU time of the whole run, the writing
of the recording included.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from bench.corpora import Corpus, fetched, git, unpacked
from bench.figure import HEADS, Bar, Figure, aligned, cells
from bench.gates import DEFAULT_CORPORA, workplace
from bench.machine import machine
from bench.measure import BenchError, Command, timed

ROOT = Path(__file__).parents[1]
AT_MOST = Bar(1.10, of_ratio=True)
RECORDING = "imports.jsonl"
WAYS: dict[str, tuple[str, ...]] = {
    "without": (),
    "installed": ("-p", "gates.recorder"),
    "recording": ("-p", "gates.recorder", f"--gates-record-imports={RECORDING}"),
}


@dataclass(frozen=True)
class Suite:
    """Tests that need nothing but pytest and hypothesis. `sha256` is of the sdist; without it they are our own."""

    name: str
    version: str = ""
    sha256: str = ""
    words: tuple[str, ...] = ()
    source: str = "src"

    def tree(self, corpora: Path, work: Path) -> Path:
        """Where its files lie: this repository cloned, or an sdist unpacked."""
        into = work / self.name
        if not self.sha256:
            git(work, "clone", "--quiet", str(ROOT), str(into))
            return into
        corpus = Corpus(self.name, self.version, self.sha256, package="", inner="", edited="", added="")
        return unpacked(fetched(corpus, corpora), into)

    def command(self, tree: Path, way: str) -> Command:
        """One run of its tests; some may fail, and the same ones each time."""
        path = os.pathsep.join((str(tree / self.source), str(ROOT)))
        # As on anybody's machine: bytecode is kept, or each run compiles the recorder and what it imports anew.
        python = ("env", "-u", "PYTHONDONTWRITEBYTECODE", f"PYTHONPATH={path}", "PYTHONHASHSEED=0", sys.executable)
        pytest = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--hypothesis-seed=0")
        return Command((*python, *pytest, *WAYS[way], *self.words), tree, exits=(0, 1), says=r"\d+ passed")


SUITES = (
    Suite("click", "8.1.8", "ed53c9d8990d83c2a27deae68e4ee337473f6330c040a31d4225c9574d16096a"),
    Suite("attrs", "25.3.0", "75d7cefc7fb576747b2c81b4442d4d4a1ce0900973527c011d1030fd3bf4af1b"),
    Suite("own", words=("tests/reporters", "tests/registry"), source="."),
)


def figures(suite: Suite, corpora: Path, work: Path, rounds: int) -> Iterator[Figure]:
    """The CPU time of its tests in each way."""
    tree = suite.tree(corpora, work)
    output = work / f"{suite.name}.txt"
    timed(suite.command(tree, "without"), output)  # so that what is compiled and cached is so for all
    samples: dict[str, list[float]] = {way: [] for way in WAYS}
    for number in range(rounds):
        # Forwards and backwards in turns: a machine that grows busier does so for each of them.
        for way in list(WAYS) if number % 2 == 0 else list(reversed(WAYS)):
            samples[way].append(timed(suite.command(tree, way), output).cpu)
    medians = {way: statistics.median(found) for way, found in samples.items()}
    many = sum(1 for _ in (tree / RECORDING).open("rb")) - 1
    yield Figure(
        f"{suite.name} {suite.version}".strip(), medians["without"], "s CPU", rounds, samples=tuple(samples["without"])
    )
    for way, bar in (("installed", None), ("recording", AT_MOST)):
        yield Figure(
            f"  {way}" + (f", {many} importing files" if bar else ""),
            medians[way],
            "s CPU",
            rounds,
            beside=f"without: {medians['without']:.2f} s",
            ratio=medians[way] / medians["without"],
            bar=bar,
            samples=tuple(samples[way]),
        )
    shutil.rmtree(tree)


def main(words: Optional[Sequence[str]] = None) -> int:
    """Measure and print. 0 whether the bar is met or not; 1 what failed."""
    parser = argparse.ArgumentParser(prog="python -m bench.recorder", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="runs of each way [default: 7]")
    parser.add_argument("--only", action="append", choices=[suite.name for suite in SUITES])
    parser.add_argument(
        "--corpora", type=Path, default=DEFAULT_CORPORA, metavar="DIR", help="where the sdists are kept"
    )
    options = parser.parse_args(words)
    print(machine(), f"load {os.getloadavg()[0]:.1f}", sep="; ", flush=True)
    print(aligned(HEADS))
    try:
        with workplace(None) as work:
            for suite in SUITES:
                if not options.only or suite.name in options.only:
                    for figure in figures(suite, options.corpora.expanduser(), work, options.rounds):
                        print(aligned(cells(figure)), flush=True)
    except (BenchError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(f"load {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
