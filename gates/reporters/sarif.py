"""The report as SARIF 2.1.0, for code scanning and editors. No duration, no absolute path: one report, one text."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Optional
from urllib.parse import quote

from gates.finding import Finding
from gates.report import Level, Outcome, Report, Result
from gates.reporters.printable import printable
from gates.reporters.rule_help import help_of
from gates.reporters.verdict import UNSURE, remarks, standing, verdict, weight
from gates.waiver import Waiver

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "gates/v1"
_BASE = "%SRCROOT%"
_LEVELS = {Level.BLOCK: "error", Level.WARN: "warning", Level.OFF: "none"}

Suppressed = Optional[str]
"""Why a finding does not stand, or None where it does."""


def render(report: Report) -> str:
    """One run; a rule for each gate that was asked, passed or not."""
    run = {
        "tool": {"driver": {"name": "gates", "version": report.version, "rules": _rules(report)}},
        "automationDetails": {"id": f"gates/{report.commit or ''}"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_BASE: {"description": {"text": "The root of the repository."}}},
        "invocations": [_invocation(report)],
        "results": [entry for index, result in enumerate(report.results) for entry in _results(report, result, index)],
        "properties": _properties(report),
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=1, sort_keys=True, ensure_ascii=True) + "\n"


def _rules(report: Report) -> list[dict[str, Any]]:
    rules = []
    for result in report.results:
        about = help_of(result.gate)
        rule = {
            "id": printable(result.gate),
            "shortDescription": {"text": about.short},
            "fullDescription": {"text": about.short},
            "help": {"text": about.full, "markdown": about.markdown},
            "defaultConfiguration": {"level": _LEVELS[result.level], "enabled": result.level is not Level.OFF},
        }
        rules.append(rule)
    return rules


def _results(report: Report, result: Result, index: int) -> Iterator[dict[str, Any]]:
    """Standing, waived and owed, by place; equal ones are told apart by their number among equals."""
    entries: list[tuple[Finding, Suppressed]] = [(finding, None) for finding in standing(result)]
    entries += [(finding, _set_aside(waiver)) for finding, waiver in result.waived]
    entries += [(finding, "already owed when the baseline was recorded") for finding in result.owed]
    seen: Counter[str] = Counter()
    for finding, suppressed in sorted(entries, key=lambda entry: entry[0].place):
        fingerprint = finding.fingerprint(result.gate)
        seen[fingerprint] += 1
        nth = "" if seen[fingerprint] == 1 else f":{seen[fingerprint]}"
        yield _result(report, result, index, finding, suppressed, fingerprint + nth)


def _set_aside(waiver: Waiver) -> str:
    return printable(f"{waiver.reason} ({waiver.owner}, {waiver.ticket}, until {waiver.expires.isoformat()})")


def _result(
    report: Report, result: Result, index: int, finding: Finding, suppressed: Suppressed, fingerprint: str
) -> dict[str, Any]:
    message = _unlinked(finding.message)
    if len(finding.trace) > 2:
        message += f" ({' -> '.join(map(_unlinked, finding.trace))})"
    entry: dict[str, Any] = {
        "ruleId": printable(result.gate),
        "ruleIndex": index,
        "level": _LEVELS[result.level],
        "message": {"text": message},
        "locations": [_location(report, finding)] if finding.path else [],
        "partialFingerprints": {FINGERPRINT: fingerprint},
        # The standard asks for all or none: an empty list says that nothing suppresses this one.
        "suppressions": [] if suppressed is None else [_suppression(suppressed)],
        "properties": {"subject": printable(finding.subject), "verdict": printable(finding.verdict)},
    }
    if len(finding.trace) > 2:
        entry["stacks"] = [_stack(entry["locations"], finding)]
    if finding.fix is not None:
        entry["properties"]["fix"] = printable(finding.fix)
    return entry


def _unlinked(text: str) -> str:
    # In a message `[text](target)` is a link, even where it is plain text.
    return printable(text).replace("](", "] (")


def _suppression(justification: str) -> dict[str, Any]:
    return {"kind": "external", "status": "accepted", "justification": justification}


def _location(report: Report, finding: Finding) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(finding.path), "uriBaseId": _BASE}}
    if finding.line > 0:
        region: dict[str, Any] = {"startLine": finding.line}
        if finding.column > 0:
            region["startColumn"] = finding.column
        source = report.lines.get((finding.path, finding.line))
        if source is not None:
            region["snippet"] = {"text": printable(source.expandtabs(4))}
        physical["region"] = region
    return {"physicalLocation": physical}


def _uri(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"))


def _stack(locations: list[dict[str, Any]], finding: Finding) -> dict[str, Any]:
    """The chain of imports, what is reached first and the importer last, as in a traceback.

    Not a code flow: only the first step has a file here, and code scanning refuses a whole log for a step without.
    """
    importer, *others = [{"fullyQualifiedName": printable(name), "kind": "module"} for name in finding.trace]
    frames = [{"location": {"logicalLocations": [name]}} for name in reversed(others)]
    physical = locations[0] if locations else {}
    frames.append({"location": {**physical, "logicalLocations": [importer]}})
    return {"message": {"text": "The shortest chain of imports."}, "frames": frames}


def _invocation(report: Report) -> dict[str, Any]:
    unsure = [
        (index, result)
        for index, result in enumerate(report.results)
        if result.outcome in (Outcome.BROKEN, Outcome.VACUOUS)
    ]
    return {
        "executionSuccessful": not any(weight(report, result) == UNSURE for _, result in unsure),
        "exitCode": report.exit_code,
        "exitCodeDescription": verdict(report),
        "toolExecutionNotifications": [_notification(report, result, index) for index, result in unsure],
    }


def _notification(report: Report, result: Result, index: int) -> dict[str, Any]:
    said = "; ".join(remarks(result)) or "no reason is known"
    gate = printable(result.gate)
    return {
        "associatedRule": {"id": gate, "index": index},
        "level": "error" if weight(report, result) == UNSURE else "warning",
        "message": {"text": f"{gate} is {result.outcome.value}: {said}"},
    }


def _properties(report: Report) -> dict[str, Any]:
    """What was looked at, and of what: a log without results must show that something was searched."""
    return {
        "commit": report.commit,
        "tree": report.tree,
        "today": report.today,
        "dirty": [printable(path) for path in report.dirty],
        "gates": {
            printable(result.gate): {
                "outcome": result.outcome.value,
                "examined": {printable(unit): number for unit, number in result.examined.items()},
                "digest": result.digest,
            }
            for result in report.results
        },
    }
