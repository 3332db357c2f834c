"""The DSSE envelope, v1: a statement with the signatures over it and its type.

https://github.com/secure-systems-lab/dsse
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from gates.attestation import strict_json
from gates.attestation.statement import StatementError, table_of

PAYLOAD_TYPE = "application/vnd.in-toto+json"


def signed_bytes(payload: bytes) -> bytes:
    """What a signature is made over, the Pre-Authentication Encoding: type and payload, each with its length."""
    return b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode("ascii"), len(payload), payload)


@dataclass(frozen=True)
class Signature:
    """One signature, and a hint at the key that made it."""

    keyid: str
    sig: bytes


@dataclass(frozen=True)
class Envelope:
    """A payload and its signatures."""

    payload: bytes
    signatures: tuple[Signature, ...]

    def render(self) -> bytes:
        """As JSON."""
        signatures = [{"keyid": one.keyid, "sig": _encoded(one.sig)} for one in self.signatures]
        table = {"payload": _encoded(self.payload), "payloadType": PAYLOAD_TYPE, "signatures": signatures}
        return strict_json.dumps(table)

    @classmethod
    def parse(cls, content: bytes) -> Envelope:
        """Read one. StatementError for whatever is none, and for a payload of another type."""
        try:
            table = table_of(strict_json.loads(content), "it", {"payload", "payloadType", "signatures"})
        except ValueError as error:
            raise StatementError(str(error)) from None
        if table["payloadType"] != PAYLOAD_TYPE:
            raise StatementError(f"payloadType is {table['payloadType']!r}, not {PAYLOAD_TYPE}")
        if not isinstance(table["signatures"], list) or not table["signatures"]:
            raise StatementError("it has no signature")
        signatures = []
        for one in table["signatures"]:
            one = table_of(one, "a signature", {"keyid", "sig"})
            if not isinstance(one["keyid"], str):
                raise StatementError(f"the keyid of a signature is {one['keyid']!r}")
            signatures.append(Signature(one["keyid"], _decoded(one["sig"], "a signature")))
        return cls(_decoded(table["payload"], "the payload"), tuple(signatures))


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _decoded(text: object, what: str) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True) if isinstance(text, str) else _refused(what)
    except (ValueError, binascii.Error):
        return _refused(what)


def _refused(what: str) -> bytes:
    raise StatementError(f"{what} is no base64")
