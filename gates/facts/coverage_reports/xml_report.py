"""Cobertura's XML: `coverage xml`, and what other tools write."""

from __future__ import annotations

import posixpath
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from gates.facts.coverage_reports.lines import EXIT, Branch, FileLines, ReadReport, ReportError, joined


def read(content: bytes) -> ReadReport:
    """The files of the report, below its `<source>` where it has one, else each in some of them.

    ReportError where it is none.
    An entity is refused: no report needs one, and a few lines of them can fill the memory.
    """
    if b"<!ENTITY" in content:
        raise ReportError("declares an entity, which no report of coverage does")
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise ReportError(f"is not XML: {error}") from None
    if root.tag != "coverage":
        raise ReportError(f"is XML of <{root.tag}>; a report of coverage is one of <coverage>")
    sources = [(source.text or "").strip().replace("\\", "/") for source in root.iter("source")]
    folders = list(dict.fromkeys(source for source in sources if source))
    has_branches = root.get("branch-rate", "0") not in ("0", "0.0") or root.find(".//line[@branch='true']") is not None
    found: dict[str, list[FileLines]] = {}
    try:
        for file in root.iter("class"):
            found.setdefault(file.get("filename", ""), []).append(_lines(file, has_branches))
        measured = int(root.get("timestamp", "")) if root.get("timestamp") else None
    except ValueError as error:
        raise ReportError(f"holds a number that is none: {error}") from None
    files = {_placed(name.replace("\\", "/"), folders): joined(parts) for name, parts in found.items() if name}
    return ReadReport(files, _seconds(measured), folders if len(folders) > 1 else ())


def _placed(name: str, folders: list[str]) -> str:
    return name if len(folders) != 1 else posixpath.join(folders[0], name)


def _lines(file: Element, has_branches: bool) -> FileLines:
    hits: dict[int, bool] = {}
    ways: set[Branch] = set()
    for line in file.iter("line"):
        at = int(line.get("number", ""))
        hits[at] = hits.get(at, False) or int(line.get("hits", "0")) > 0
        ways.update((at, EXIT if way.strip() == "exit" else way.strip()) for way in _missing(line))
    executed = frozenset(at for at, was_hit in hits.items() if was_hit)
    return FileLines(executed, frozenset(hits) - executed, frozenset(), frozenset(ways), has_branches)


def _missing(line: Element) -> list[str]:
    """The branches of a line that were not taken; by number where the report does not say where they lead."""
    if line.get("branch") != "true":
        return []
    named = line.get("missing-branches")
    if named is not None:
        return named.split(",")
    taken, of = line.get("condition-coverage", "").partition("(")[2].rstrip(")").split("/")
    return [f"way {number}" for number in range(int(taken) + 1, int(of) + 1)]


def _seconds(timestamp: int | None) -> float | None:
    """coverage.py writes milliseconds, others seconds."""
    if timestamp is None:
        return None
    return timestamp / 1000 if timestamp > 100_000_000_000 else float(timestamp)
