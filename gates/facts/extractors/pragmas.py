"""The comments of a module that take lines out of what is measured; a pure function of bytes."""

from __future__ import annotations

from typing import Optional

from gates.facts.extractors.statements import pragmas_of

Plain = tuple[tuple[int, str], ...]


def extract(source: bytes) -> Optional[Plain]:
    """Line and words of each; None where there is none."""
    if b"ragma" not in source and b"PRAGMA" not in source:
        return None
    return tuple((line, words) for line, words, _ in pragmas_of(source)) or None
