"""The report as JUnit XML: a test suite for each gate, a test case for each finding."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from typing import Optional

from gates.finding import Finding
from gates.report import Outcome, Report, Result
from gates.reporters.printable import printable, source_line
from gates.reporters.verdict import FAILED, UNSURE, examined, remarks, standing, weight

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_COUNTED = ("failure", "error", "skipped")


def render(report: Report) -> str:
    """What blocks is a failure, what could not be told an error; what does not block, is waived or owed is skipped."""
    root = ET.Element("testsuites", name="gates")
    for result in report.results:
        root.append(_suite(report, result))
    _count(root, sum(result.seconds for result in report.results))
    ET.indent(root)
    return _HEAD + ET.tostring(root, encoding="unicode") + "\n"


def _suite(report: Report, result: Result) -> ET.Element:
    suite = ET.Element("testsuite", name=printable(result.gate))
    properties = ET.SubElement(suite, "properties")
    told = {"level": result.level.value, "outcome": result.outcome.value, "examined": examined(result)}
    for name, value in told.items():
        ET.SubElement(properties, "property", name=name, value=value)
    names: Counter[str] = Counter()
    for name, ending in _cases(report, result):
        names[name] += 1
        nth = f"{name} ({names[name]})" if names[name] > 1 else name
        case = ET.SubElement(suite, "testcase", classname=printable(result.gate), name=nth, time="0.000")
        if ending is not None:
            case.append(ending)
    _count(suite, result.seconds)
    return suite


def _cases(report: Report, result: Result) -> Iterator[tuple[str, Optional[ET.Element]]]:
    weighs = weight(report, result)
    findings = standing(result)
    for finding in findings:
        yield _name(finding), _of_finding(report, finding, {FAILED: "failure", UNSURE: "error"}.get(weighs, "skipped"))
    if result.outcome is Outcome.PASSED:
        yield "holds", None
    elif not findings:
        tag = {FAILED: "failure", UNSURE: "error"}.get(weighs, "skipped")
        yield "holds", _ending(tag, result.outcome.value, "; ".join(remarks(result)) or result.outcome.value)
    for finding, waiver in result.waived:
        who = f"{waiver.owner}, {waiver.ticket}, until {waiver.expires.isoformat()}"
        yield _name(finding), _ending("skipped", "waived", printable(f"waived: {waiver.reason} ({who})"))
    for finding in result.owed:
        yield _name(finding), _ending("skipped", "owed", printable(f"owed: {finding.message}"))


def _name(finding: Finding) -> str:
    return printable(f"{finding.path}: {finding.subject}")


def _of_finding(report: Report, finding: Finding, tag: str) -> ET.Element:
    place = f"{finding.path}:{finding.line}" if finding.line else finding.path
    lines = [printable(f"{place}: {finding.message}")]
    source = report.lines.get((finding.path, finding.line))
    if source and source_line(source):
        lines.append(f"    {source_line(source)}")
    if len(finding.trace) > 2:
        lines.append(" -> ".join(map(printable, finding.trace)))
    if finding.fix is not None:
        lines.append(f"fix: {printable(finding.fix)}")
    ending = _ending(tag, finding.verdict, printable(finding.message))
    ending.text = "\n".join(lines)
    return ending


def _ending(tag: str, kind: str, message: str) -> ET.Element:
    return ET.Element(tag, type=printable(kind), message=message)


def _count(element: ET.Element, seconds: float) -> None:
    element.set("tests", str(sum(1 for _ in element.iter("testcase"))))
    for tag, name in zip(_COUNTED, ("failures", "errors", "skipped")):
        element.set(name, str(sum(1 for _ in element.iter(tag))))
    element.set("time", f"{seconds:.3f}")
