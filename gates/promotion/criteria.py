"""Does a module meet one criterion? Each is a function of what verified evidence tells, and of nothing else."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Optional

from gates.evidence.figures import OWN
from gates.facts.interfaces import changed
from gates.facts.promotion_policy import POLICY, LaneModule
from gates.number_words import counted
from gates.promotion.told import Told

CROSSES = "cross-lane-import"
_NODE = "node:"
_SHOWN = 3
_LABEL = re.compile(r'(\w+)="([^"]*)"')


class Answer(str, enum.Enum):
    """What can be said of a criterion; only MET and ASIDE let a module rise."""

    MET = "met"
    UNMET = "not met"
    UNKNOWN = "could not tell"
    ASIDE = "set aside"


class Verdict(NamedTuple):
    """An answer, and the words for it; of what is not known they end with the command that would produce it."""

    criterion: str
    answer: Answer
    says: str


Said = tuple[Answer, str]
_Judge = Callable[[LaneModule, str, Told], Said]


def judge(module: LaneModule, lane: str, told: Told) -> tuple[Verdict, ...]:
    """Every criterion, for this module in this lane."""
    return tuple(_one(criterion, ask, module, lane, told) for criterion, ask in _JUDGES.items())


def _one(criterion: str, ask: _Judge, module: LaneModule, lane: str, told: Told) -> Verdict:
    if criterion in module.set_aside:
        return Verdict(criterion, Answer.ASIDE, module.set_aside[criterion])
    return Verdict(criterion, *ask(module, lane, told))


def _interface(module: LaneModule, lane: str, told: Told) -> Said:
    then = (told.recorded or {}).get(module.name)
    now = told.signatures.get(module.name, {})
    record = f"run `gates promote {module.name} --record`, and commit {told.policy.interfaces}"
    if then is None:
        return Answer.UNKNOWN, f"its signatures were never recorded; {record}"
    differing = changed(then, now)
    if differing:
        return Answer.UNMET, f"{counted(len(differing), 'public names')} not as recorded: {_some(differing)}"
    return Answer.MET, f"{counted(sum(map(len, now.values())), 'public names')} as recorded"


def _coverage(module: LaneModule, lane: str, told: Told) -> Said:
    why = told.lacking("coverage")
    if why is not None:
        return Answer.UNKNOWN, why
    seen = told.modules[module.name]["coverage"]
    if seen["files not measured"]:
        return Answer.UNMET, f"not measured at all: {counted(seen['files not measured'], 'files')} of it"
    if not seen["statements"]:
        return Answer.UNMET, "it has no statement that was measured"
    percent = 100 * seen["reached"] / seen["statements"]
    says = f"{percent:.1f} % of {seen['statements']:,} statements, and {told.policy.coverage:g} % are asked"
    return (Answer.MET if percent >= told.policy.coverage else Answer.UNMET), says


def _telemetry(module: LaneModule, lane: str, told: Told) -> Said:
    if not module.spans or not module.metrics:
        what = "metric" if module.spans else "span"
        return Answer.UNMET, f"{POLICY} names no {what} of it"
    why = told.lacking("telemetry")
    if why is not None:
        return Answer.UNKNOWN, why
    heard = told.figures["telemetry"]
    silent = [span for span in module.spans if not heard["spans"].get(span)]
    silent += [metric for metric in module.metrics if not _counted(metric, heard["series"])]
    if silent:
        return Answer.UNMET, f"was driven, and not heard of: {_some(silent)}"
    return Answer.MET, f"heard of: {_some([*module.spans, *module.metrics])}"


def _counted(metric: str, series: Mapping[str, Sequence[Mapping[str, str]]]) -> bool:
    """Whether a metric, `name` or `name{label="value"}`, counted anything; a histogram has its suffixes."""
    name, _, rest = metric.partition("{")
    wanted = _LABEL.findall(rest)
    sets = (labels for suffix in ("", "_count", "_bucket", "_sum") for labels in series.get(name + suffix, ()))
    return any(all(labels.get(label) == value for label, value in wanted) for labels in sets)


def _budget(module: LaneModule, lane: str, told: Told) -> Said:
    if not module.budgets:
        return Answer.UNMET, f"{POLICY} names no budget for it"
    limits = {row["name"]: row for row in _rows(told.figures.get("budgets")) if row["quantile"] == "p95"}
    missing = [name for name in module.budgets if name not in limits]
    why = told.lacking("timings")
    if why is not None:
        return Answer.UNKNOWN, why
    if missing:
        return Answer.UNMET, f"budgets.toml has no p95 of {_some(missing)}"
    for name in module.budgets:
        row = limits[name]
        if row.get("estimate") is None:
            return Answer.UNKNOWN, f"{name}: nothing measures it; run `{_made_by(told, 'timings')}`"
        if row["upper"] is None or row["upper"] > row["limit"]:
            most = "as far as so few calls tell" if row["upper"] is None else f"up to {row['upper'] * 1e3:.3g} ms"
            return Answer.UNMET, f"{name}: p95 is {row['estimate'] * 1e3:.3g} ms, {most}, of {row['limit'] * 1e3:g} ms"
    most = max(module.budgets, key=lambda name: float(limits[name]["upper"] / limits[name]["limit"]))
    row = limits[most]
    return Answer.MET, f"{most}: p95 is at most {row['upper'] * 1e3:.3g} ms of {row['limit'] * 1e3:g} ms"


def _lanes(module: LaneModule, lane: str, told: Told) -> Said:
    result = told.results.get(CROSSES)
    if result is None:
        return Answer.UNKNOWN, f"the policy does not ask {CROSSES}; add [gates.{CROSSES}] to gates.toml"
    outcome, proof = result.record["outcome"], result.record["proof"]["outcome"]
    if outcome not in ("passed", "failed"):
        return Answer.UNKNOWN, f"{CROSSES} is {outcome}: {result.record.get('reason', 'it does not say why')}"
    if proof != "passed":
        return Answer.UNKNOWN, f"{CROSSES} was not shown to fail here; run `gates prove --gate {CROSSES}`"
    standing, waived = told.found_in(CROSSES, module.name)
    if standing:
        return Answer.UNMET, standing[0]
    aside = f"; {len(waived)} set aside by waivers" if waived else ""
    if told.modules[module.name]["lane"] == lane:  # what it imports there is just what the gate judged
        return Answer.MET, f"imports nothing that {lane} may not{aside}"
    may = {OWN, lane, *told.figures["modules"]["may_import"].get(lane, ())}
    crossing = [other for other in told.modules[module.name]["imports"] if other not in may]
    if crossing:
        return Answer.UNMET, f"it imports {_some(crossing)}, which {lane} may not"
    return Answer.MET, f"imports nothing that {lane} may not{aside}"


def _registry(module: LaneModule, lane: str, told: Told) -> Said:
    if not module.plugins:
        return Answer.UNMET, f"{POLICY} names no plugin of it: nothing loads it but imports"
    why = told.lacking("telemetry")
    if why is not None:
        return Answer.UNKNOWN, why
    states = told.figures["telemetry"]["plugins"]
    for plugin in module.plugins:
        if states.get(plugin) != "loaded":
            return Answer.UNMET, f"{plugin} is {states.get(plugin, 'unknown to the registry')}"
    return Answer.MET, f"loaded: {_some(module.plugins)}"


def _rollback(module: LaneModule, lane: str, told: Told) -> Said:
    if not module.flags:
        return Answer.UNMET, f"{POLICY} names no flag that takes it back"
    why = told.lacking("telemetry")
    if why is not None:
        return Answer.UNKNOWN, why
    missing = [flag for flag in module.flags if flag not in told.figures["telemetry"]["flags"]]
    if missing:
        return Answer.UNMET, f"the service knows no flag {_some(missing)}"
    return Answer.MET, _some(module.flags)


def _drill(module: LaneModule, lane: str, told: Told) -> Said:
    if not module.drills:
        return Answer.UNMET, f"{POLICY} names no drill of it"
    why = told.lacking("drills")
    if why is not None:
        return Answer.UNKNOWN, why
    told_of = told.figures["drills"]["by_name"]
    seen: dict[str, Any] = {}
    for asked in module.drills:
        rows = {name: row for name, row in told_of.items() if asked in (name, row["stage"])}
        if not rows:
            return Answer.UNMET, f"no drill of {asked} is on record; run `{_made_by(told, 'drills')}`"
        seen.update(rows)
    broken = [name for name, row in seen.items() if row["verdict"] != "held"]
    if broken:
        return Answer.UNMET, f"did not hold: {_some(broken)}"
    drilled = {node for row in seen.values() for node in row["nodes"]}
    nodes = [plugin[len(_NODE) :] for plugin in module.plugins if plugin.startswith(_NODE)]
    absent = [node for node in nodes if node not in drilled]
    if absent:
        return Answer.UNMET, f"the drills on record were held without {_some(absent)}"
    return Answer.MET, f"{counted(len(seen), 'drills')} held, {told.figures['drills']['at'][:10]}"


def _rows(told: Optional[Any]) -> Sequence[Mapping[str, Any]]:
    return told if isinstance(told, list) else ()


def _made_by(told: Told, recording: str) -> str:
    return str(told.figures["recordings"][recording]["made_by"])


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


_JUDGES: Mapping[str, _Judge] = {
    "interface": _interface,
    "coverage": _coverage,
    "telemetry": _telemetry,
    "budget": _budget,
    "lanes": _lanes,
    "registry": _registry,
    "rollback": _rollback,
    "drill": _drill,
}
