"""The figures of a run: what coverage, timings, telemetry, drills and signatures say of the modules and the change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Callable

from gates.attestation import strict_json
from gates.errors import FactUnavailable, GatesError
from gates.evidence.recordings import Recording
from gates.facts.budgets import QUANTILES, BudgetsPolicy
from gates.facts.changed_code import ChangedCode
from gates.facts.checkout import Checkout
from gates.facts.coverage import Coverage
from gates.facts.drills import Drills
from gates.facts.fact import Gatherer
from gates.facts.lane_edges import LaneEdges
from gates.facts.lanes import Lanes
from gates.facts.module_lanes import ModuleLanes, Placed
from gates.facts.observability.driven_run import DrivenRun
from gates.facts.stamp import blob
from gates.facts.timing import kept
from gates.facts.timings import Timings
from gates.facts.today import Today

NAME = "figures.json"
SCHEMA = 1
OWN = "the module itself"
_EMPTY = blob(b"")
_LATEST = 30


def figures(gatherer: Gatherer, recordings: list[Recording]) -> dict[str, Any]:
    """Plain data. A part that cannot be had is a table whose one key, `lacking`, says why."""
    known = {recording.name for recording in recordings}
    parts: dict[str, Callable[[Gatherer], Any]] = {"modules": _modules}
    if "coverage" in known:
        parts["change"] = _change
    if "timings" in known:
        parts["budgets"] = _budgets
        parts["trend"] = _trend
    if "telemetry" in known:
        parts["telemetry"] = _telemetry
    if "drills" in known:
        parts["drills"] = _drills
    told = {name: _told(part, gatherer) for name, part in parts.items()}
    return {"schema": SCHEMA, "recordings": {each.name: each.plain() for each in recordings}, **told}


def render(told: Mapping[str, Any]) -> bytes:
    """The file's bytes."""
    return strict_json.dumps(told)


def _told(part: Callable[[Gatherer], Any], gatherer: Gatherer) -> Any:
    try:
        return part(gatherer)
    except (FactUnavailable, GatesError) as error:
        return {"lacking": str(error)}


def _modules(gatherer: Gatherer) -> dict[str, Any]:
    """Of each module of promotion.toml: its files, the lanes that it imports, and how much of it tests reach."""
    held = gatherer.get(ModuleLanes)
    edges, coverage = gatherer.get(LaneEdges), gatherer.get(Coverage)
    may_import = {lane.name: list(lane.may_import) for lane in gatherer.get(Lanes).lanes}
    nodes = {file.path: node for node, file in enumerate(edges.modules.files)}
    found = {}
    for module in held.policy.module:
        placed = held.by_module[module.name]
        found[module.name] = {
            "lane": held.lane_of(module),
            "files": {one.file.path: one.file.blob for one in placed},
            "imports": _imports(edges, placed, nodes),
            "coverage": _coverage(coverage, placed),
        }
    return {"lanes": list(held.policy.lanes), "may_import": may_import, "by_name": found}


def _imports(edges: LaneEdges, placed: tuple[Placed, ...], nodes: Mapping[str, int]) -> dict[str, int]:
    """Lane to how many imports go there; what the module imports of itself goes along wherever it goes."""
    own = {nodes[one.file.path] for one in placed}
    targets = (target for node in own for target in edges.imports.wide[node])
    counted = Counter(OWN if target in own else edges.lane[target] for target in targets)
    return {lane: many for lane, many in sorted(counted.items(), key=str) if lane is not None}


def _coverage(coverage: Coverage, placed: tuple[Placed, ...]) -> dict[str, int]:
    """How many statements its files have, as far as a report tells, and how many of those ran."""
    told = coverage.of(one.file.path for one in placed)
    silent = [one for one in placed if one.file.path not in told and one.file.blob != _EMPTY]
    statements = sum(len(lines.statements) for lines in told.values())
    return {
        "statements": statements,
        "reached": sum(len(lines.executed) for lines in told.values()),
        "files not measured": len(silent),
    }


def _change(gatherer: Gatherer) -> dict[str, Any]:
    """By changed module: the statements that are new, and the lines of those that no test reached."""
    coverage = gatherer.get(Coverage)
    modules = [module for module in gatherer.get(ChangedCode).modules if module.statements]
    told = coverage.of(module.path for module in modules)
    found = {}
    for module in modules:
        lines = {statement.first for statement in module.statements}
        report = told.get(module.path)
        missed = sorted(lines & report.missing) if report is not None else []
        found[module.path] = {"statements": len(lines), "measured": report is not None, "missed": missed}
    return found


def _budgets(gatherer: Gatherer) -> list[dict[str, Any]]:
    """Each limit of budgets.toml beside what was timed: seconds, and between what the quantile lies."""
    timings, today = gatherer.get(Timings), gatherer.get(Today)
    measured = {benchmark.name: benchmark for benchmark in timings.benchmarks}
    found: list[dict[str, Any]] = []
    for budget in gatherer.get(BudgetsPolicy).budget:
        for key, quantile in QUANTILES.items():
            limit = budget.limit(key, today.date)
            if limit is None:
                continue
            benchmark = measured.get(budget.benchmark)
            bounds = timings.bounds(benchmark, quantile) if benchmark is not None else None
            row: dict[str, Any] = {"name": budget.name, "benchmark": budget.benchmark}
            row.update(quantile=key, limit=limit)
            if bounds is not None:
                row.update(estimate=bounds.estimate, lower=bounds.lower, upper=bounds.upper)
            found.append(row)
    return found


def _trend(gatherer: Gatherer) -> dict[str, list[dict[str, Any]]]:
    """By benchmark, the latest of the measurements that are kept in git, the oldest first."""
    checkout = gatherer.get(Checkout)
    content = checkout.read(kept.PLACE) if kept.PLACE in checkout.files else None
    try:
        measured = kept.parse(content)
    except ValueError as error:
        raise FactUnavailable(f"{kept.PLACE}: is no trend of timings ({error})") from None
    return {name: [_measurement(row) for row in rows[-_LATEST:]] for name, rows in sorted(measured.items())}


def _measurement(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: row.get(key) for key in ("date", "commit", "machine", "p50", "p95")}


def _telemetry(gatherer: Gatherer) -> dict[str, Any]:
    """What was heard of the service while queries were driven through it."""
    heard = gatherer.get(DrivenRun)
    return {
        "spans": dict(heard.spans),
        "series": {name: [dict(labels) for labels in sets] for name, sets in heard.series.items()},
        "plugins": dict(heard.plugins),
        "flags": list(heard.flags),
    }


def _drills(gatherer: Gatherer) -> dict[str, Any]:
    """Each drill on record, and whether its promises held."""
    drills = gatherer.get(Drills)
    rows = {
        drill.drill: {"stage": drill.stage, "verdict": drill.verdict, "nodes": list(drill.nodes)}
        for drill in drills.held
    }
    return {"at": drills.at, "by_name": rows}
