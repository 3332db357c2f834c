"""The functions and classes that stand at the top of one file, by a scan of its bytes that may see too many."""

from __future__ import annotations

import re

_DEFINED = re.compile(rb"^(?:async[ \t]+)?(?:def|class)[ \t]+([A-Za-z_]\w*)", re.MULTILINE | re.ASCII)


def extract(source: bytes) -> tuple[str, ...]:
    """Their names, sorted; those in other letters than ASCII's are left out."""
    return tuple(sorted({name.decode("ascii") for name in _DEFINED.findall(source)}))
