"""LCOV: `coverage lcov`, and what other tools write."""

from __future__ import annotations

import re

from gates.facts.coverage_reports.lines import EXIT, Branch, FileLines, ReadReport, ReportError

_TO_LINE = re.compile(r"line (\d+)")


class _Open:
    """One record while it is read."""

    def __init__(self) -> None:
        self.hits: dict[int, bool] = {}
        self.missing: set[Branch] = set()
        self.taken: set[Branch] = set()

    def line(self, number: str, hits: str) -> None:
        at = int(number)
        self.hits[at] = self.hits.get(at, False) or int(hits) > 0

    def branch(self, number: str, block: str, name: str, taken: str) -> None:
        to = _TO_LINE.search(name)
        way = (int(number), to[1] if to else EXIT if "exit" in name or "return" in name else f"{block}.{name}")
        (self.missing if taken in ("-", "0") else self.taken).add(way)

    def closed(self, has_branches: bool) -> FileLines:
        executed = frozenset(line for line, was_hit in self.hits.items() if was_hit)
        ways = frozenset(self.missing - self.taken)
        return FileLines(executed, frozenset(self.hits) - executed, frozenset(), ways, has_branches)


def read(content: bytes) -> ReadReport:
    """The files of the report, which does not say when it was made. ReportError where it is none."""
    records: dict[str, _Open] = {}
    current = _Open()
    for number, line in enumerate(content.decode("utf-8", "surrogateescape").splitlines(), 1):
        kind, _, rest = line.strip().partition(":")
        try:
            if kind == "SF":
                current = records.setdefault(rest.replace("\\", "/"), _Open())
            elif kind == "DA":
                at, hits = rest.split(",")[:2]
                current.line(at, hits)
            elif kind == "BRDA":
                at, block, *name, taken = rest.split(",")
                current.branch(at, block, ",".join(name), taken)
        except ValueError:
            raise ReportError(f"line {number}: {line:.60} is no line of LCOV") from None
    if not records:
        raise ReportError("holds no record (SF:) of LCOV")
    has_branches = any(record.missing or record.taken for record in records.values())  # a file may well have none
    return ReadReport({name: record.closed(has_branches) for name, record in records.items()})
