"""Methods and functions on constant text, done as Python would do them; what is unknown keeps its known beginning."""

from __future__ import annotations

import base64
import binascii
import shlex
import textwrap
from collections.abc import Iterator, Mapping
from itertools import islice, product
from typing import Callable, Union

from gates.facts.extractors.known_values import MANY, Known, Several, Unknown, Value, Values, as_text, distinct, joined
from gates.facts.extractors.loaders import OWN

_METHODS = frozenset(
    "capitalize casefold decode encode format hex join lower lstrip partition removeprefix removesuffix replace "
    "rpartition rsplit rstrip split strip swapcase title translate upper __add__ __str__".split()
)
# These leave the file's own name in one piece, whatever it is.
_KEEPS_OWN_NAME = frozenset({"format", "join", "__add__", "__str__"})
_LONGEST = 100_000


def method(base: Value, name: str, arguments: list[Values], words: Mapping[str, Values]) -> Iterator[Value]:
    """What a method of a constant text may return; nothing where the value is no text or the method is not pure."""
    if not isinstance(base, Known) or not isinstance(base.value, (str, bytes)) or name not in _METHODS:
        return
    function = getattr(base.value, name, None)  # text has no decode, bytes have no format
    if function is None:
        return
    if OWN in str(base.value) and name not in _KEEPS_OWN_NAME:
        yield Unknown("it is worked out from this module's own name")
    elif name == "join" and isinstance(base.value, str) and arguments:
        yield from (part for value in arguments[0] for part in _join(base.value, value))
    else:
        names = list(words)
        for chosen in islice(product(*arguments, *words.values()), MANY):
            unknown = next((text for text in map(_plain, chosen) if isinstance(text, Unknown)), None)
            if unknown is not None:
                yield Unknown(unknown.reason, _before_field(base.value) if name == "format" else "")
                continue
            values = [value.value for value in chosen if isinstance(value, Known)]
            by_name = dict(zip(names, values[len(arguments) :]))
            yield _done(function, *values[: len(arguments)], **by_name)


def percent(left: Values, right: Values) -> Values:
    """`left % right`."""
    return distinct(_percent(left, right))


def _percent(left: Values, right: Values) -> Iterator[Value]:
    for pattern in left:
        text = as_text(pattern)
        if isinstance(text, Unknown):
            yield Unknown(text.reason)
            continue
        for given in right:
            positions = given.items if isinstance(given, Several) else ((given,),)
            for chosen in islice(product(*positions), MANY):
                unknown = next((one for one in map(_plain, chosen) if isinstance(one, Unknown)), None)
                if unknown is not None:
                    yield Unknown(unknown.reason, text.split("%")[0])
                else:
                    values = tuple(value.value for value in chosen if isinstance(value, Known))
                    yield _done(text.__mod__, values)


def _plain(value: Value) -> Union[Unknown, None]:
    """Why a value is no constant, or None where it is one."""
    if isinstance(value, Known):
        return None
    text = as_text(value)
    return text if isinstance(text, Unknown) else None


def _before_field(text: object) -> str:
    return text.split("{")[0] if isinstance(text, str) else ""


def _join(separator: str, value: Value) -> Iterator[Value]:
    if not isinstance(value, Several):
        reason = as_text(value)
        if isinstance(reason, Unknown):
            yield Unknown(reason.reason)
        else:
            yield _done(separator.join, reason)
        return
    found: Values = (Known(""),)
    for index, position in enumerate(value.items[:MANY]):
        found = joined(found, (Known(separator),)) if index else found
        found = joined(found, position)
    yield from found


def _done(function: Callable[..., object], *arguments: object, **words: object) -> Value:
    """The call's result as a value; what Python refuses is unknown."""
    numbers = [value for value in (*arguments, *words.values()) if isinstance(value, int)]
    if any(abs(number) > _LONGEST for number in numbers) or _has_wide_field(function):
        return Unknown("it is too long a text")
    try:
        result = function(*arguments, **words)
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError, MemoryError) as error:
        return Unknown(f"working it out raises {type(error).__name__}")
    return _value(result)


def _has_wide_field(function: Callable[..., object]) -> bool:
    """`"%999999999d"` and `"{:999999999}"` would fill the memory."""
    text = getattr(function, "__self__", None)
    name = getattr(function, "__name__", "")
    if name not in ("format", "__mod__") or not isinstance(text, str):
        return False
    digits = 0
    for letter in text:
        digits = digits + 1 if letter.isdigit() else 0
        if digits > 4:
            return True
    return "*" in text


def _value(result: object) -> Value:
    if isinstance(result, (list, tuple)):
        return Several(tuple((_value(one),) for one in result))
    if isinstance(result, (str, bytes)) and len(result) > _LONGEST:
        return Unknown("it is too long a text")
    return Known(result)


def _pure(function: Callable[..., object]) -> Callable[[list[Values]], Iterator[Value]]:
    def apply(arguments: list[Values]) -> Iterator[Value]:
        for chosen in islice(product(*arguments), MANY):
            unknown = next((one for one in map(_plain, chosen) if isinstance(one, Unknown)), None)
            if unknown is not None:
                yield unknown
            else:
                values = [value.value for value in chosen if isinstance(value, Known)]
                yield _done(function, *values)

    return apply


def _text_of(value: object, encoding: str = "utf-8") -> str:
    return value.decode(encoding) if isinstance(value, bytes) else str(value)


def _from_base64(value: Union[str, bytes]) -> bytes:
    try:
        return base64.b64decode(value)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


PURE: Mapping[str, Callable[[list[Values]], Iterator[Value]]] = {
    "str": _pure(_text_of),
    "chr": _pure(lambda value: chr(value)),
    "bytes.fromhex": _pure(bytes.fromhex),
    "base64.b64decode": _pure(_from_base64),
    "shlex.split": _pure(lambda line: shlex.split(line)),
    "textwrap.dedent": _pure(lambda text: textwrap.dedent(text)),
}
