"""The lanes as a Mermaid diagram: imports counted on the arrows, what the policy forbids in red."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gates.number_words import many
from gates.report import LaneMap
from gates.reporters.printable import printable

MOST = 500
LARGEST = 50_000
"""Arrows and characters beyond which Mermaid draws an error in place of the diagram."""

_ODD = re.compile(r"[^A-Za-z0-9 ._/-]")


def diagram(lanes: LaneMap) -> list[str]:
    """The lines of a fenced block. Imports within a lane are left out, unless the policy forbids even them."""
    drawn = list(_drawn(lanes))
    if len(drawn) > MOST + len(lanes.may_import) or sum(map(len, drawn)) > LARGEST:
        return ["There are too many lanes and arrows between them to be drawn."]
    return drawn


def _drawn(lanes: LaneMap) -> Iterator[str]:
    number = {name: f"lane{index}" for index, name in enumerate(lanes.may_import)}
    yield "```mermaid"
    yield "flowchart LR"
    for name, node in number.items():
        yield f'    {node}["{_label(name)}<br/>{many(lanes.modules.get(name, 0), "module")}"]'
    forbidden = []
    drawn = 0
    for (mine, other), imports in sorted(lanes.edges.items()):
        allowed = other in lanes.may_import.get(mine, ())
        if mine not in number or other not in number or not imports or (mine == other and allowed):
            continue
        yield f'    {number[mine]} -->|"{imports:,}"| {number[other]}'
        if not allowed:
            forbidden.append(str(drawn))
        drawn += 1
    if forbidden:
        yield f"    linkStyle {','.join(forbidden)} stroke:#d1242f,stroke-width:3px,color:#d1242f"
    yield "```"


def _label(name: str) -> str:
    # Mermaid has entities of its own, by code point; with them nothing in a name can end the label or the block.
    return _ODD.sub(lambda match: f"#{ord(match.group())};", printable(name))
