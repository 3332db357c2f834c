"""What lists, dicts, records and texts hold: at a position, under a key, in each round of a loop, joined together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Optional

from gates.facts.extractors.known_values import (
    MANY,
    Class,
    Known,
    Named,
    Record,
    Several,
    Table,
    Unknown,
    Value,
    Values,
    as_text,
    distinct,
    why,
)
from gates.facts.extractors.loaders import OWN

_LONGEST = 100_000


def joined(left: Values, right: Values) -> Values:
    """Every text of the left followed by every text of the right."""
    return distinct(_joined(left, right))


def _joined(left: Values, right: Values) -> Iterator[Value]:
    for first in left:
        before = as_text(first)
        for second in right:
            after = as_text(second)
            if isinstance(before, Unknown):
                more = after.text if isinstance(after, Unknown) else after
                yield before._replace(text=(before.text + more)[:_LONGEST])
            elif isinstance(after, Unknown):
                yield Unknown(after.reason, before + after.prefix, before + after.text)
            elif len(before) + len(after) > _LONGEST:
                yield Unknown("it is too long a text")
            else:
                yield Known(before + after)


def added(left: Values, right: Values) -> Values:
    """`left + right`, of texts, of numbers and of lists."""
    if any(isinstance(value, Several) for value in left):
        lists = [value for value in (*left, *right) if isinstance(value, Several)]
        rest = tuple(value for value in (*left, *right) if isinstance(value, Unknown))
        exact = not rest and len(left) == len(right) == 1 and all(one.exact for one in lists)
        return (Several((*(position for one in lists for position in one.items), *((rest,) if rest else ())), exact),)
    if len(left) == len(right) == 1:
        first, second = getattr(left[0], "value", None), getattr(right[0], "value", None)
        if isinstance(first, bytes) and isinstance(second, bytes) and len(first) + len(second) <= _LONGEST:
            return (Known(first + second),)
        if _is_small(first) and _is_small(second):
            return (Known(first + second),)  # type: ignore[operator]
    return joined(left, right)


def _is_small(value: object) -> bool:
    return isinstance(value, int) and abs(value) < _LONGEST


def elements(values: Iterable[Value]) -> Values:
    """What a loop over these may be given, position by position."""
    return distinct(_elements(values))


def _elements(values: Iterable[Value]) -> Iterator[Value]:
    for value in values:
        held = positions(value)
        if held is not None:
            for item in held:
                yield from item
        elif isinstance(value, Several):
            for item in value.items:
                yield from item
        elif isinstance(value, Unknown):
            yield Unknown(value.reason)
        elif isinstance(value, Named):
            yield Unknown(why(value))
        elif not isinstance(value, Known):
            yield Unknown("it is looped over something that is not constant")


def positions(value: Value) -> Optional[tuple[Values, ...]]:
    """What stands at each position of a sequence whose length is known; None of anything else."""
    if isinstance(value, Several):
        return value.items if value.exact else None
    if isinstance(value, Table):
        return tuple(keys for keys, _ in value.pairs) if all(len(keys) == 1 for keys, _ in value.pairs) else None
    if isinstance(value, Record) and value.is_tuple:
        return tuple(held for _, held in value.fields)
    text = value.value if isinstance(value, Known) else None
    if isinstance(text, (str, bytes)) and len(text) <= MANY and OWN not in str(text):
        return tuple((Known(letter),) for letter in text)
    return None


def alone(values: Values) -> Optional[tuple[Values, ...]]:
    """What stands at each position, where only one sequence of known length can be meant."""
    return positions(values[0]) if len(values) == 1 else None


def in_order(values: Values) -> tuple[tuple[Values, ...], bool]:
    """What stands at each position, as far as that is known; whether it stands there and nothing else does."""
    held = alone(values)
    if held is not None:
        return held, True
    only = values[0] if len(values) == 1 else None
    return (only.items if isinstance(only, Several) else (elements(values),)), False


def rows_of(values: Values) -> list[Values]:
    """What each round of a loop over these is given; no rows where that is not known."""
    found: list[Values] = []
    for value in values:
        held = value.items if isinstance(value, Several) else positions(value)
        if held is None and isinstance(value, Table):
            held = tuple(keys for keys, _ in value.pairs)
        if held is None:
            return []
        found.extend(held)
    return found


def item(values: Iterable[Value], key: object) -> Values:
    """What stands under a constant key or position."""
    return distinct(_item(values, key))


def _item(values: Iterable[Value], key: object) -> Iterator[Value]:
    for value in values:
        is_position = isinstance(key, int) and not isinstance(key, bool)
        held = positions(value) if is_position and not isinstance(value, Table) else None
        if held is not None and isinstance(key, int):
            if -len(held) <= key < len(held):
                yield from held[key]
            else:
                yield Unknown("it is at a position that does not exist here")
        elif isinstance(value, Several) and isinstance(key, int):
            at = value.items[key] if -len(value.items) <= key < len(value.items) else ()
            # A list that was changed since has something unknown at each position; a set has no positions at all.
            yield from at if any(isinstance(one, Unknown) for one in at) else elements((value,))
        elif isinstance(value, Table):
            yield from _under(value, key)
        elif isinstance(value, Unknown):
            yield Unknown(value.reason)
        elif isinstance(value, Known) and isinstance(value.value, str) and isinstance(key, int):
            if OWN not in value.value and -len(value.value) <= key < len(value.value):
                yield Known(value.value[key])
        else:
            yield Unknown("it is an item of something that is not constant")


def _under(table: Table, key: object) -> Iterator[Value]:
    found = False
    for keys, held in table.pairs:
        if any(isinstance(one, Known) and one.value == key for one in keys):
            found = True
            yield from held
        elif not all(isinstance(one, Known) for one in keys):
            yield from held
    if not found:
        yield Unknown(f"{key!r} is not a key of this dict")


def is_missing(value: Value) -> bool:
    """Whether a value only says that a dict has no such key."""
    return isinstance(value, Unknown) and value.reason.endswith("is not a key of this dict")


def table_of(pairs: Iterable[tuple[Values, Values]]) -> Table:
    """A dict of pairs, in which a later key that is certain takes the place of an earlier one."""
    found: list[tuple[Values, Values]] = []
    at: dict[object, int] = {}
    for keys, held in pairs:
        key = keys[0].value if len(keys) == 1 and isinstance(keys[0], Known) else None
        if key is None or isinstance(key, (list, dict)):
            found.append((keys, held))
        elif key in at:
            found[at[key]] = (keys, held)
        else:
            at[key] = len(found)
            found.append((keys, held))
    return Table(tuple(found))


def unsure(value: Value, unknown: Values) -> Value:
    """A value that something unknown may have been put into since."""
    if isinstance(value, Several) and not value.is_fixed:
        return Several((*((*held, *unknown) for held in value.items), unknown), exact=False)
    if isinstance(value, Table):
        return Table((*value.pairs, (unknown, unknown)))
    if isinstance(value, Record) and not value.is_tuple:
        return Record(tuple((name, (*held, *unknown)) for name, held in value.fields))
    if isinstance(value, Class) and value.made is not None and value.made.text is None:
        return value._replace(made=None)
    return value
