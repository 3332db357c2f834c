"""The lane report: how many imports go from lane to lane, and each violation with its chain; written at zero, too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Optional

from gates.finding import Finding
from gates.number_words import many
from gates.report import LaneMap, Report, Result
from gates.reporters.json import finding_fields, lane_fields, waiver_fields, written
from gates.reporters.markdown_text import code, escaped
from gates.reporters.mermaid import diagram
from gates.reporters.printable import printable
from gates.reporters.verdict import examined, remarks, standing

GATE = "cross-lane-import"
SCHEMA = 1
NOT_ASKED = f"{GATE} was not asked: nothing is known of lanes"


def lanes_json(report: Report) -> str:
    """`.gates/lane-violations.json`. No violation is told apart from nobody having looked by `outcome`."""
    result = _judged(report)
    lanes = lane_fields(report.lanes)
    tree: dict[str, Any] = {
        "schema": SCHEMA,
        "gate": GATE,
        "commit": report.commit,
        "dirty": list(report.dirty),
        "outcome": None if result is None else result.outcome.value,
        "reason": NOT_ASKED if result is None else result.reason,
        "examined": {} if result is None else dict(result.examined),
        "counts": _counts(result),
        "lanes": None if lanes is None else lanes["lanes"],
        "edges": None if lanes is None else lanes["edges"],
        "matrix": None if report.lanes is None else _matrix(report.lanes),
        "violations": list(_violations(result)),
    }
    return written(tree)


def lanes_markdown(report: Report) -> str:
    """`.gates/lane-violations.md`: the same for people."""
    result = _judged(report)
    lines = ["# Lane violations", "", *_summary(result)]
    if report.lanes is not None:
        lines += ["", "## Lanes", "", *_table(report.lanes), "", *diagram(report.lanes)]
    if result is not None and result.all_findings:
        lines += ["", "## Violations", "", *_list(result)]
    return "\n".join(lines) + "\n"


def lanes_text(report: Report) -> str:
    """The map for a terminal: each lane with its modules, what it may import, and how often it imports what."""
    result = _judged(report)
    lines = []
    if report.lanes is not None:
        lanes = report.lanes
        width = max(map(len, lanes.modules), default=0)
        for lane, modules in lanes.modules.items():
            may = ", ".join(map(printable, lanes.may_import[lane])) or "nothing"
            lines.append(f"{printable(lane):{width}}  {many(modules, 'module')}; may import {may}")
            told = ((other, lanes.edges.get((lane, other), 0)) for other in lanes.modules)
            for other, number in told:
                if number:
                    forbidden = "" if other in lanes.may_import[lane] else "  FORBIDDEN"
                    lines.append(f"{'':{width}}    -> {printable(other)}: {many(number, 'import')}{forbidden}")
        lines.append("")
    return "\n".join([*lines, *_summary(result)]) + "\n"


def _judged(report: Report) -> Optional[Result]:
    return next((result for result in report.results if result.gate == GATE), None)


def _counts(result: Optional[Result]) -> dict[str, int]:
    if result is None:
        return {"standing": 0, "waived": 0, "owed": 0}
    return {"standing": len(standing(result)), "waived": len(result.waived), "owed": len(result.owed)}


def _violations(result: Optional[Result]) -> Iterator[dict[str, Any]]:
    if result is None:
        return
    for finding in standing(result):
        yield {"state": "standing", **finding_fields(GATE, finding)}
    for finding, waiver in result.waived:
        yield {"state": "waived", **finding_fields(GATE, finding), "waiver": waiver_fields(waiver)}
    for finding in result.owed:
        yield {"state": "owed", **finding_fields(GATE, finding)}


def _matrix(lanes: LaneMap) -> dict[str, dict[str, int]]:
    return {mine: {other: lanes.edges.get((mine, other), 0) for other in lanes.may_import} for mine in lanes.may_import}


def _summary(result: Optional[Result]) -> list[str]:
    if result is None:
        return [f"{NOT_ASKED}."]
    counts = _counts(result)
    looked_at = escaped(examined(result)) or "nothing"
    told = f"{GATE} {result.outcome.value}: {many(counts['standing'], 'violation')}"
    told += f", {counts['waived']:,} waived, {counts['owed']:,} owed; looked at {looked_at}."
    return [told, *(f"\n{escaped(remark)}" for remark in remarks(result))]


def _table(lanes: LaneMap) -> Iterator[str]:
    """From each lane (row) to each other (column); what a lane may not import is bold."""
    names = list(lanes.may_import)
    yield "| imports from \\ to | modules | " + " | ".join(map(escaped, names)) + " |"
    yield "| :-- | --: |" + " --: |" * len(names)
    for mine in names:
        cells = (_cell(lanes, mine, other) for other in names)
        yield f"| {escaped(mine)} | {lanes.modules.get(mine, 0):,} | {' | '.join(cells)} |"
    yield ""
    yield "Bold: the lane may not import the other. A dash: it may not, and does not."


def _cell(lanes: LaneMap, mine: str, other: str) -> str:
    number = lanes.edges.get((mine, other), 0)
    if other in lanes.may_import[mine]:
        return f"{number:,}"
    return f"**{number:,}**" if number else "-"


def _list(result: Result) -> Iterator[str]:
    for finding in standing(result):
        yield from _item(finding, "")
    for finding, waiver in result.waived:
        until = f"waived until {waiver.expires.isoformat()} by {waiver.owner}, {waiver.ticket}: {waiver.reason}"
        yield from _item(finding, f" ({escaped(until)})")
    for finding in result.owed:
        yield from _item(finding, " (owed)")


def _item(finding: Finding, state: str) -> Iterator[str]:
    place = f"{finding.path}:{finding.line}" if finding.line else finding.path
    yield f"- {code(place)} {escaped(finding.message)}{state}"
    if finding.trace:
        yield f"  - {code(' -> '.join(finding.trace))}"
