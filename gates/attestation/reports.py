"""A report of gates as a bundle holds it: as much of its JSON as an attestation must agree with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional, TypeVar

from gates.attestation import strict_json
from gates.attestation.statement import StatementError

T = TypeVar("T")


@dataclass(frozen=True)
class ToldResult:
    """What a report tells of one gate. `found` are the findings that stand, by path and subject."""

    level: str
    outcome: str
    excused: Optional[str]
    digest: str
    inputs: Mapping[str, Any]
    examined: Mapping[str, Any]
    found: tuple[tuple[str, str], ...]
    waived: int
    owed: int


@dataclass(frozen=True)
class ToldReport:
    """What a report tells of the whole run."""

    version: str
    commit: str
    tree: str
    base: Optional[str]
    today: str
    strict: bool
    exit_code: int
    dirty: tuple[str, ...]
    results: Mapping[str, ToldResult]

    @classmethod
    def parse(cls, content: bytes) -> ToldReport:
        """Read one; StatementError where it is no report."""
        try:
            tree = strict_json.loads(content)
        except ValueError as error:
            raise StatementError(str(error)) from None
        if _field(tree, "schema", int) != 1:
            raise StatementError(f"its schema is {tree['schema']!r}, and this version reads 1")
        results: dict[str, ToldResult] = {}
        for result in _field(tree, "results", list):
            gate = _field(result, "gate", str)
            if gate in results:
                raise StatementError(f"has two results of {gate}")
            results[gate] = _result(result)
        return cls(
            version=_field(_field(tree, "tool", dict), "version", str),
            commit=_field(tree, "commit", str),
            tree=_field(tree, "tree", str),
            base=_maybe(tree, "base"),
            today=_field(tree, "today", str),
            strict=_field(tree, "strict", bool),
            exit_code=_field(tree, "exit_code", int),
            dirty=tuple(map(str, _field(tree, "dirty", list))),
            results=results,
        )


def _result(tree: Any) -> ToldResult:
    findings = _field(tree, "findings", list)
    return ToldResult(
        level=_field(tree, "level", str),
        outcome=_field(tree, "outcome", str),
        excused=_maybe(tree, "excused"),
        digest=_field(tree, "digest", str),
        inputs=_field(tree, "inputs", dict),
        examined=_field(tree, "examined", dict),
        found=tuple((_field(finding, "path", str), _field(finding, "subject", str)) for finding in findings),
        waived=len(_field(tree, "waived", list)),
        owed=len(_field(tree, "owed", list)),
    )


def _field(tree: Any, key: str, kind: type[T]) -> T:
    value = tree.get(key) if isinstance(tree, Mapping) else None
    if not isinstance(value, kind):
        raise StatementError(f"is no report: '{key}' is {value!r:.60}")
    return value


def _maybe(tree: Mapping[str, Any], key: str) -> Optional[str]:
    return None if tree.get(key) is None else _field(tree, key, str)
