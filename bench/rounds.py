"""Runs a corpus's plan: the rows of each group in turn, then once more each for its memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

from bench.figures import Figures, Sample
from bench.measure import timed
from bench.memory import Peak, peak
from bench.plan import Group, Key, Row, groups
from bench.states import Tree


@dataclass
class Measured:
    """What one corpus gave. Rows that compare are kept together, in the order in which they were run."""

    corpus: str
    version: str
    files: int
    modules: int
    together: list[list[Key]] = field(default_factory=list)
    samples: dict[Key, list[Sample]] = field(default_factory=dict)
    peaks: dict[Key, Peak] = field(default_factory=dict)
    load: tuple[float, float] = (0.0, 0.0)
    """The machine's load average before and after."""

    @property
    def figures(self) -> dict[Key, Figures]:
        """The samples, summed up."""
        return {key: Figures.of(samples) for key, samples in self.samples.items()}


def measure(tree: Tree, paths: Iterable[str], runs: int, memory: bool) -> Measured:
    """Everything about one corpus."""
    listed = list(paths)
    corpus = tree.corpus
    modules = sum(path.endswith(".py") for path in listed)
    measured = Measured(corpus.name, corpus.version, len(listed), modules)
    before = os.getloadavg()[0]
    for group in groups(tree):
        _say(f"{corpus.name}: {', '.join(dict.fromkeys(row.state for row in group.rows))}")
        group.begin()
        _in_turn(tree, group, measured, runs)
        if memory:
            for row in group.rows:
                _watch(tree, row, measured)
    measured.load = (before, os.getloadavg()[0])
    return measured


def _in_turn(tree: Tree, group: Group, measured: Measured, runs: int) -> None:
    measured.together.append([row.key for row in group.rows])
    for _ in range(runs * group.times):
        for row in group.rows:
            row.prepare()
            measured.samples.setdefault(row.key, []).append(timed(row.command(), tree.output))


def _watch(tree: Tree, row: Row, measured: Measured) -> None:
    if row.watched:
        row.prepare()
        seen = peak(row.command(), tree.output)
        if seen is not None:
            measured.peaks[row.key] = seen


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
