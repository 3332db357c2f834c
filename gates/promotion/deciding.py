"""Writes the decision that a module may be in a lane: signed, and bound to the content of its files."""

from __future__ import annotations

from pathlib import Path

from gates.attestation.agreement import BASELINE, POLICIES
from gates.attestation.envelope import Envelope, Signature, signed_bytes
from gates.attestation.promotion import Origin, Promotion, problems, statement
from gates.attestation.statement import StatementError
from gates.errors import GatesError
from gates.evidence.signing import Signer, signer_of
from gates.evidence.writing import write_whole
from gates.promotion.criteria import Answer
from gates.promotion.readiness import Readiness
from gates.promotion.told import Told


def decide(told: Told, ready: Readiness, key: Path, root: Path, down: bool = False) -> Path:
    """Write it where the gate looks for it, and say where. GatesError where it is not ready, or the key does not count.

    `key` is a private key, as `gates evidence sign` takes it. A module that goes `down` need not meet anything; whether
    it came from further up, the gate sees.
    """
    if not ready.is_ready and not down:
        raise GatesError(f"{ready.module.name} is not ready for {ready.lane}, so nothing is decided")
    signer = signer_of(key)
    if signer.key not in told.policy.public_keys():
        raise GatesError(
            f"{key}: decisions of this key do not count; its public half is none of keys in promotion.toml"
        )
    place = root / told.policy.decisions / f"{ready.module.name}.json"
    write_whole(place, decision(told, ready, signer))
    return place


def decision(told: Told, ready: Readiness, signer: Signer) -> bytes:
    """The decision in its envelope."""
    listed = told.found.manifest
    assert listed is not None  # it was verified
    files: dict[str, str] = told.modules[ready.module.name]["files"]
    met = tuple(each.criterion for each in ready.verdicts if each.answer is Answer.MET)
    promotion = Promotion(ready.module.name, ready.lane, met)
    policies = tuple(
        each.descriptor for each in listed.files if each.name.startswith(POLICIES) or each.name == BASELINE
    )
    origin = Origin(listed.commit, listed.tree, told.found.digest, policies, listed.tool, listed.today)
    try:
        payload = statement(promotion, files, origin).render()
    except StatementError as error:
        raise GatesError(f"{ready.module.name}: cannot be decided: {error}") from None
    signature = Signature(signer.key.keyid, signer.sign(signed_bytes(payload)))
    content = Envelope(payload, (signature,)).render()
    for problem in problems(content, promotion, files.items(), [signer.key]):
        raise GatesError(f"the decision would not hold, so it is not written: {problem}")
    return content
