"""Debt already owed, by fingerprint; it may only shrink."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gates.errors import PolicyError
from gates.finding import Finding, folded

PLACE = ".ci/baseline.json"
SCHEMA = 1
_REMEDY = "restore it from git, or record the debt anew with `gates baseline --accept-new`"


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
        left: Counter[str] = Counter()
        for debt in self.debts:
            if debt.gate == gate:
                left[debt.fingerprint] += debt.count
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
        mine = (debt for debt in self.debts if debt.gate == gate)
        gone = (replace(debt, count=debt.count - kept) for debt, kept in _still_owed(mine, {gate: findings}))
        return [debt for debt in gone if debt.count > 0]

    def shrunk(self, found: Mapping[str, Iterable[Finding]]) -> Baseline:
        """Only what is still found, never more than was owed; gates that are not in `found` keep their debt."""
        kept = (replace(debt, count=many) for debt, many in _still_owed(self.debts, found))
        return Baseline(tuple(debt for debt in kept if debt.count > 0))

    @classmethod
    def of(cls, found: Mapping[str, Iterable[Finding]]) -> Baseline:
        """All that was found, as debt."""
        return cls(
            _counted((gate, each.path, each.subject, 1) for gate, findings in found.items() for each in findings)
        )

    def replaced(self, found: Mapping[str, Iterable[Finding]]) -> Baseline:
        """Today's findings of the gates in `found` as their debt; other gates keep theirs."""
        others = tuple(debt for debt in self.debts if debt.gate not in found)
        merged = others + Baseline.of(found).debts
        return Baseline(tuple(sorted(merged, key=lambda debt: (debt.gate, debt.path, debt.subject))))

    @classmethod
    def load(cls, file: Path) -> Baseline:
        """The recorded debt; none where no file is."""
        try:
            return cls.read(file.read_bytes())
        except FileNotFoundError:
            return cls()
        except OSError as error:
            raise PolicyError(f"{PLACE}: cannot be read ({error.strerror})") from None

    @classmethod
    def read(cls, content: bytes) -> Baseline:
        """From the bytes of a baseline file; PolicyError with the remedy where it is none."""
        try:
            return cls.parse(content.decode("utf-8"))
        except UnicodeDecodeError:
            why = "is not UTF-8"
        except RecursionError:
            why = "is nested too deeply"
        except ValueError as error:
            why = str(error)
        raise PolicyError(f"{PLACE}: is not a baseline ({why}); {_REMEDY}")

    @classmethod
    def parse(cls, text: str) -> Baseline:
        """From the text of a baseline file; ValueError where it is none."""
        table = _table(json.loads(text, object_pairs_hook=_without_twins), "the file")
        if table.get("schema") is True or table.get("schema") != SCHEMA:
            raise ValueError(f"schema is {_shown(table.get('schema'))}, not {SCHEMA}")
        for key in table:
            if key not in ("schema", "debt"):
                raise ValueError(f"it has no key {_shown(key)}")
        debts = [
            (gate, path, subject, _count(many, gate, path, subject))
            for gate, paths in _table(table.get("debt"), "debt").items()
            for path, subjects in _table(paths, gate).items()
            for subject, many in _table(subjects, gate, path).items()
        ]
        return cls(_counted(debts))

    def render(self) -> str:
        """The file's text: sorted, one subject a line, so that a merge conflict is one line long."""
        tree: dict[str, dict[str, dict[str, int]]] = {}
        for gate, path, subject, count in self._merged():
            tree.setdefault(gate, {}).setdefault(path, {})[subject] = count
        return json.dumps({"schema": SCHEMA, "debt": tree}, indent=1, sort_keys=True, ensure_ascii=True) + "\n"

    def _merged(self) -> Iterator[tuple[str, str, str, int]]:
        entries = _counted((debt.gate, debt.path, debt.subject, debt.count) for debt in self.debts)
        return ((debt.gate, debt.path, debt.subject, debt.count) for debt in entries)

    def __len__(self) -> int:
        return sum(debt.count for debt in self.debts)


def line_of(content: bytes, gate: str) -> int:
    """The line of a baseline file where the debt of a gate begins; 0 where that is unclear."""
    head = f"{json.dumps(gate)}:".encode()
    lines = [number for number, line in enumerate(content.split(b"\n"), 1) if line.strip().startswith(head)]
    return lines[0] if len(lines) == 1 else 0


def _still_owed(debts: Iterable[Debt], found: Mapping[str, Iterable[Finding]]) -> Iterator[tuple[Debt, int]]:
    """Each debt, and how much of it is still found; all of it for a gate that was not asked."""
    left = {gate: Counter(finding.fingerprint(gate) for finding in findings) for gate, findings in found.items()}
    for debt in debts:
        kept = min(debt.count, left[debt.gate][debt.fingerprint]) if debt.gate in left else debt.count
        if debt.gate in left:
            left[debt.gate][debt.fingerprint] -= kept
        yield debt, kept


def _counted(entries: Iterable[tuple[str, str, str, int]]) -> tuple[Debt, ...]:
    """Debts with their subjects folded, as fingerprints fold them: one debt for what is one thing."""
    total: Counter[tuple[str, str, str]] = Counter()
    for gate, path, subject, count in entries:
        total[gate, path, folded(subject)] += count
    return tuple(Debt(*identity, count) for identity, count in sorted(total.items()))


def _table(value: object, *place: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ValueError(f"{', '.join(map(_shown, place))} is {_shown(value)}, not a table")
    return value


def _count(value: object, *place: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{', '.join(map(_shown, place))} has the count {_shown(value)}, not 1 or more")
    return value


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _without_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A merge that git did by itself may leave a key twice, and json would drop the first without a word."""
    table = dict(pairs)
    if len(table) < len(pairs):
        twice = next(key for key, many in Counter(key for key, _ in pairs).items() if many > 1)
        raise ValueError(f"{_shown(twice)} is there twice")
    return table
