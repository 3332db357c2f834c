"""A run of the real pipeline in which everything that is said is written down: what the gate silent-stage reads.

    {"recording": "telemetry", "schema": 1, "queries": 20, "files": {"runtime/app.py": "<blob>"},
     "spans": {"stage.memory": 20}, "series": {"matriz_stage_total": [{"stage": "memory"}]}}

`series` are those that counted anything; one that is there from the start and stays at zero says nothing of a stage.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any, Optional

from runtime.app import opened
from runtime.drilling import QUESTION, REMEMBERED
from runtime.registry.installed import Installed
from runtime.settings import Settings
from runtime.telemetry.opentelemetry import Kept, Spans

SCHEMA = 1
# Time enough for a first query in a cold process.
BUDGET = 5.0
PACKAGE = Path(__file__).parent


async def driven(settings: Settings, queries: int, found: Optional[Installed] = None) -> dict[str, Any]:
    """So many queries over a memory of its own, and what was heard of them. Errors: RuntimeFault."""
    kept = Kept()
    spans = Spans(kept, share=1.0)
    app = await opened(settings._replace(store="memory:", switches=None, budget=BUDGET), [spans], found, ("node",))
    try:
        app.memory.remember(REMEMBERED)
        for _ in range(queries):
            await app.ask(QUESTION)
        series = app.metrics_of.counted()
    finally:
        await app.close()
        spans.close()
    return {
        "recording": "telemetry",
        "schema": SCHEMA,
        "queries": queries,
        "files": sources(PACKAGE),
        "spans": dict(sorted(Counter(record.name for record in kept.records).items())),
        "series": series,
    }


def sources(package: Path) -> dict[str, str]:
    """Each module of the service, as a path from where it lies, with the id that git gives its content."""
    files = sorted(package.rglob("*.py"))
    return {file.relative_to(package.parent).as_posix(): _blob(file.read_bytes()) for file in files}


def _blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def write(recording: dict[str, Any], file: Path) -> None:
    """Write it down, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_name(f"{file.name}.half")
    half.write_text(json.dumps(recording, indent=1) + "\n", encoding="utf-8")
    half.replace(file)
