"""Delta debugging: the fewest of many that still show something (Zeller and Hildebrandt's ddmin)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable, TypeVar

T = TypeVar("T")


def fewest(items: Sequence[T], shows: Callable[[Sequence[T]], bool]) -> list[T]:
    """A part of `items`, in their order, that shows it and of which no single one can be left out.

    `shows` must be true of all of them; it is asked about O(log n) parts where one item is enough, O(n²) at worst.
    """
    left, parts = list(items), 2
    if not left or shows([]):
        return []
    while len(left) > 1:
        size = -(-len(left) // parts)  # rounded up
        pieces = [left[start : start + size] for start in range(0, len(left), size)]
        alone = next((piece for piece in pieces if len(pieces) > 1 and shows(piece)), None)
        if alone is not None:
            left, parts = alone, 2
            continue
        rests = (_without(pieces, at) for at in range(len(pieces))) if len(pieces) > 2 else iter(())
        rest = next((rest for rest in rests if shows(rest)), None)
        if rest is not None:
            left, parts = rest, max(parts - 1, 2)
        elif size == 1:
            break
        else:
            parts = min(parts * 2, len(left))
    return left


def _without(pieces: Sequence[Sequence[T]], left_out: int) -> list[T]:
    return [item for at, piece in enumerate(pieces) if at != left_out for item in piece]
