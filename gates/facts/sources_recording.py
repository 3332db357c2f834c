"""Which content every module had while a recording was made: a file of JSON beside the recording.

    {"recording": "sources", "schema": 1, "commit": "...", "tree": "...", "files": {"app/bridge.py": "<blob>"}}

A module that changed meanwhile has no blob ("").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

from gates.facts.recording_file import RecordingError

SCHEMA = 1


@dataclass(frozen=True)
class Sources:
    """Path to blob, for every module that there was."""

    files: Mapping[str, str]
    commit: Optional[str] = None
    tree: Optional[str] = None


def render(sources: Sources) -> bytes:
    """The file's bytes: the same for the same modules."""
    head: dict[str, Any] = {"recording": "sources", "schema": SCHEMA, "commit": sources.commit, "tree": sources.tree}
    return (json.dumps({**head, "files": dict(sorted(sources.files.items()))}, indent=0) + "\n").encode("ascii")


def parse(content: bytes) -> Sources:
    """What a file says. RecordingError where it is none."""
    try:
        read = json.loads(content)
    except (ValueError, RecursionError):
        raise RecordingError("is no JSON, or cut off") from None
    if not isinstance(read, dict) or read.get("recording") != "sources":
        raise RecordingError("is no recording of sources")
    if read.get("schema") != SCHEMA:
        raise RecordingError(f"its schema is {read.get('schema')!r:.20}, and this version reads {SCHEMA}")
    files = read.get("files")
    if not isinstance(files, dict) or not all(isinstance(blob, str) for blob in files.values()):
        raise RecordingError("its files are not paths with the ids of their contents")
    return Sources(files, read.get("commit"), read.get("tree"))
