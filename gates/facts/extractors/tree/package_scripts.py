"""What a package.json offers: the names of its scripts and programs, its name and its version."""

from __future__ import annotations

import json
from typing import Any, Optional


def extract(source: bytes) -> Optional[tuple[tuple[str, ...], tuple[str, ...], str, str]]:
    """Scripts, programs, name, version. ValueError where it is no JSON."""
    table: Any = json.loads(source.decode("utf-8-sig", "replace"))
    if not isinstance(table, dict):
        return None
    scripts, programs = table.get("scripts"), table.get("bin")
    name, version = table.get("name"), table.get("version")
    bins = list(programs) if isinstance(programs, dict) else [str(name).rpartition("/")[2]] if programs else []
    return (
        tuple(scripts) if isinstance(scripts, dict) else (),
        tuple(bins),
        name if isinstance(name, str) else "",
        version if isinstance(version, str) else "",
    )
