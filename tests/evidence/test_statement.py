"""A statement says something of something, or is none; an outcome never becomes a better result."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.attestation.statement import Descriptor, Statement, StatementError, is_placeholder, refuse_digest
from gates.attestation.test_result import LEVELS, OUTCOMES, UNPROVED, result_of

COMMIT = "0b3c5fd8e1a94f7d2c6b0a9e8d7f6c5b4a392817"
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
STATEMENT = Statement((Descriptor("commit", {"gitCommit": COMMIT}),), "https://example.org/v1", {"result": "PASSED"})


def test_what_was_written_is_read_again() -> None:
    assert Statement.parse(STATEMENT.render()) == STATEMENT


def test_the_same_statement_has_the_same_bytes_whatever_the_order_of_its_keys() -> None:
    one = Statement(STATEMENT.subjects, "https://example.org/v1", {"a": 1, "b": 2})
    other = Statement(STATEMENT.subjects, "https://example.org/v1", {"b": 2, "a": 1})

    assert one.render() == other.render()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"_type": "https://in-toto.io/Statement/v0.1"}, "_type is"),
        ({"subject": []}, "it has no subject"),
        ({"subject": "commit"}, "subject is no list"),
        ({"subject": [1]}, "a resource is no table"),
        ({"subject": [{"name": "commit"}]}, "a resource has no 'digest'"),
        ({"subject": [{"digest": {"sha256": SHA256}}]}, "a resource has no 'name'"),
        ({"subject": [{"name": "", "digest": {"sha256": SHA256}}]}, "the name of a resource is ''"),
        ({"subject": [{"name": 1, "digest": {"sha256": SHA256}}]}, "the name of a resource is 1"),
        ({"subject": [{"name": "x", "digest": {}}]}, "x has no digest"),
        ({"subject": [{"name": "x", "digest": SHA256}]}, "x has no digest"),
        ({"subject": [{"name": "x", "digest": {"sha256": SHA256}, "uri": "y"}]}, "a resource has a 'uri'"),
        ({"subject": [{"name": "x", "digest": {"sha256": SHA256}, "annotations": 1}]}, "annotations of x are no table"),
        ({"predicateType": "test-result"}, "predicateType is 'test-result', no type URI"),
        ({"predicateType": 1}, "predicateType is 1, no type URI"),
        ({"predicate": {}}, "its predicate is empty"),
        ({"predicate": []}, "its predicate is empty"),
        ({"also": 1}, "it has a 'also', which nothing here reads"),
    ],
)
def test_what_is_no_statement_is_refused(change: dict[str, Any], complaint: str) -> None:
    table = {**json.loads(STATEMENT.render()), **change}

    with pytest.raises(StatementError, match=complaint):
        Statement.parse(json.dumps(table).encode())


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"_type": NaN}', b'{"a": 1, "a": 2}'])
def test_what_is_no_table_of_json_is_refused(content: bytes) -> None:
    with pytest.raises(StatementError):
        Statement.parse(content)


@pytest.mark.parametrize(
    ("algorithm", "value", "complaint"),
    [
        ("sha256", "pending", "a placeholder"),
        ("sha256", "sha256-pending", "a placeholder"),
        ("sha256", "SHA256: Pending...", "a placeholder"),
        ("sha256", "to be determined", "a placeholder"),
        ("sha256", "TBD", "a placeholder"),
        ("sha256", "", "a placeholder"),
        ("sha256", "x" * 64, "a placeholder"),
        ("sha256", SHA256[:-1], "not 64 hex digits"),
        ("sha256", SHA256.upper(), "not 64 hex digits"),
        ("sha256", "z" + SHA256[1:], "not 64 hex digits"),
        ("gitCommit", COMMIT[:12], "not 40 or 64 hex digits"),
        ("sha256", "0" * 64, "a pattern"),
        ("sha256", "deadbeef" * 8, "a pattern"),
        ("gitCommit", "0123456789abcdef0123456789abcdef01234567", "a pattern"),
        ("md5", SHA256[:32], "is not known here"),
        ("sha256", None, "a placeholder"),
        ("sha256", 7, "a placeholder"),
    ],
)
def test_what_is_no_digest_is_refused(algorithm: str, value: object, complaint: str) -> None:
    with pytest.raises(StatementError, match=complaint):
        refuse_digest(algorithm, value, "x")


@given(st.binary(min_size=32, max_size=32).filter(lambda digest: len(set(digest)) > 16))
def test_a_digest_of_something_is_accepted(digest: bytes) -> None:
    try:
        refuse_digest("sha256", digest.hex(), "x")
        refuse_digest("gitTree", digest.hex()[:40], "x")
    except StatementError as refusal:
        pytest.fail(str(refusal))


@pytest.mark.parametrize("text", ["@core", "T4-123", "pending review by the core team is not needed", "2026-11-22"])
def test_words_that_say_something_are_no_placeholder(text: str) -> None:
    assert not is_placeholder(text)


def test_only_what_passed_and_was_proved_is_passed() -> None:
    proofs = (*OUTCOMES, UNPROVED)
    for outcome, level, over, proof in itertools.product(OUTCOMES, LEVELS, (False, True), proofs):
        result = result_of(outcome, level, may_pass_over=over, proof=proof)
        assert (result == "PASSED") == (outcome == "passed" and proof in ("passed", UNPROVED))
        if outcome == "failed" and level == "block":
            assert result == "FAILED"
        if outcome in ("broken", "vacuous") and level == "block" and not over:
            assert result == "FAILED"
