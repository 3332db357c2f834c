"""The in-toto predicate test-result, v0.1, and what gates add to it: one gate, what it saw, and its proof.

https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from gates.attestation.statement import (
    Descriptor,
    Statement,
    StatementError,
    descriptors,
    is_placeholder,
    refuse_digest,
    table_of,
)

PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"
RECORD = "lukhas_gates"
"""The extension field of the predicate that holds the record."""
UNPROVED = "none"
"""The proof outcome of what is no gate (`waiver`, `baseline`), so that nothing can be planted for it."""

OUTCOMES = ("passed", "failed", "vacuous", "broken")
LEVELS = ("block", "warn")
_LISTS = {"PASSED": "passedTests", "WARNED": "warnedTests", "FAILED": "failedTests"}
_NEEDED = frozenset(
    "gate level outcome strict tool interpreter today examined inputs findings owed waived proof evidence".split()
)
_ALLOWED = frozenset("reason excused digest base".split())
# What a gate found is quoted as it stands in the tree, whatever it says there.
_QUOTED = frozenset(("subject", "path", "message"))


def result_of(outcome: str, level: str, *, may_pass_over: bool, proof: str) -> str:
    """PASSED, WARNED or FAILED.

    Broken and vacuous are never PASSED: WARNED where the policy passes over them (level warn, or `excused` and not
    strict), else FAILED. Passed is PASSED only of a gate that was shown to fail in the same bundle, else WARNED.
    """
    if outcome == "passed":
        return "PASSED" if proof in ("passed", UNPROVED) else "WARNED"
    if outcome in ("vacuous", "broken"):
        return "WARNED" if level == "warn" or may_pass_over else "FAILED"
    return "WARNED" if level == "warn" else "FAILED"


@dataclass(frozen=True)
class TestResult:
    """The predicate of one gate. `configuration` are the policy files, `record` what gates add."""

    __test__ = False  # pytest, seeing the name, would take it for tests

    result: str
    configuration: tuple[Descriptor, ...]
    record: Mapping[str, Any]

    @property
    def gate(self) -> str:
        """The gate's name."""
        return str(self.record["gate"])

    @property
    def evidence(self) -> tuple[Descriptor, ...]:
        """The other files of the bundle that the statement binds."""
        return descriptors(self.record["evidence"], "evidence")

    def statement(self, subjects: tuple[Descriptor, ...]) -> Statement:
        """The statement that these subjects have this result. StatementError where it would attest nothing."""
        predicate = {
            "result": self.result,
            "configuration": [file.plain() for file in self.configuration],
            **{key: [self.gate] if result == self.result else [] for result, key in _LISTS.items()},
            RECORD: dict(self.record),
        }
        TestResult.of(Statement(subjects, PREDICATE_TYPE, predicate))
        return Statement(subjects, PREDICATE_TYPE, predicate)

    @classmethod
    def of(cls, statement: Statement) -> TestResult:
        """What a statement says; StatementError where it is not a whole test result of one gate."""
        if statement.predicate_type != PREDICATE_TYPE:
            raise StatementError(f"predicateType is {statement.predicate_type!r}, not {PREDICATE_TYPE}")
        table = table_of(statement.predicate, "the predicate", {"result", "configuration", RECORD, *_LISTS.values()})
        if table["result"] not in tuple(_LISTS):
            raise StatementError(f"result is {table['result']!r}, not one of {', '.join(_LISTS)}")
        record = table_of(table[RECORD], RECORD, _NEEDED, _ALLOWED)
        _check(record)
        this = cls(table["result"], descriptors(table["configuration"], "configuration"), record)
        if not this.configuration or not this.evidence:
            raise StatementError("it names no policy file, or no file of the bundle")
        for result, key in _LISTS.items():
            if table[key] != ([this.gate] if result == this.result else []):
                raise StatementError(f"{key} is {table[key]!r}, which is not what result {this.result} says")
        if this.result != this._right():
            said = f"{record['outcome']} at level {record['level']}, proof {record['proof']['outcome']}"
            raise StatementError(f"result is {this.result}, and {said}, is {this._right()}")
        return this

    def _right(self) -> str:
        record = self.record
        over = "excused" in record and not record["strict"]
        return result_of(record["outcome"], record["level"], may_pass_over=over, proof=record["proof"]["outcome"])


def _check(record: Mapping[str, Any]) -> None:
    for where, text in _texts(record, RECORD):
        is_quoted = where.rpartition(".")[2] in _QUOTED or (where, text) == (f"{RECORD}.proof.outcome", UNPROVED)
        if not text or (not is_quoted and is_placeholder(text)):
            raise StatementError(f"{where} is {text!r}, which says nothing")
    for key, known in (("outcome", OUTCOMES), ("level", LEVELS)):
        if record[key] not in known:
            raise StatementError(f"{key} is {record[key]!r}, not one of {', '.join(known)}")
    for key in ("gate", "interpreter", "today", *(key for key in ("reason", "excused", "base") if key in record)):
        _demand(isinstance(record[key], str), f"{key} is no text")
    _demand(isinstance(record["strict"], bool), "strict is neither true nor false")
    tool = table_of(record["tool"], "tool", {"name", "version"})
    _demand(tool["name"] == "gates" and isinstance(tool["version"], str), "tool is not gates, with a version")
    _check_counts(record)
    _check_inputs(record)
    _check_proof(record["proof"])


def _check_counts(record: Mapping[str, Any]) -> None:
    examined = record["examined"]
    _demand(isinstance(examined, Mapping), "examined is no table")
    for key, many in (*examined.items(), ("findings", record["findings"]), ("owed", record["owed"])):
        _demand(isinstance(many, int) and not isinstance(many, bool) and many >= 0, f"{key} is {many!r}, no count")
    told = record["outcome"] in ("passed", "failed")
    _demand(bool(examined) or not told, f"it {record['outcome']}, and examined nothing")
    _demand(isinstance(record["waived"], list), "waived is no list")
    for waiver in record["waived"]:
        needed = {"reason", "owner", "ticket", "expires", "findings"}
        table_of(waiver, "a waiver", needed, frozenset(("path", "subject")))
        _demand(isinstance(waiver["findings"], int) and waiver["findings"] > 0, "a waiver covers nothing")


def _check_inputs(record: Mapping[str, Any]) -> None:
    """Only what could not tell may lack the digest of what it depends on."""
    _demand(isinstance(record["inputs"], Mapping), "inputs is no table")
    for name, digest in record["inputs"].items():
        _demand(isinstance(digest, str), f"the digest of the input {name} is {digest!r}")
    if "digest" in record:
        refuse_digest("sha256", record["digest"], "the digest of what it depends on")
    else:
        _demand(record["outcome"] == "broken", "it has no digest of what it depends on")


def _check_proof(proof: object) -> None:
    proof = table_of(proof, "proof", {"outcome", "reason"}, frozenset(("planted",)))
    known = (*OUTCOMES, UNPROVED)
    _demand(proof["outcome"] in known, f"the proof's outcome is {proof['outcome']!r}, not one of {', '.join(known)}")
    if proof["outcome"] == "passed":
        planted: Optional[Any] = proof.get("planted")
        table_of(planted, "what was planted", {"path", "subject", "line", "message"})


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise StatementError(otherwise)


def _texts(value: object, where: str) -> Iterator[tuple[str, str]]:
    """Every text of a record, with where it stands."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, f"{where}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, where)
