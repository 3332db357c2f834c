"""What the signatures of a bundle must be: an envelope of each attestation, and one of the decision that binds all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Optional

from gates.attestation.agreement import ATTESTATIONS
from gates.attestation.decision import decision
from gates.attestation.envelope import Envelope, signed_bytes
from gates.attestation.keys import PublicKey
from gates.attestation.manifest import SIGNATURES, Manifest
from gates.attestation.statement import StatementError
from gates.attestation.test_result import TestResult

_SUFFIX = ".dsse.json"
DECISION = f"{SIGNATURES}decision{_SUFFIX}"


def payloads(
    listed: Manifest, digest: str, files: Mapping[str, bytes], results: Mapping[str, TestResult]
) -> dict[str, bytes]:
    """By name of the envelope, what must be signed in it."""
    statements = {
        f"{SIGNATURES}{name[: -len('.json')]}{_SUFFIX}": content
        for name, content in files.items()
        if name.startswith(ATTESTATIONS)
    }
    return {**statements, DECISION: decision(listed, digest, results).render()}


def problems(expected: Mapping[str, bytes], files: Mapping[str, bytes], key: Optional[PublicKey]) -> Iterator[str]:
    """What is not signed by the key, or says something else. CannotCheck where nothing here can tell.

    Without a key: what no signature of this bundle could be, whoever made it.
    """
    there = {name for name in files if name.startswith(SIGNATURES)}
    if not there:
        yield f"it is not signed ({DECISION} is missing)"
        return
    for name in sorted(there | expected.keys()):
        if name not in there:
            yield f"{name}: is missing"
        elif name not in expected:
            yield f"{name}: was added (nothing in the bundle has such a signature)"
        else:
            yield from _envelope(name, files[name], expected[name], key)


def _envelope(name: str, content: bytes, payload: bytes, key: Optional[PublicKey]) -> Iterator[str]:
    try:
        envelope = Envelope.parse(content)
    except StatementError as error:
        yield f"{name}: {error}"
        return
    if envelope.render() != content:
        yield f"{name}: is not written as an envelope is written"
    if envelope.payload != payload:
        yield f"{name}: signs something else than what this bundle says"
    if len(envelope.signatures) != 1:
        yield f"{name}: has {len(envelope.signatures)} signatures, and `gates evidence sign` makes one"
    # The payload as it stands: a signature that is good, of another bundle, is said to be good.
    signed = signed_bytes(envelope.payload)
    if key is not None and not any(key.has_signed(signed, one.sig) for one in envelope.signatures):
        makers = ", ".join(one.keyid for one in envelope.signatures)
        yield f"{name}: is not signed by the key {key.keyid} (it says: {makers})"
