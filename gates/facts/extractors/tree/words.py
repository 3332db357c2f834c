"""The words of a text file that can be names, and how many lines it has."""

from __future__ import annotations

import re
from typing import Optional

_WORD = re.compile(rb"[A-Za-z_$][\w$]*")
_LARGEST = 4_000_000


def extract(source: bytes) -> Optional[tuple[int, tuple[str, ...]]]:
    """Lines, and words; None for what is no text, or too large to be read by people."""
    if b"\0" in source[:8000] or len(source) > _LARGEST:
        return None
    lines = source.count(b"\n") + (not source.endswith(b"\n") and bool(source))
    return lines, tuple(sorted({word.decode("ascii") for word in _WORD.findall(source)}))
