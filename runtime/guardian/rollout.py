"""Which subjects a rollout reaches: a stable share, that only grows as its percentage does."""

from __future__ import annotations

import hashlib

BUCKETS = 10_000


def reaches(flag: str, subject: str, percent: float) -> bool:
    """Whether this subject is among the `percent` (0 to 100, in steps of 0.01) of this flag.

    The same on every machine and in every release: SHA-256 of flag and subject, not `hash()`. A subject that 10 % reach
    is reached by 20 %, too; another flag reaches others.
    """
    return bucket(flag, subject) < percent * (BUCKETS / 100)


def bucket(flag: str, subject: str) -> int:
    """0 to 9,999. The length stands before the flag, so that ("a", "bc") and ("ab", "c") are two."""
    digest = hashlib.sha256(f"{len(flag)}:{flag}{subject}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") * BUCKETS >> 64
