"""One in-toto statement a gate: what the run and the proof said of it, bound to the other files of the bundle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Optional

from gates.attestation.manifest import Entry, Manifest
from gates.attestation.statement import Statement, StatementError
from gates.attestation.test_result import UNPROVED, TestResult, result_of
from gates.errors import GatesError
from gates.report import Outcome, Report, Result


def attest(
    report: Report,
    result: Result,
    proof: Optional[Result],
    head: Manifest,
    policies: Iterable[Entry],
    evidence: Iterable[Entry],
) -> Statement:
    """The statement of one gate. GatesError where something in it would stand for nothing."""
    entries = list(evidence)
    proved = UNPROVED if proof is None else proof.outcome.value
    over = result.excused is not None and not report.strict
    verdict = result_of(result.outcome.value, result.level.value, may_pass_over=over, proof=proved)
    record = _record(report, result, head)
    record["proof"] = _proof(proof)
    record["evidence"] = [entry.descriptor.plain() for entry in entries]
    subject = next(entry for entry in entries if entry.name == "report.json")
    this = TestResult(verdict, tuple(entry.descriptor for entry in policies), record)
    try:
        return this.statement(head.subjects(subject))
    except StatementError as error:
        raise GatesError(f"{result.gate}: cannot be attested: {error}") from None


def _record(report: Report, result: Result, head: Manifest) -> dict[str, Any]:
    record: dict[str, Any] = {
        "gate": result.gate,
        "level": result.level.value,
        "outcome": result.outcome.value,
        "strict": report.strict,
        "tool": {"name": "gates", "version": report.version},
        "interpreter": head.interpreter,
        "today": report.today,
        "examined": dict(result.examined),
        "inputs": dict(result.inputs),
        "findings": len(result.findings),
        "waived": _waivers(result),
        "owed": len(result.owed),
    }
    optional = {"reason": result.reason, "excused": result.excused, "base": report.base}
    record.update((key, value) for key, value in optional.items() if value is not None)
    if result.digest or result.outcome is not Outcome.BROKEN:
        record["digest"] = result.digest
    return record


def _waivers(result: Result) -> list[dict[str, Any]]:
    """The waivers that were used, when they expire, and how many findings each sets aside."""
    used = Counter(waiver for _, waiver in result.waived)
    entries = []
    for waiver, many in used.items():
        entry = {"reason": waiver.reason, "owner": waiver.owner, "ticket": waiver.ticket, "findings": many}
        entry["expires"] = waiver.expires.isoformat()
        entry.update((key, value) for key in ("path", "subject") if (value := getattr(waiver, key)) is not None)
        entries.append(entry)
    return sorted(entries, key=lambda entry: [str(entry.get(key)) for key in ("path", "subject", "ticket", "expires")])


def _proof(proof: Optional[Result]) -> dict[str, Any]:
    if proof is None:
        return {"outcome": UNPROVED, "reason": "it judges the policy's own files, and is no gate to plant for"}
    record: dict[str, Any] = {"outcome": proof.outcome.value, "reason": proof.reason or "the proof gives no reason"}
    if proof.outcome is Outcome.PASSED:
        if not proof.findings:
            raise GatesError(f"{proof.gate}: its proof passed and shows no finding")
        found = proof.findings[-1]
        record["planted"] = {key: getattr(found, key) for key in ("path", "subject", "line", "message")}
    return record
