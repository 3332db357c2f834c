"""The root of a Merkle tree over a list of byte strings, as Certificate Transparency builds it.

https://www.rfc-editor.org/rfc/rfc6962#section-2.1
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def root(leaves: Sequence[bytes]) -> bytes:
    """The Merkle Tree Hash, 32 bytes (SHA-256)."""
    if not leaves:
        return hashlib.sha256().digest()
    level = [hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves]
    while len(level) > 1:  # pairs from the left: what is over goes up alone, as the largest power of two below n gives
        pairs = [hashlib.sha256(b"\1" + one + other).digest() for one, other in zip(level[::2], level[1::2])]
        level = pairs + level[len(level) & ~1 :]
    return level[0]
