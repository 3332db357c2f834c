"""Values as Python's own objects and back, so that Python itself can say what a pure function makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Callable

from gates.facts.extractors.contents import positions
from gates.facts.extractors.known_values import (
    MANY,
    Class,
    Known,
    Record,
    Several,
    Table,
    Unknown,
    Value,
    Values,
    why,
)
from gates.facts.extractors.loaders import OWN

LONGEST = 100_000
# What one call may have to go through: the lengths of its arguments, multiplied.
_MOST_WORK = 10_000_000
_MOST_BITS = 256
_DEEPEST = 8
TOO_LONG = Unknown("it is too long a text")
_OWN_NAME = Unknown("it is worked out from this module's own name")


class Fields(tuple[object, ...]):
    """A record as `"{0.name}".format(record)` and `"%s.%s" % record` read it; it is no text by itself."""

    def __new__(cls, parts: Sequence[object], fields: Mapping[str, object]) -> Fields:
        """A tuple of the parts, with the fields as attributes."""
        made = super().__new__(cls, parts)
        made.__dict__.update(fields)
        return made

    def __repr__(self) -> str:
        raise TypeError("(how it is shown is not known here)")

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        raise TypeError("(how it is shown is not known here)")


def applied(
    function: Callable[..., object],
    arguments: Sequence[Values],
    words: Mapping[str, Values],
    keeps_own_name: bool = False,
    of: object = None,
) -> Iterator[Value]:
    """What a pure function gives for each way that its arguments may be; what Python refuses is unknown.

    A method is one `of` something, which it has to go through as well.
    """
    names = list(words)
    ways = [[way for value in values for way in ways_of(value)][:MANY] for values in (*arguments, *words.values())]
    for chosen in islice(product(*ways), MANY):
        unknown = next((one for one in chosen if isinstance(one, Unknown)), None)
        if unknown is None and not keeps_own_name and any(map(_holds_own_name, chosen)):
            unknown = _OWN_NAME
        if unknown is not None:
            yield unknown
        else:
            yield done(function, chosen[: len(arguments)], dict(zip(names, chosen[len(arguments) :])), of)


def ways_of(value: Value, depth: int = 0) -> Iterator[object]:
    """Each object that a value may be; an Unknown where it is none of Python's plain ones."""
    if isinstance(value, Known):
        yield value.value
    elif depth > _DEEPEST:
        yield Unknown("it holds too much to be followed")
    elif isinstance(value, Table):
        keys = [_ways(held, depth) for held, _ in value.pairs]
        rows = [_ways(held, depth) for _, held in value.pairs]
        for chosen in islice(product(*keys, *rows), MANY):
            yield _unless_unknown(chosen, lambda parts: _paired(parts[: len(keys)], parts[len(keys) :]))
    elif isinstance(value, Record):
        names = [name for name, _ in value.fields]
        is_tuple = value.is_tuple
        for chosen in islice(product(*(_ways(held, depth) for _, held in value.fields)), MANY):
            yield _unless_unknown(chosen, lambda parts: Fields(parts if is_tuple else (), dict(zip(names, parts))))
    elif isinstance(value, Several):
        held = positions(value)
        if held is None:
            yield Unknown("how many there are, or their order, is not known")
            return
        for chosen in islice(product(*(_ways(one, depth) for one in held)), MANY):
            yield _unless_unknown(chosen, tuple)
    elif isinstance(value, Class) and value.made is not None and value.made.text is not None:
        yield from ways_of(value.made.text, depth + 1)
    elif isinstance(value, Unknown):
        yield value
    else:
        yield Unknown(why(value))


def _ways(values: Values, depth: int) -> list[object]:
    return [way for value in values for way in ways_of(value, depth + 1)][:MANY]


def _unless_unknown(chosen: Sequence[object], make: Callable[[Sequence[object]], object]) -> object:
    unknown = next((one for one in chosen if isinstance(one, Unknown)), None)
    return make(chosen) if unknown is None else unknown


def _paired(keys: Sequence[object], held: Sequence[object]) -> object:
    try:
        return dict(zip(keys, held))
    except TypeError:  # (a list as a key)
        return Unknown("it is no dict")


def _holds_own_name(plain: object) -> bool:
    if isinstance(plain, (tuple, list)):
        return any(map(_holds_own_name, plain))
    if isinstance(plain, dict):
        return any(map(_holds_own_name, (*plain, *plain.values())))
    return isinstance(plain, str) and OWN in plain


def done(
    function: Callable[..., object], arguments: Sequence[object], words: Mapping[str, object], of: object = None
) -> Value:
    """One call, done: its result as a value. Nothing that it is given may make it long."""
    given = (of, *arguments, *words.values())
    if _work(given) > _MOST_WORK:
        return TOO_LONG
    try:
        result = function(*arguments, **words)
    except Exception as error:  # noqa: BLE001 (a codec, a pattern or a parser refuses in its own way)
        return Unknown(f"working it out raises {type(error).__name__}")
    return value_of(result)


def _work(plains: Iterable[object]) -> int:
    work = 1
    for plain in plains:
        if isinstance(plain, int) and abs(plain) > LONGEST:
            return _MOST_WORK + 1
        work *= max(1, _size(plain))
    return work


def _size(plain: object) -> int:
    if isinstance(plain, (str, bytes)):
        return len(plain)
    if isinstance(plain, (tuple, list)):
        return sum(map(_size, plain)) + len(plain)
    if isinstance(plain, dict):
        return sum(map(_size, (*plain, *plain.values()))) + len(plain)
    return abs(plain) if isinstance(plain, int) else 1


def value_of(result: object) -> Value:
    """An object as a value."""
    if result is None or isinstance(result, (bool, float)):
        return Known(result)
    if isinstance(result, int):
        return Known(result) if result.bit_length() < _MOST_BITS else TOO_LONG
    if isinstance(result, (str, bytes)):
        return Known(result) if len(result) <= LONGEST else TOO_LONG
    if isinstance(result, (list, tuple)):
        parts = tuple((value_of(one),) for one in result[:LONGEST])
        return Several(parts, is_fixed=isinstance(result, tuple)) if len(result) <= LONGEST else TOO_LONG
    if isinstance(result, (set, frozenset)):
        return Several(tuple((value_of(one),) for one in sorted(result, key=repr)), len(result) < 2)
    if isinstance(result, dict):
        return Table(tuple(((value_of(key),), (value_of(held),)) for key, held in result.items()))
    return Unknown("it is not a text")
