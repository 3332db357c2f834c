"""What the gates of the supply chain cost on an unchanged tree, and a bill of 60 components: `make bench-supply`.

homeassistant, with every gate of `checks/supply/` on beside the four of source: `gates run` on the unchanged tree and
after an edit of one file, in turns with a warm ruff; then `gates bill` in an environment of 60 distributions of which
nothing is kept, without the validation.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import shutil
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Optional

from bench.corpora import CORPORA, commit, git, write
from bench.figure import HEADS, Bar, Figure, aligned, cells
from bench.gates import DEFAULT_CORPORA, workplace
from bench.machine import machine
from bench.measure import BenchError, Command, timed
from bench.peers import script
from bench.states import Tree
from bench.tables import between_markers, ruled
from gates.facts.supply.advisory_database import build

SUPPLY = (
    "unlocked-dependency",
    "incomplete-bill",
    "known-vulnerability",
    "leaked-secret",
    "unpinned-action",
    "unsafe-workflow",
)
SECTIONS = {
    "known-vulnerability": 'when_broken = "warn"\n',
    "incomplete-bill": 'when_broken = "warn"\n',
    "unpinned-action": 'may_be_empty = "a release has no workflows"\n',
    "unsafe-workflow": 'may_be_empty = "a release has no workflows"\nwhen_broken = "warn"\n',
}
BEGIN, END = "<!-- bench.supply -->", "<!-- bench.supply end -->"
COMPONENTS = 60
WARM = Bar(1.0, of_ratio=True)
BILL = Bar(2.0)


def promised(tree: Tree) -> None:
    """Switch the gates on, bring advisories of today, and record what they find as debt."""
    place = tree.place
    policy = (place / "policies/gates.toml").read_text("utf-8")
    sections = [f'\n[gates.{name}]\nlevel = "block"\n{SECTIONS.get(name, "")}' for name in SUPPLY]
    write(place, {"policies/gates.toml": policy + "".join(sections)})
    package = {"ecosystem": "PyPI", "name": "gates-bench"}
    today = dt.date.today()  # noqa: DTZ011  (the day that the run judges by)
    record = {"id": "CVE-0", "modified": today.isoformat(), "affected": [{"package": package, "versions": ["1.0"]}]}
    (place / ".gates/advisories").mkdir(parents=True, exist_ok=True)
    for name, content in build([record], today)[1].items():
        (place / ".gates/advisories" / name).write_bytes(content)
    commit(place, "What the supply chain promises")
    timed(tree.gates("baseline", "--accept-new"), tree.output)
    commit(place, "Its debt")


def judged(corpora: Path, work: Path, rounds: int) -> Iterator[Figure]:
    """`gates run` beside a warm ruff."""
    tree = Tree.made(CORPORA[0], corpora, work / "judged")
    promised(tree)
    tree.settled()
    files = len(git(tree.place, "ls-files").splitlines())
    yield from _beside_ruff(tree, f"unchanged, {files:,} files, ten gates", rounds, WARM)
    samples = []
    for _ in range(rounds):
        tree.body_changed()
        samples.append(timed(tree.gates("run"), tree.output).wall)
    yield Figure("one file edited", statistics.median(samples), "s", rounds, samples=tuple(samples))
    shutil.rmtree(tree.work)


def _beside_ruff(tree: Tree, what: str, rounds: int, bar: Bar) -> Iterator[Figure]:
    ours, ruff = [], []
    for _ in range(rounds):
        ours.append(timed(tree.gates("run"), tree.output).wall)
        ruff.append(timed(tree.peers.ruff(tree.place, tree.caches), tree.output).wall)
    measured, beside = statistics.median(ours), statistics.median(ruff)
    yield Figure(what, measured, "s", rounds, f"warm ruff, {beside:.3f} s", measured / beside, bar, samples=tuple(ours))


def billed(work: Path, rounds: int) -> Iterator[Figure]:
    """`gates bill` of an environment of 60 distributions whose metadata is as long as that of real ones."""
    place = work / "billed"
    lines = []
    for number in range(COMPONENTS):
        name = f"part-{number}"
        needs = "".join(f"Requires-Dist: part-{other}\n" for other in range(max(0, number - 3), number))
        about = f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\nAuthor: A\nLicense-Expression: MIT\n{needs}"
        folder = f"env/lib/python3/site-packages/part_{number}-1.0.dist-info"
        write(place, {f"{folder}/METADATA": f"{about}\n{'What it is for. ' * 500}\n"})
        lines.append(f"{name}==1.0 --hash=sha256:{number:064x}\n")
    settings = '[gates.incomplete-bill]\nlevel = "block"\n\n[facts.bill]\nenvironment = "env"\n'
    write(place, {"requirements.txt": "".join(lines), "policies/gates.toml": settings, ".gitignore": "env/\n"})
    git(place, "init", "--quiet", "--initial-branch=main")
    git(place, "config", "user.name", "bench")
    git(place, "config", "user.email", "bench@example.org")
    git(place, "add", ".")
    git(place, "commit", "--quiet", "--message", "A lock")
    command = Command((str(script("gates")), "bill", "--spdx", "bom.spdx.json"), place, says=f"{COMPONENTS} components")
    samples = []
    for _ in range(rounds):
        shutil.rmtree(place / ".gates", ignore_errors=True)
        samples.append(timed(command, work / "output.txt").wall)
    what = f"gates bill, {COMPONENTS} components, nothing kept, without the validation"
    yield Figure(what, statistics.median(samples), "s", rounds, bar=BILL, samples=tuple(samples))


def main(words: Optional[Sequence[str]] = None) -> int:
    """Measure and print. 0 whether the bars are met or not; 1 what failed."""
    parser = argparse.ArgumentParser(prog="python -m bench.supply", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help="runs of each [15]")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table between the marks of this file")
    parser.add_argument(
        "--corpora", type=Path, default=DEFAULT_CORPORA, metavar="DIR", help="where the sdists are kept"
    )
    options = parser.parse_args(words)
    before = os.getloadavg()[0]
    try:
        with workplace(None) as work:
            figures = [*billed(work, options.rounds), *judged(options.corpora.expanduser(), work, options.rounds)]
    except (BenchError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    head = f"{machine()}; load {before:.1f} before, {os.getloadavg()[0]:.1f} after"
    print(head, aligned(HEADS), *(aligned(cells(figure)) for figure in figures), sep="\n")
    if options.markdown:
        written = f"{head}\n\n{ruled([HEADS, *map(cells, figures)])}"
        text = between_markers(options.markdown.read_text("utf-8"), written, BEGIN, END)
        options.markdown.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
