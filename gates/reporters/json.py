"""The report as JSON, for machines; and back, exactly. docs/report-format.md says what each field means."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, Optional

from gates.baseline import Debt
from gates.errors import GatesError
from gates.finding import Finding
from gates.report import LaneMap, Level, Outcome, Report, Result
from gates.waiver import Waiver

SCHEMA = 1


def render(report: Report) -> str:
    """Sorted keys, ASCII only, a newline at the end: one report has one text."""
    return written(document(report))


def written(tree: Mapping[str, Any]) -> str:
    """Any JSON of ours as text."""
    return json.dumps(tree, indent=1, sort_keys=True, ensure_ascii=True) + "\n"


def document(report: Report) -> dict[str, Any]:
    """The report as plain dictionaries and lists."""
    lines: dict[str, dict[str, str]] = {}
    for (path, line), text in report.lines.items():
        lines.setdefault(path, {})[str(line)] = text
    return {
        "schema": SCHEMA,
        "tool": {"name": "gates", "version": report.version},
        "commit": report.commit,
        "tree": report.tree,
        "base": report.base,
        "dirty": list(report.dirty),
        "today": report.today,
        "strict": report.strict,
        "policies": report.policies,
        "exit_code": report.exit_code,
        "results": [_result(result) for result in report.results],
        "paid_off": [_debt(debt) for debt in report.paid_off],
        "notes": list(report.notes),
        "lanes": lane_fields(report.lanes),
        "lines": lines,
    }


def _result(result: Result) -> dict[str, Any]:
    gate = result.gate
    return {
        "gate": gate,
        "level": result.level.value,
        "outcome": result.outcome.value,
        "reason": result.reason,
        "excused": result.excused,
        "notes": list(result.notes),
        "examined": dict(result.examined),
        "inputs": dict(result.inputs),
        "digest": result.digest,
        "seconds": float(result.seconds),
        "findings": [finding_fields(gate, finding) for finding in result.findings],
        "waived": [
            {"finding": finding_fields(gate, finding), "waiver": waiver_fields(waiver)}
            for finding, waiver in result.waived
        ],
        "owed": [finding_fields(gate, finding) for finding in result.owed],
    }


def finding_fields(gate: str, finding: Finding) -> dict[str, Any]:
    """A finding as JSON holds it, with the fingerprint that it has as one of this gate."""
    return {
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
        "message": finding.message,
        "subject": finding.subject,
        "fingerprint": finding.fingerprint(gate),
        "trace": list(finding.trace),
        "fix": finding.fix,
        "verdict": finding.verdict,
    }


def waiver_fields(waiver: Waiver) -> dict[str, Any]:
    """A waiver as JSON holds it."""
    return {
        "gate": waiver.gate,
        "path": waiver.path,
        "subject": waiver.subject,
        "reason": waiver.reason,
        "owner": waiver.owner,
        "ticket": waiver.ticket,
        "expires": waiver.expires.isoformat(),
    }


def _debt(debt: Debt) -> dict[str, Any]:
    return {"gate": debt.gate, "path": debt.path, "subject": debt.subject, "count": debt.count}


def lane_fields(lanes: Optional[LaneMap]) -> Optional[dict[str, Any]]:
    """The lanes in the order of the policy, and the edges between them, sorted."""
    if lanes is None:
        return None
    held = [
        {"name": name, "modules": lanes.modules.get(name, 0), "may_import": list(may)}
        for name, may in lanes.may_import.items()
    ]
    edges = [
        {"from": mine, "to": other, "imports": number, "allowed": other in lanes.may_import.get(mine, ())}
        for (mine, other), number in sorted(lanes.edges.items())
    ]
    return {"lanes": held, "edges": edges}


def parse(text: str, *, checked: bool = True) -> Report:
    """The report that `render` wrote. GatesError where it is none.

    `checked` also demands that every field is of its type, and that what can be worked out (exit code, fingerprints)
    agrees; a caller that has compared the text's digest with its own record may leave that out. Fields that this
    version does not know are passed over.
    """
    try:
        tree = json.loads(text)
        if tree["schema"] != SCHEMA:
            raise ValueError(f"schema is {tree['schema']!r}, not {SCHEMA}")
        if checked:
            _refuse_other_types(tree)
        report = _report(tree)
        differs = _difference(document(report), tree, "$") if checked else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise GatesError(f"is no report of gates: {type(error).__name__}: {error}") from None
    if differs is not None:
        raise GatesError(f"is no report of gates: {differs}")
    return report


def _refuse_other_types(tree: Any) -> None:
    import msgspec  # a replay, which trusts its own record, does without

    from gates.reporters.report_types import ReportFields

    try:
        msgspec.convert(tree, ReportFields)
    except msgspec.ValidationError as error:  # a ValueError in later versions only
        raise ValueError(str(error)) from None


def _report(tree: Mapping[str, Any]) -> Report:
    return Report(
        version=tree["tool"]["version"],
        results=tuple(_read_result(result) for result in tree["results"]),
        commit=tree["commit"],
        tree=tree["tree"],
        base=tree["base"],
        dirty=tuple(tree["dirty"]),
        today=tree["today"],
        strict=tree["strict"],
        policies=tree["policies"],
        paid_off=tuple(Debt(debt["gate"], debt["path"], debt["subject"], debt["count"]) for debt in tree["paid_off"]),
        notes=tuple(tree["notes"]),
        lanes=_read_lanes(tree["lanes"]),
        lines={(path, int(line)): text for path, lines in tree["lines"].items() for line, text in lines.items()},
    )


def _read_result(tree: Mapping[str, Any]) -> Result:
    return Result(
        gate=tree["gate"],
        level=Level(tree["level"]),
        outcome=Outcome(tree["outcome"]),
        findings=tuple(map(_read_finding, tree["findings"])),
        waived=tuple((_read_finding(pair["finding"]), _read_waiver(pair["waiver"])) for pair in tree["waived"]),
        owed=tuple(map(_read_finding, tree["owed"])),
        examined=tree["examined"],
        digest=tree["digest"],
        seconds=float(tree["seconds"]),
        reason=tree["reason"],
        excused=tree["excused"],
        notes=tuple(tree["notes"]),
        inputs=tree["inputs"],
    )


def _read_finding(tree: Mapping[str, Any]) -> Finding:
    return Finding(
        path=tree["path"],
        line=tree["line"],
        message=tree["message"],
        subject=tree["subject"],
        column=tree["column"],
        trace=tuple(tree["trace"]),
        fix=tree["fix"],
        verdict=tree["verdict"],
    )


def _read_waiver(tree: Mapping[str, Any]) -> Waiver:
    return Waiver(
        gate=tree["gate"],
        reason=tree["reason"],
        owner=tree["owner"],
        ticket=tree["ticket"],
        expires=dt.date.fromisoformat(tree["expires"]),
        path=tree["path"],
        subject=tree["subject"],
    )


def _read_lanes(tree: Optional[Mapping[str, Any]]) -> Optional[LaneMap]:
    if tree is None:
        return None
    return LaneMap(
        modules={lane["name"]: lane["modules"] for lane in tree["lanes"]},
        may_import={lane["name"]: tuple(lane["may_import"]) for lane in tree["lanes"]},
        edges={(edge["from"], edge["to"]): edge["imports"] for edge in tree["edges"]},
    )


def _difference(ours: Any, read: Any, place: str) -> Optional[str]:
    """Where what was read is not what would be written; fields that are not ours do not count."""
    if isinstance(ours, dict) and isinstance(read, dict):
        pairs = [(ours[key], read.get(key), f"{place}.{key}") for key in ours]
    elif isinstance(ours, list) and isinstance(read, list) and len(ours) == len(read):
        pairs = [(mine, other, f"{place}[{number}]") for number, (mine, other) in enumerate(zip(ours, read))]
    else:
        return None if ours == read else f"{place} is {read!r:.60}, and should be {ours!r:.60}"
    return next(filter(None, (_difference(*pair) for pair in pairs)), None)
