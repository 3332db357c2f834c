"""What engines saw, as leaks: one for each secret at a place, known by a keyed fingerprint alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from gates.facts.supply.secret_engines import Seen

_GENERIC = re.compile(r"generic|password-in|secret-in|unknown")
_DIGEST = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128}")
_SPEAKS_OF_A_SECRET = re.compile(r"(?i)secret|token|passw|pwd|api_?-?key|auth|credential|access_?-?key|private")
_SPEAKS_OF_A_DIGEST = re.compile(
    r"(?i)cache|sha\d*|md5|digest|hash|checksum|commit|etag|integrity|fingerprint|revision"
)


class Leak(NamedTuple):
    """A secret at a place: the rule that it matches, its fingerprint, and the engines that see it."""

    line: int
    column: int
    rule: str
    fingerprint: str
    engines: tuple[str, ...]


def fingerprint(secret: str, key: str) -> str:
    """16 hex digits of a secret under a repository's key; dear to compute, so that short ones are not soon guessed."""
    return hashlib.scrypt(
        secret.encode("utf-8", "replace"), salt=f"gates {key}".encode(), n=4096, r=8, p=1, dklen=8
    ).hex()


def leaks(seen: Iterable[Seen], text: Mapping[str, list[str]], key: str) -> tuple[dict[str, list[Leak]], int]:
    """Leaks by place, and how many look-alikes were set aside. `text` holds the lines of each place.

    Two engines that see overlapping texts in one line see one secret: the first to name it gives rule and fingerprint.
    """
    found: dict[str, list[tuple[Seen, tuple[str, ...]]]] = {}
    for one in sorted(seen, key=lambda each: (each.place, each.line, each.engine, each.column, each.rule)):
        same = found.setdefault(one.place, [])
        for position, (other, engines) in enumerate(same):
            if other.line == one.line and (other.secret in one.secret or one.secret in other.secret):
                better = one if _GENERIC.search(other.rule) and not _GENERIC.search(one.rule) else other
                same[position] = (better, tuple(sorted({*engines, one.engine})))
                break
        else:
            same.append((one, (one.engine,)))
    aside = 0
    kept: dict[str, list[Leak]] = {}
    for place, several in found.items():
        for one, engines in several:
            lines = text.get(place, [])
            if len(engines) == 1 and is_look_alike(one, lines[one.line - 1] if 0 < one.line <= len(lines) else ""):
                aside += 1
                continue
            leak = Leak(one.line, one.column, one.rule, fingerprint(one.secret, key), engines)
            kept.setdefault(place, []).append(leak)
    return kept, aside


def is_look_alike(seen: Seen, line: str) -> bool:
    """Whether a rule that knows no form took a digest for a secret, in a line that speaks of a digest."""
    if not _GENERIC.search(seen.rule) or not _DIGEST.fullmatch(seen.secret):
        return False
    around = line.replace(seen.secret, "")
    return bool(_SPEAKS_OF_A_DIGEST.search(around)) and not _SPEAKS_OF_A_SECRET.search(around)
