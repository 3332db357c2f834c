"""Our static edges beside grimp's, edge for edge, each difference with its reason: `make cross-check`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Optional

from bench.corpora import CORPORA, fetched, unpacked
from bench.differences import Comparison, compared, lines_of
from bench.edges import grimps, ours
from bench.gates import DEFAULT_CORPORA
from bench.measure import BenchError
from gates.facts.checkout import Checkout

_SHOWN = 20


def _options(words: Optional[Sequence[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/cross_check.py", description=__doc__)
    parser.add_argument(
        "trees", nargs="*", type=Path, metavar="DIR", help="repositories [default: the bench's corpora]"
    )
    parser.add_argument(
        "--corpora", type=Path, default=DEFAULT_CORPORA, metavar="DIR", help="where the sdists are kept"
    )
    return parser.parse_args(words)


def checked(tree: Path) -> Comparison:
    """The two graphs of one tree. BenchError where grimp cannot build its own."""
    checkout = Checkout.open(tree)
    own = ours(checkout)
    return compared(own, grimps(checkout, own))


def _trees(options: argparse.Namespace, work: Path) -> Iterator[tuple[str, Path]]:
    if options.trees:
        yield from ((str(tree), tree) for tree in options.trees)
        return
    for corpus in CORPORA:
        yield f"{corpus.name} {corpus.version}", unpacked(fetched(corpus, options.corpora), work / corpus.name)


def main(words: Optional[Sequence[str]] = None) -> int:
    """Compare, print: 0 where every difference has its reason, 1 where one has none, 2 where there is no comparison."""
    options = _options(words)
    if sys.version_info < (3, 11):
        print("not compared: what grimp is for older Pythons knows no namespaces", file=sys.stderr)
        return 0
    status = 0
    try:
        with tempfile.TemporaryDirectory(prefix="gates-cross-check-") as work:
            for name, tree in _trees(options, Path(work)):
                comparison = checked(tree)
                print("\n".join([name, *lines_of(comparison)]))
                unexplained = comparison.unexplained
                for line in unexplained[:_SHOWN]:
                    print(f"  without a reason: {line}")
                status = 1 if unexplained else status
    except BenchError as error:
        print(error, file=sys.stderr)
        return 2
    return status


if __name__ == "__main__":
    sys.exit(main())
