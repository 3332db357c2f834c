"""Which of the nodes that are plugged in can serve a stage, and why the others cannot."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, NamedTuple, Optional, cast

from runtime.orchestrator.node import Node
from runtime.orchestrator.stage import STAGES


class Plugged(NamedTuple):
    """A node with the name by which it is plugged in and switched off."""

    plugin: str
    node: Node


def fitting(nodes: Mapping[str, Any]) -> tuple[list[Plugged], list[str]]:
    """The nodes that can serve a stage, and why the others cannot: one bad plugin stops no boot."""
    plugged: list[Plugged] = []
    unfit: list[str] = []
    names: dict[str, str] = {}
    for plugin, node in nodes.items():
        reason = _why_unfit(node) or (
            f"its name {node.name!r} is that of node:{names[node.name]}" if node.name in names else None
        )
        if reason:
            unfit.append(f"node:{plugin}: {reason}")
            continue
        fit = cast(Node, node)
        names[fit.name] = plugin
        plugged.append(Plugged(plugin, fit))
    return plugged, unfit


def _why_unfit(node: Any) -> Optional[str]:
    missing = [field for field in ("name", "stage", "concurrency", "handle") if not hasattr(node, field)]
    if missing:
        return f"it has no {', '.join(missing)}"
    stage, name, concurrency = node.stage, node.name, node.concurrency
    if stage not in STAGES:
        return f"its stage is {stage!r}; use one of {', '.join(STAGES)}"
    if not isinstance(name, str) or not name:
        return f"its name is {name!r}; use a text"
    if not isinstance(concurrency, int) or concurrency < 1:
        return f"its concurrency is {concurrency!r}; use 1 or more"
    if getattr(node, "placement", "loop") == "loop" and not inspect.iscoroutinefunction(node.handle):
        return "its handle is no coroutine function; say placement = 'thread' or 'process', or make it one"
    return None
