"""What is measured: rows that are run in turn, in groups within which figures may be compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.corpora import IMPORT_GATES
from bench.measure import Command
from bench.peers import IMPORT_LINTER, RUFF, TACH, installed
from bench.states import Tree

GATES = "gates"
COLD_IMPORTS = "cold, the two import gates"
COLD_ALL = "cold, all four gates"
COLD = "cold"
UNCHANGED = "unchanged"
WARM = "unchanged, beside the fresh checkout"
FRESH = "fresh checkout, cache kept"
TOUCHED = "all mtimes new"
IMPORT_ADDED = "one file edited, an import added"
BODY_CHANGED = "one file edited, its body only"
POLICY = "policy edited, one section"
PROVE = "gates prove, warm"

Key = tuple[str, str]


@dataclass(frozen=True)
class Row:
    """One tool in one state. `prepare` brings the state about before each run; `command` is then asked for."""

    state: str
    tool: str
    prepare: Callable[[], None]
    command: Callable[[], Command]
    watched: bool = False
    """Its memory is measured, too, in a run of its own."""

    @property
    def key(self) -> Key:
        """State and tool: unique within a corpus."""
        return (self.state, self.tool)


@dataclass(frozen=True)
class Group:
    """Rows that are run in turn, A B A B: what disturbs one disturbs the others. `times` as many rounds as asked."""

    rows: tuple[Row, ...]
    begin: Callable[[], None]
    times: int = 1


def _nothing() -> None:
    """The state needs no preparation."""


def groups(tree: Tree) -> Iterator[Group]:
    """Every group, of the tools that are installed."""
    for group in (
        _cold(tree),
        _unchanged(tree),
        _fresh(tree),
        _touched(tree),
        _edited(tree),
        _policy(tree),
        _prove(tree),
    ):
        yield Group(
            tuple(row for row in group.rows if row.tool == GATES or installed(row.tool)), group.begin, group.times
        )


def _imports(tree: Tree) -> Command:
    return tree.gates("run", *(part for name in IMPORT_GATES for part in ("--gate", name)))


def _run(tree: Tree) -> Command:
    return tree.gates("run")


def _cold(tree: Tree) -> Group:
    peers, place, caches = tree.peers, tree.place, tree.caches
    return Group(
        (
            Row(COLD_IMPORTS, GATES, tree.cold, lambda: _imports(tree), watched=True),
            Row(COLD, IMPORT_LINTER, _nothing, lambda: peers.import_linter(place, caches, cached=False), watched=True),
            Row(COLD_ALL, GATES, tree.cold, lambda: _run(tree), watched=True),
            Row(COLD, RUFF, _nothing, lambda: peers.ruff(place, caches, cached=False), watched=True),
            Row(COLD, TACH, _nothing, lambda: peers.tach(place), watched=True),
        ),
        tree.settled,
    )


def _unchanged(tree: Tree) -> Group:
    return Group(
        (
            Row(UNCHANGED, GATES, _nothing, lambda: _run(tree), watched=True),
            Row(UNCHANGED, RUFF, _nothing, lambda: tree.peers.ruff(tree.place, tree.caches), watched=True),
            Row(
                UNCHANGED,
                IMPORT_LINTER,
                _nothing,
                lambda: tree.peers.import_linter(tree.place, tree.caches),
                watched=True,
            ),
        ),
        tree.settled,
        times=3,  # they are short, and so more easily disturbed
    )


def _fresh(tree: Tree) -> Group:
    def gates_there() -> Command:
        return tree.gates("run", folder=tree.fresh)

    return Group(
        (
            Row(FRESH, GATES, tree.checked_out, gates_there, watched=True),
            Row(WARM, RUFF, _nothing, lambda: tree.peers.ruff(tree.place, tree.caches)),
            Row(FRESH, RUFF, _nothing, lambda: tree.peers.ruff(tree.fresh, tree.fresh_caches)),
            Row(FRESH, IMPORT_LINTER, _nothing, lambda: tree.peers.import_linter(tree.fresh, tree.fresh_caches)),
        ),
        tree.settled,
    )


def _each(tree: Tree, state: str, prepare: Callable[[], None]) -> tuple[Row, ...]:
    return (
        Row(state, GATES, prepare, lambda: _run(tree), watched=True),
        Row(state, RUFF, prepare, lambda: tree.peers.ruff(tree.place, tree.caches)),
        Row(state, IMPORT_LINTER, prepare, lambda: tree.peers.import_linter(tree.place, tree.caches)),
    )


def _touched(tree: Tree) -> Group:
    return Group(_each(tree, TOUCHED, tree.touched), tree.settled)


def _edited(tree: Tree) -> Group:
    rows = zip(_each(tree, IMPORT_ADDED, tree.import_added), _each(tree, BODY_CHANGED, tree.body_changed))
    return Group(tuple(row for pair in rows for row in pair), tree.settled)


def _policy(tree: Tree) -> Group:
    return Group((Row(POLICY, GATES, tree.policy_edited, lambda: _run(tree), watched=True),), tree.settled)


def _prove(tree: Tree) -> Group:
    return Group((Row(PROVE, GATES, tree.recovered, lambda: tree.gates("prove"), watched=True),), tree.settled)
