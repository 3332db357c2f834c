"""`coverage json`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Optional

import msgspec

from gates.facts.coverage_reports.lines import EXIT, Branch, FileLines, ReadReport, ReportError


class _File(msgspec.Struct):
    executed_lines: list[int]
    missing_lines: list[int]
    excluded_lines: list[int] = []
    missing_branches: Optional[list[tuple[int, int]]] = None


class _Meta(msgspec.Struct):
    timestamp: str = ""
    branch_coverage: bool = False


class _Report(msgspec.Struct):
    meta: _Meta
    files: dict[str, _File]


def read(content: bytes) -> ReadReport:
    """The files of the report. ReportError where it is none."""
    try:
        report = msgspec.json.decode(content, type=_Report)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReportError(f"is no report of `coverage json`: {error}") from None
    files = {name.replace("\\", "/"): _lines(file, report.meta) for name, file in report.files.items()}
    return ReadReport(files, _seconds(report.meta.timestamp))


def _lines(file: _File, meta: _Meta) -> FileLines:
    return FileLines(
        frozenset(file.executed_lines),
        frozenset(file.missing_lines),
        frozenset(file.excluded_lines),
        frozenset(_branches(file.missing_branches or ())),
        meta.branch_coverage and file.missing_branches is not None,
    )


def _branches(pairs: Iterable[tuple[int, int]]) -> Iterable[Branch]:
    """A negative line is the exit of what begins there."""
    return ((line, str(to) if to > 0 else EXIT) for line, to in pairs)


def _seconds(timestamp: str) -> Optional[float]:
    try:
        return dt.datetime.fromisoformat(timestamp).timestamp()  # written without a zone, in that of the machine
    except ValueError:
        return None
