"""A signature as `ssh-keygen -Y sign` writes it, taken apart: for Ed25519 keys no other process is needed to check one.

https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from typing import NamedTuple

_BEGIN, _END = b"-----BEGIN SSH SIGNATURE-----", b"-----END SSH SIGNATURE-----"
_MAGIC = b"SSHSIG"
_VERSION = 1
_HASHES = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}
ED25519 = b"ssh-ed25519"


class Parts(NamedTuple):
    """The key as OpenSSH packs it, the bytes that were signed, and the 64 of the Ed25519 signature."""

    key: bytes
    signed: bytes
    signature: bytes


def parts(armoured: bytes, namespace: bytes, data: bytes) -> Parts:
    """Of a signature over the data for this namespace. ValueError where it is of another kind, or none."""
    text = armoured.strip()
    if not (text.startswith(_BEGIN) and text.endswith(_END)):
        raise ValueError("it is no SSH signature")
    try:
        blob = base64.b64decode(b"".join(text[len(_BEGIN) : -len(_END)].split()), validate=True)
    except binascii.Error:
        raise ValueError("it is no base64") from None
    if blob[: len(_MAGIC) + 4] != _MAGIC + struct.pack(">I", _VERSION):
        raise ValueError("it is of another version")
    key, meant_for, reserved, algorithm, signature = _strings(blob[len(_MAGIC) + 4 :], 5)
    if meant_for != namespace or algorithm not in _HASHES:
        raise ValueError("it is for another purpose, or of a hash that is not known")
    kind, raw = _strings(signature, 2)
    if kind != ED25519:
        raise ValueError("it is of another kind of key")
    hashed = _HASHES[algorithm](data).digest()
    signed = _MAGIC + b"".join(map(_packed, (meant_for, reserved, algorithm, hashed)))
    return Parts(key, signed, raw)


def raw_key(packed: bytes) -> bytes:
    """The 32 bytes of an Ed25519 key. ValueError where it is another."""
    kind, raw = _strings(packed, 2)
    if kind != ED25519 or len(raw) != 32:
        raise ValueError("it is no Ed25519 key")
    return raw


def _strings(blob: bytes, many: int) -> list[bytes]:
    """So many strings, each with its length before it, and nothing behind them."""
    found: list[bytes] = []
    while blob and len(found) < many:
        size = int.from_bytes(blob[:4], "big")
        if len(blob) < 4 + size:
            raise ValueError("it is cut short")
        found.append(blob[4 : 4 + size])
        blob = blob[4 + size :]
    if blob or len(found) != many:
        raise ValueError("it is not written as such a signature is")
    return found


def _packed(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text
