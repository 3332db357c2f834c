"""Debt already owed, by fingerprint; it may only shrink."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Mapping

from gates.errors import PolicyError
from gates.finding import Finding

PLACE = ".ci/baseline.json"
SCHEMA = 1


@dataclass(frozen=True)
class Debt:
    """How often one gate found one subject in one file when the debt was recorded."""

    gate: str
    path: str
    subject: str
    count: int

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the findings it stands for."""
        return Finding(self.path, 0, "", self.subject).fingerprint(self.gate)


@dataclass(frozen=True)
class Baseline:
    """Recorded debt. Equal findings in one file are counted, not merged."""

    debts: tuple[Debt, ...] = ()

    def split(self, gate: str, findings: Iterable[Finding]) -> tuple[list[Finding], list[Finding]]:
        """The findings that are new, and those already owed. Of equal ones the last in the file are the new ones."""
        left = Counter({debt.fingerprint: debt.count for debt in self.debts if debt.gate == gate})
        new: list[Finding] = []
        owed: list[Finding] = []
        for finding in sorted(findings, key=lambda finding: finding.place):
            fingerprint = finding.fingerprint(gate)
            if left[fingerprint] > 0:
                left[fingerprint] -= 1
                owed.append(finding)
            else:
                new.append(finding)
        return new, owed

    def paid_off(self, gate: str, findings: Iterable[Finding]) -> list[Debt]:
        """Debt of the gate that is no longer found, with how many of it are gone."""
        seen = Counter(finding.fingerprint(gate) for finding in findings)
        mine = (debt for debt in self.debts if debt.gate == gate)
        gone = ((debt, debt.count - seen[debt.fingerprint]) for debt in mine)
        return [Debt(debt.gate, debt.path, debt.subject, many) for debt, many in gone if many > 0]

    def shrunk(self, found: Mapping[str, Iterable[Finding]]) -> Baseline:
        """Only what is still found, never more than was owed; gates that are not in `found` keep their debt."""
        seen = {gate: Counter(finding.fingerprint(gate) for finding in findings) for gate, findings in found.items()}
        kept = (
            debt
            if debt.gate not in seen
            else Debt(debt.gate, debt.path, debt.subject, min(debt.count, seen[debt.gate][debt.fingerprint]))
            for debt in self.debts
        )
        return Baseline(tuple(debt for debt in kept if debt.count > 0))

    @classmethod
    def of(cls, found: Mapping[str, Iterable[Finding]]) -> Baseline:
        """All that was found, as debt."""
        counted = Counter(
            (gate, finding.path, finding.subject) for gate, findings in found.items() for finding in findings
        )
        return cls(tuple(Debt(*identity, count) for identity, count in sorted(counted.items())))

    def replaced(self, found: Mapping[str, Iterable[Finding]]) -> Baseline:
        """Today's findings of the gates in `found` as their debt; other gates keep theirs."""
        others = tuple(debt for debt in self.debts if debt.gate not in found)
        merged = others + Baseline.of(found).debts
        return Baseline(tuple(sorted(merged, key=lambda debt: (debt.gate, debt.path, debt.subject))))

    @classmethod
    def load(cls, file: Path) -> Baseline:
        """The recorded debt; none where no file is."""
        try:
            text = file.read_text("utf-8")
        except FileNotFoundError:
            return cls()
        try:
            return cls.parse(text)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            remedy = "restore it from git, or record the debt anew with `gates baseline --accept-new`"
            raise PolicyError(f"{PLACE}: is not a baseline ({error}); {remedy}") from None

    @classmethod
    def parse(cls, text: str) -> Baseline:
        """From the text of a baseline file; ValueError where it is none."""
        table = json.loads(text)
        if table.get("schema") != SCHEMA:
            raise ValueError(f"schema is {table.get('schema')!r}, not {SCHEMA}")
        debts = [
            Debt(gate, path, subject, count)
            for gate, paths in table["debt"].items()
            for path, subjects in paths.items()
            for subject, count in subjects.items()
        ]
        for debt in debts:
            if not isinstance(debt.count, int) or isinstance(debt.count, bool) or debt.count < 1:
                raise ValueError(f"{debt.gate}, {debt.path}, {debt.subject}: count is {debt.count!r}, not 1 or more")
        return cls(tuple(debts))

    def render(self) -> str:
        """The file's text: sorted, one subject a line, so that a merge conflict is one line long."""
        tree: dict[str, dict[str, dict[str, int]]] = {}
        for debt in self.debts:
            tree.setdefault(debt.gate, {}).setdefault(debt.path, {})[debt.subject] = debt.count
        return json.dumps({"schema": SCHEMA, "debt": tree}, indent=1, sort_keys=True, ensure_ascii=True) + "\n"

    def __len__(self) -> int:
        return sum(debt.count for debt in self.debts)
