"""Methods of constant texts, and their formats, done as Python would; what is unknown keeps its known beginning."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping, Sequence
from typing import Union

from gates.facts.extractors.contents import added, joined
from gates.facts.extractors.known_values import MANY, Known, Several, Unknown, Value, Values, as_text, distinct, why
from gates.facts.extractors.loaders import OWN
from gates.facts.extractors.plain_values import TOO_LONG, applied, ways_of

METHODS = frozenset(
    "capitalize casefold center count decode encode endswith expandtabs find format format_map hex index isalnum "
    "isalpha isascii isdecimal isdigit isidentifier islower isnumeric isspace istitle isupper join ljust lower lstrip "
    "maketrans partition removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split "
    "splitlines startswith strip swapcase title tobytes translate upper zfill __add__ __contains__ __eq__ __format__ "
    "__getitem__ __len__ __mod__ __mul__ __ne__ __radd__ __rmul__ __str__".split()
)
# These leave the file's own name in one piece, whatever it is.
_KEEPS_OWN_NAME = frozenset({"format", "format_map", "join", "__add__", "__str__", "__mod__"})
# Encodings whose work is bounded and which are Python's own; looking others up would import them.
ENCODINGS = frozenset(
    "ascii us_ascii utf_8 utf8 utf_8_sig utf_16 utf16 utf_16_le utf_16_be utf_32 utf_7 latin_1 latin1 iso_8859_1 "
    "cp1252 cp437 unicode_escape raw_unicode_escape".split()
)
# What these make of the beginning of a text is the beginning of what they make of all of it.
_KEEPS_BEGINNING = frozenset({"casefold", "lower", "lstrip", "strip", "swapcase", "upper"})


def method(base: Value, name: str, arguments: Sequence[Values], words: Mapping[str, Values]) -> Iterator[Value]:
    """What a method of a text may return; nothing where the value is no text or the method is not pure."""
    if isinstance(base, Unknown) and name in _KEEPS_BEGINNING and not arguments and base.prefix:
        prefix = getattr(base.prefix, name)()
        yield Unknown(base.reason, prefix)
        return
    text = base.value if isinstance(base, Known) else None
    if not isinstance(text, (str, bytes)) or name not in METHODS or not hasattr(text, name):
        return
    if OWN in str(text) and name not in _KEEPS_OWN_NAME:
        yield Unknown("it is worked out from this module's own name")
    elif name == "join" and isinstance(text, str) and arguments:
        yield from (part for value in arguments[0] for part in _joined(text, value))
    elif name == "__add__" and arguments:
        yield from added((base,), arguments[0])
    elif name in ("decode", "encode") and not all(map(_is_an_encoding, (*arguments[:1], *words.values()))):
        yield Unknown("its encoding is not known here")
    elif name == "__mod__" and arguments:
        yield from percent((base,), arguments[0])
    elif name in ("format", "format_map") and is_wide(text):
        yield TOO_LONG
    else:
        for value in applied(getattr(text, name), arguments, words, name in _KEEPS_OWN_NAME, text):
            begins = isinstance(value, Unknown) and name in ("format", "format_map")
            yield value._replace(prefix=_before_field(text)) if begins and isinstance(value, Unknown) else value


def percent(left: Values, right: Values) -> Values:
    """`left % right`."""
    return distinct(_percent(left, right))


def _percent(left: Values, right: Values) -> Iterator[Value]:
    for pattern in left:
        text = as_text(pattern)
        if isinstance(text, Unknown):
            yield Unknown(text.reason)
        elif is_wide(text):
            yield TOO_LONG
        else:
            for value in applied(text.__mod__, (right,), {}, keeps_own_name=True, of=text):
                yield value._replace(prefix=text.split("%")[0]) if isinstance(value, Unknown) else value


def formatted(values: Values, conversion: int, spec: Values) -> Values:
    """What `{value!r:spec}` of an f-string puts into the text."""
    if conversion == ord("s") or conversion == -1:
        shown = distinct(_as_it_is(value) for value in values)
    else:
        convert = repr if conversion == ord("r") else ascii
        shown = distinct(applied(convert, (values,), {}))
    if all(isinstance(one, Known) and one.value == "" for one in spec):
        return distinct(_as_a_text(value) for value in shown)
    if any(is_wide(one) for one in map(as_text, spec) if isinstance(one, str)):
        return (TOO_LONG,)
    return distinct(applied(lambda value, how: format(value, how), (shown, spec), {}))


def _as_it_is(value: Value) -> Value:
    text = as_text(value)
    return Known(text) if isinstance(text, str) else value


def _as_a_text(value: Value) -> Value:
    plain = value.value if isinstance(value, Known) else ""
    return value if isinstance(plain, str) else next(applied(str, ((value,),), {}))


def _before_field(text: Union[str, bytes]) -> str:
    return text.split("{")[0] if isinstance(text, str) else ""


def _joined(separator: str, value: Value) -> Iterator[Value]:
    if isinstance(value, Several) and not value.exact:
        yield Unknown("how many there are, or their order, is not known")
    elif isinstance(value, Several) and len(value.items) <= MANY:
        found: Values = (Known(""),)
        for index, position in enumerate(value.items):
            found = joined(found, (Known(separator),)) if index else found
            found = joined(found, position)
        yield from found
    elif isinstance(value, Unknown):
        yield Unknown(value.reason)
    else:
        ways = list(ways_of(value))
        if any(isinstance(way, Unknown) for way in ways):
            yield Unknown(why(value) or "it is not a text")
        else:
            yield from applied(separator.join, ((value,),), {}, keeps_own_name=True, of=separator)


def _is_an_encoding(values: Values) -> bool:
    return all(is_encoding(value.value) for value in values if isinstance(value, Known))


def is_encoding(name: object) -> bool:
    """Whether a text may be decoded by an encoding of this name; `errors="ignore"` is none, and does no harm."""
    plain = name.lower().replace("-", "_").replace(" ", "_") if isinstance(name, str) else ""
    return plain in ENCODINGS or plain in ("ignore", "replace", "strict", "surrogateescape")


def is_wide(text: Union[str, bytes]) -> bool:
    """`"%999999999d"` and `"{:999999999}"` would fill the memory."""
    if isinstance(text, bytes):
        return is_wide(text.decode("latin-1"))
    digits = 0
    for letter in text:
        digits = digits + 1 if letter in string.digits else 0
        if digits > 4:
            return True
    return "*" in text
