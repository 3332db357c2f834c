"""Timings as drawings (SVG): a quantile with its interval beside its budget, and what a benchmark took over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from gates.reporters.markup import Markup, element

# Pixels.
_WIDTH, _HEIGHT = 260, 26
_TREND_HEIGHT = 70
_EDGE = 6


def milliseconds(seconds: Optional[float]) -> str:
    """`12.3 ms`; "?" where it is not known."""
    return "?" if seconds is None else f"{seconds * 1e3:.3g} ms"


def interval(estimate: float, lower: Optional[float], upper: Optional[float], limit: float) -> Markup:
    """The budget as a line across, what the quantile lies between as a bar, what was seen as a dot.

    Where nothing bounds it on a side, the bar runs to that edge of the drawing.
    """
    most = 1.15 * max(limit, estimate, upper or 0.0)
    begin, end = _at(lower, most, 0), _at(upper, most, _WIDTH)
    is_kept = upper is not None and upper <= limit
    words = f"{milliseconds(estimate)} seen, between {milliseconds(lower)} and {milliseconds(upper)}"
    middle = _HEIGHT // 2
    bar = {"x": begin, "y": middle - 5, "width": max(end - begin, 2), "height": 10}
    return element(
        "svg",
        element("title", f"{words}; the budget is {milliseconds(limit)}"),
        element("path", d=f"M 0 {middle} H {_WIDTH}", class_="axis"),
        element("rect", **bar, class_="kept" if is_kept else "over"),
        element("circle", cx=_at(estimate, most, 0), cy=middle, r=4),
        element("path", d=f"M {_at(limit, most, 0)} 2 V {_HEIGHT - 2}", class_="limit"),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}", width=_WIDTH, height=_HEIGHT, role="img", class_="timing",
    )  # fmt: skip


def trend(seconds: Sequence[float], limit: Optional[float], what: str) -> Markup:
    """What was measured, the oldest at the left, with the budget as a line across."""
    most = 1.15 * max([*seconds, limit or 0.0])
    step = (_WIDTH - 2 * _EDGE) / max(len(seconds) - 1, 1)
    points = [(round(_EDGE + number * step), _height(each, most)) for number, each in enumerate(seconds)]
    line = " L ".join(f"{x} {y}" for x, y in points)
    across = [] if limit is None else [element("path", d=f"M 0 {_height(limit, most)} H {_WIDTH}", class_="limit")]
    words = f"{what}: {len(seconds)} measured, from {milliseconds(seconds[0])} to {milliseconds(seconds[-1])}"
    return element(
        "svg",
        element("title", words),
        *across,
        element("path", d=f"M {line}", class_="trend"),
        *(element("circle", cx=x, cy=y, r=3) for x, y in points),
        viewBox=f"0 0 {_WIDTH} {_TREND_HEIGHT}", width=_WIDTH, height=_TREND_HEIGHT, role="img", class_="timing",
    )  # fmt: skip


def _at(seconds: Optional[float], most: float, otherwise: int) -> int:
    return otherwise if seconds is None else round(_WIDTH * seconds / most)


def _height(seconds: float, most: float) -> int:
    return round(_TREND_HEIGHT - _EDGE - (_TREND_HEIGHT - 2 * _EDGE) * seconds / most)
