"""How fast `gates` is, beside ruff, import-linter and tach on the nearest equal work: `make bench`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import platform
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Optional

from bench import tables
from bench.corpora import CORPORA, Corpus, git
from bench.machine import machine
from bench.measure import BenchError
from bench.peers import version, versions
from bench.rounds import Measured, measure
from bench.states import Tree

DEFAULT_CORPORA = Path("~/.cache/lukhas-gates/corpora")
QUICK = "sympy"  # the smallest
NAMES = [corpus.name for corpus in CORPORA]


def _options(words: Optional[Sequence[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/gates.py", description=__doc__)
    parser.add_argument("--runs", type=_positive, metavar="N", help="rounds of each group [default: 7]")
    parser.add_argument("--only", action="append", choices=NAMES, help="only this corpus; may be given again")
    parser.add_argument("--quick", action="store_true", help=f"a first look: 2 rounds, {QUICK}, unless said otherwise")
    parser.add_argument("--no-memory", action="store_true", help="leave out the runs whose memory is sampled")
    parser.add_argument(
        "--corpora", type=Path, default=DEFAULT_CORPORA, metavar="DIR", help="where the sdists are kept"
    )
    parser.add_argument("--work", type=Path, metavar="DIR", help="where working copies are made, and removed again")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write the tables between the markers of a document"
    )
    return parser.parse_args(words)


def _positive(word: str) -> int:
    if not word.isascii() or not word.isdigit() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"'{word}' is no number of rounds; 1 or more")
    return int(word)


def about() -> Mapping[str, str]:
    """The machine and the versions, for whoever reads the figures elsewhere."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    tools = [version("gates"), python, git(Path.cwd(), "--version").strip(), *versions().values()]
    return {"machine": machine(), "versions": "; ".join(tools), "measured": time.strftime("%Y-%m-%d")}


@contextmanager
def workplace(folder: Optional[Path]) -> Iterator[Path]:
    """A folder that is gone afterwards, whatever happens; SIGTERM unwinds like Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    place = Path(tempfile.mkdtemp(prefix="gates-bench-", dir=folder)).resolve()
    try:
        yield place
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second Ctrl-C would leave half of it
        shutil.rmtree(place, ignore_errors=True)
        signal.signal(signal.SIGINT, signal.default_int_handler)


def measured(corpus: Corpus, corpora: Path, work: Path, runs: int, memory: bool) -> Measured:
    """One corpus, in a working copy that is gone afterwards."""
    print(f"{corpus.name}: unpacking, recording today's debt", file=sys.stderr, flush=True)
    tree = Tree.made(corpus, corpora, work / corpus.name)
    found = measure(tree, git(tree.place, "ls-files", "-z").split("\0")[:-1], runs, memory)
    shutil.rmtree(tree.work)
    return found


def as_json(corpora: Sequence[Measured], here: Mapping[str, str]) -> str:
    """Every sample, so that other sums can be made of them."""
    found = [
        {
            "corpus": each.corpus,
            "version": each.version,
            "files": each.files,
            "modules": each.modules,
            "load": each.load,
            "rows": [
                {
                    "state": key[0],
                    "tool": key[1],
                    "samples": [dataclasses.asdict(sample) for sample in samples],
                    "peak": dataclasses.asdict(each.peaks[key]) if key in each.peaks else None,
                }
                for key, samples in each.samples.items()
            ],
            "bars": [dict(zip(("bar", "measured", "at most", "outcome"), line)) for line in tables.bars(each)],
        }
        for each in corpora
    ]
    return json.dumps({"about": here, "corpora": found}, indent=2) + "\n"


def main(words: Optional[Sequence[str]] = None) -> int:
    """Measure, print, write. 0 whether bars are met or not: a busy machine is no fault of the code; 1 what failed."""
    options = _options(words)
    chosen = options.only or ([QUICK] if options.quick else NAMES)
    runs = options.runs or (2 if options.quick else 7)
    try:
        if options.markdown:  # before the long part
            tables.between_markers(options.markdown.read_text("utf-8"), "")
        here = about()
        with workplace(options.work) as work:
            found = [
                measured(corpus, options.corpora.expanduser(), work, runs, not options.no_memory)
                for corpus in CORPORA
                if corpus.name in chosen
            ]
    except KeyboardInterrupt:
        print("interrupted; nothing is left behind", file=sys.stderr)
        return 130
    except (BenchError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    sys.stdout.write(tables.text(found, here))
    if options.json:
        options.json.write_text(as_json(found, here), "utf-8")
    if options.markdown:
        written = tables.between_markers(options.markdown.read_text("utf-8"), tables.markdown(found, here))
        options.markdown.write_text(written, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
