"""Which files a run looks at one by one: all of them, or only the changed ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Scope:
    """`paths` is None for all files. Rules about the whole tree judge the whole tree whatever the scope."""

    paths: Optional[frozenset[str]] = None
