"""The lanes as a drawing (SVG): a box for each, and an arrow for the imports from each to each, counted."""

from __future__ import annotations

from collections.abc import Iterator

from gates.number_words import many
from gates.report import LaneMap
from gates.reporters.markup import Markup, element, joined

MOST = 40
"""Lanes beyond which nobody would see anything; the table below the drawing has them all."""

# Pixels.
_WIDTH, _HEIGHT, _GAP = 230, 46, 34
_REACH = 46
_MARGIN = 70


def drawing(lanes: LaneMap) -> Markup:
    """Allowed imports are arcs to the right of the boxes, forbidden ones to the left, in red and drawn thick."""
    names = list(lanes.may_import)
    if not 0 < len(names) <= MOST:
        return element("p", "There are too many lanes to be drawn." if names else "There are no lanes.")
    arrows = [
        (mine, other, count) for (mine, other), count in sorted(lanes.edges.items()) if _is_drawn(lanes, mine, other)
    ]
    longest = max((abs(names.index(mine) - names.index(other)) for mine, other, _ in arrows), default=1)
    reach = _REACH * longest + _MARGIN
    width, height = _WIDTH + 2 * reach, len(names) * (_HEIGHT + _GAP)
    parts = [_box(name, at, reach, lanes.modules.get(name, 0)) for at, name in enumerate(names)]
    for mine, other, count in arrows:
        is_allowed = other in lanes.may_import[mine]
        parts.append(_arrow(names.index(mine), names.index(other), reach, count, is_allowed))
    title = element("title", f"{many(len(names), 'lane')} and the imports between them; the table below says the same")
    return element(
        "svg", title, _heads(), *parts,
        viewBox=f"0 0 {width} {height}", width=width, height=height, role="img", class_="lanes",
    )  # fmt: skip


def _is_drawn(lanes: LaneMap, mine: str, other: str) -> bool:
    return mine != other and mine in lanes.may_import and other in lanes.may_import and lanes.edges[mine, other] > 0


def _box(name: str, at: int, left: int, modules: int) -> Markup:
    top = at * (_HEIGHT + _GAP) + _GAP // 2
    middle = left + _WIDTH // 2
    return element(
        "g",
        element("rect", x=left, y=top, width=_WIDTH, height=_HEIGHT, rx=8),
        element("text", name, x=middle, y=top + 20, class_="name"),
        element("text", many(modules, "module"), x=middle, y=top + 37, class_="count"),
    )


def _arrow(mine: int, other: int, left: int, count: int, is_allowed: bool) -> Markup:
    side, kind = (1, "allowed") if is_allowed else (-1, "forbidden")
    edge = left + _WIDTH if is_allowed else left
    # The arrow forth and the one back are apart, and so are their numbers.
    begin, end = _middle(mine) - 7, _middle(other) + 7
    is_down = mine < other
    bend = edge + side * (_REACH * abs(mine - other) + (30 if is_down else 8))
    path = f"M {edge} {begin} C {bend} {begin}, {bend} {end}, {edge + side * 4} {end}"
    x = edge + side * (abs(bend - edge) * 3 // 4 + 6)
    y = (begin + end) // 2 + (-5 if is_down else 13)
    label = element("text", f"{count:,}", x=x, y=y, text_anchor="start" if is_allowed else "end")
    return element("g", element("path", d=path, marker_end=f"url(#{kind})"), label, class_=kind)


def _middle(at: int) -> int:
    return at * (_HEIGHT + _GAP) + (_GAP + _HEIGHT) // 2


def _heads() -> Markup:
    triangle = element("path", d="M 0 0 L 8 4 L 0 8 z")
    kinds = ("allowed", "forbidden")
    size = {"viewBox": "0 0 8 8", "refX": 7, "refY": 4, "markerWidth": 10, "markerHeight": 10}
    turned = {"orient": "auto", "markerUnits": "userSpaceOnUse"}
    return element(
        "defs", *(element("marker", triangle, id=kind, class_=f"head {kind}", **size, **turned) for kind in kinds)
    )


def table(lanes: LaneMap) -> Markup:
    """The same in words: who imports whom, how often, and whether it may."""
    heads = (element("th", title, scope="col") for title in ("from", "to", "imports", "the policy"))
    return element("table", element("tr", *heads), *_rows(lanes))


def _rows(lanes: LaneMap) -> Iterator[Markup]:
    for (mine, other), count in sorted(lanes.edges.items()):
        if mine == other or not count:
            continue
        is_allowed = other in lanes.may_import.get(mine, ())
        word = "allows it" if is_allowed else "forbids it"
        cells = [element("td", mine), element("td", other), element("td", f"{count:,}", class_="number")]
        yield element("tr", joined(cells), element("td", word), class_=None if is_allowed else "forbidden")
