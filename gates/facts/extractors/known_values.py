"""What an expression may be worth: constants, things with a name, and what is unknown, with the reason."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Optional, Union

from gates.facts.extractors.commands import HOLE
from gates.facts.extractors.loaders import OWN
from gates.facts.extractors.places import Scope

# More possibilities than this are not told apart.
MANY = 256


class Known(NamedTuple):
    """A constant: text, bytes, a number, a truth value or None."""

    value: object


class Named(NamedTuple):
    """Something defined outside this file (or by Python itself), by its dotted name."""

    name: str


class Unknown(NamedTuple):
    """What cannot be known here, why, and how its text begins where that is known.

    `text` is all of it, with a HOLE for each part that is not known.
    """

    reason: str
    prefix: str = ""
    text: str = HOLE


class Several(NamedTuple):
    """A tuple, list or set: the possible values at each position."""

    items: tuple[tuple[Value, ...], ...]


class Table(NamedTuple):
    """A dict: the possible values of each key and of what stands under it."""

    pairs: tuple[tuple[tuple[Value, ...], tuple[Value, ...]], ...]


class Class(NamedTuple):
    """A class of this file, or an instance of it."""

    scope: Scope
    instance: bool


class Function(NamedTuple):
    """A function of this file."""

    node: ast.AST
    scope: Scope


class Bound(NamedTuple):
    """`partial(function, ...)`: a call with some of its arguments given beforehand."""

    functions: tuple[Value, ...]
    call: ast.Call
    scope: Scope


class Made(NamedTuple):
    """What a loader gave (a spec, a code object): its making is a site already, its use is not another."""

    loader: str


Value = Union[Known, Named, Unknown, Several, Table, Class, Function, Bound, Made]
Values = tuple[Value, ...]


def distinct(values: Iterable[Value]) -> tuple[Value, ...]:
    """Each once, in order, and no more than can be told apart (True and 1 are different values here)."""
    found: dict[object, Value] = {}
    for value in values:
        key: object = (type(value), type(value.value), value.value) if isinstance(value, Known) else _key(value)
        if key not in found:
            if len(found) >= MANY:
                found["more"] = Unknown(f"there are more than {MANY} possibilities")
                break
            found[key] = value
    return tuple(found.values())


def _key(value: Value) -> object:
    if isinstance(value, (Several, Table, Bound)):
        return id(value)
    return value


def as_text(value: Value) -> Union[str, Unknown]:
    """The text that a value is, or why it is not known."""
    if isinstance(value, Known):
        return value.value if isinstance(value.value, str) else Unknown("it is not a text")
    if isinstance(value, Unknown):
        return value
    if isinstance(value, Named):
        if value.name.startswith("builtins."):
            return Unknown(f"{value.name[len('builtins.') :]!r} is not assigned in this file")
        return Unknown(f"it comes from another module ({value.name.replace(':', '.')})")
    return Unknown("it is not a text")


def joined(left: tuple[Value, ...], right: tuple[Value, ...]) -> tuple[Value, ...]:
    """Every text of the left followed by every text of the right."""
    return distinct(_joined(left, right))


def _joined(left: tuple[Value, ...], right: tuple[Value, ...]) -> Iterator[Value]:
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


def elements(values: Iterable[Value]) -> tuple[Value, ...]:
    """What a loop over these may be given, position by position."""
    return distinct(_elements(values))


def _elements(values: Iterable[Value]) -> Iterator[Value]:
    for value in values:
        if isinstance(value, Several):
            for item in value.items:
                yield from item
        elif isinstance(value, Table):
            for keys, _ in value.pairs:
                yield from keys
        elif isinstance(value, Known) and isinstance(value.value, str):
            yield from (Known(letter) for letter in value.value[:MANY])
        elif isinstance(value, Unknown):
            yield Unknown(value.reason)
        elif isinstance(value, Named):
            reason = as_text(value)
            yield reason if isinstance(reason, Unknown) else Unknown("it is looped over")
        elif not isinstance(value, Known):
            yield Unknown("it is looped over something that is not constant")


def rows_of(values: Values) -> list[Values]:
    """What each round of a loop over these is given; no rows where that is not known."""
    found: list[Values] = []
    for value in values:
        if isinstance(value, Several):
            found.extend(value.items)
        elif isinstance(value, Table):
            found.extend(keys for keys, _ in value.pairs)
        else:
            return []
    return found


def item(values: Iterable[Value], key: object) -> tuple[Value, ...]:
    """What stands under a constant key or position."""
    return distinct(_item(values, key))


def _item(values: Iterable[Value], key: object) -> Iterator[Value]:
    for value in values:
        if isinstance(value, Several) and isinstance(key, int) and not isinstance(key, bool):
            if -len(value.items) <= key < len(value.items):
                yield from value.items[key]
            else:
                yield Unknown("it is at a position that does not exist here")
        elif isinstance(value, Table):
            yield from _under(value, key)
        elif isinstance(value, Known) and isinstance(value.value, (str, bytes)) and isinstance(key, int):
            if OWN not in str(value.value) and -len(value.value) <= key < len(value.value):
                yield Known(value.value[key])
        elif isinstance(value, Unknown):
            yield Unknown(value.reason)
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


def truth(value: Value) -> Optional[bool]:
    """Whether a value counts as true, where that is known."""
    if isinstance(value, Known):
        return bool(value.value)
    if isinstance(value, (Class, Function, Bound, Made)):
        return True
    return None


_LONGEST = 100_000
