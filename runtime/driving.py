"""A run of the real pipeline in which everything that is said is written down: what the gate silent-stage reads.

    {"recording": "telemetry", "schema": 1, "queries": 20, "files": {"runtime/app.py": "<blob>"},
     "spans": {"stage.memory": 20}, "series": {"matriz_stage_total": [{"stage": "memory"}]},
     "plugins": {"node:recall": "loaded"}, "flags": ["LUKHAS_LANE", "module.node.recall"]}

`series` are those that counted anything; one that is there from the start and stays at zero says nothing of a stage.
`plugins` are what a boot with every lane made of each, `flags` the switches that it then had, and the settings.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional

from runtime.app import opened
from runtime.drilling import QUESTION, REMEMBERED
from runtime.registry.installed import Installed
from runtime.settings import LANES, VARIABLES, Settings
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
    plugins, switches = await _every_lane(settings, found)
    return {
        "recording": "telemetry",
        "schema": SCHEMA,
        "queries": queries,
        "files": sources(PACKAGE),
        "spans": dict(sorted(Counter(record.name for record in kept.records).items())),
        "series": series,
        "plugins": plugins,
        "flags": sorted([*switches, *(variable.name for variable in VARIABLES)]),
    }


async def _every_lane(settings: Settings, found: Optional[Installed]) -> tuple[dict[str, str], tuple[str, ...]]:
    """What becomes of each plugin where every lane is loaded, and the switches that there are then."""
    app = await opened(settings._replace(store="memory:", switches=None, lane=LANES[-1]), (), found, start=False)
    try:
        states = {record.key: record.state for record in app.registry.records()}
        return dict(sorted(states.items())), app.switches.declared
    finally:
        await app.close()


def booted(settings: Settings, document: Mapping[str, Any]) -> dict[str, Any]:
    """What a boot made of each plugin, of the document of /system/plugins: what the gate missing-plugin reads."""
    kept = ("plugin", "lane", "state", "reason")
    return {
        "recording": "boot",
        "schema": SCHEMA,
        "discovery": settings.discovery,
        "lane": settings.lane,
        "files": sources(PACKAGE),
        "plugins": [{key: record[key] for key in kept} for record in document["plugins"]],
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
