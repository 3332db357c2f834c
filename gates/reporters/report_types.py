"""The shape of the JSON report as types, so that a foreign one is read with every field checked."""

from __future__ import annotations

import datetime as dt
from typing import Literal, Optional

from msgspec import Struct


class ToolFields(Struct):
    """What wrote it."""

    name: Literal["gates"]
    version: str


class FindingFields(Struct):
    """One finding."""

    path: str
    line: int
    column: int
    message: str
    subject: str
    fingerprint: str
    trace: list[str]
    fix: Optional[str]
    verdict: str


class WaiverFields(Struct):
    """One waiver."""

    gate: str
    path: Optional[str]
    subject: Optional[str]
    reason: str
    owner: str
    ticket: str
    expires: dt.date


class WaivedFields(Struct):
    """A finding that is set aside, and by what."""

    finding: FindingFields
    waiver: WaiverFields


class ResultFields(Struct):
    """One gate's answer."""

    gate: str
    level: Literal["block", "warn", "off"]
    outcome: Literal["passed", "failed", "vacuous", "broken"]
    reason: Optional[str]
    excused: Optional[str]
    notes: list[str]
    examined: dict[str, int]
    inputs: dict[str, str]
    digest: str
    seconds: float
    findings: list[FindingFields]
    waived: list[WaivedFields]
    owed: list[FindingFields]


class DebtFields(Struct):
    """Debt that is gone."""

    gate: str
    path: str
    subject: str
    count: int


class LaneFields(Struct):
    """One lane."""

    name: str
    modules: int
    may_import: list[str]


class EdgeFields(Struct, rename={"importer": "from", "imported": "to"}):
    """Imports from a lane to another."""

    importer: str
    imported: str
    imports: int
    allowed: bool


class LaneMapFields(Struct):
    """All lanes, and the edges between them."""

    lanes: list[LaneFields]
    edges: list[EdgeFields]


class ReportFields(Struct):
    """The whole report."""

    schema: Literal[1]
    tool: ToolFields
    commit: Optional[str]
    tree: Optional[str]
    base: Optional[str]
    dirty: list[str]
    today: str
    strict: bool
    policies: str
    exit_code: int
    results: list[ResultFields]
    paid_off: list[DebtFields]
    notes: list[str]
    lanes: Optional[LaneMapFields]
    lines: dict[str, dict[str, str]]
