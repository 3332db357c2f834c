"""What of a query travels in the body of a message: JSON, out of which every value comes as it was, or is refused.

What JSON would bring back as something else (a tuple as a list, a key 1 as "1", NaN as null) is written as an object
with the key `~`, or refused with its place in the query. Never pickle: who may publish could run code.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping
from math import inf
from types import MappingProxyType
from typing import Any, Optional

import msgspec

from runtime.orchestrator.placement.faults import NotPortable

_TAG = "~"
_KEY, _ESCAPED = b'"~"', b"\\u007"  # how the key stands in a document, and what may begin another way to write it
_DEEPEST = 60
_AS_THEY_ARE = frozenset({str, int, bool, type(None)})
_FLOATS = frozenset({float})
_CONTAINERS = frozenset({dict, list})


class Body(msgspec.Struct, omit_defaults=True):
    """The document. `found` is a query's, or what an answer adds to it; `gone` names the stages that it took out.

    `held` is how many further queries, whoever asked them, the node has there while this one is answered.
    """

    text: str
    found: dict[str, Any]
    answer: Optional[str]
    gone: tuple[str, ...] = ()
    held: Optional[int] = None


def packed(
    text: str,
    found: Mapping[str, object],
    answer: Optional[str],
    gone: tuple[str, ...] = (),
    held: Optional[int] = None,
) -> bytes:
    """The body as JSON. Raises NotPortable, with the place of what cannot travel."""
    try:
        return _encoded(Body(text, _plain_mapping(found, 0), answer, gone, held))
    except (_Odd, msgspec.MsgspecError, TypeError, ValueError) as error:
        raise NotPortable(place_of(found, "found") or str(error)) from error


def unpacked(document: bytes) -> Body:
    """The body of a message. Raises NotPortable."""
    try:
        body = _decoded(document)
        tags = inf if _ESCAPED in document else document.count(_KEY)
        if tags:
            body.found = _object(_Tags(tags).undone(body.found))
    except (msgspec.MsgspecError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise NotPortable(f"no query as JSON: {type(error).__name__}: {error}; it begins {document[:60]!r}") from error
    return body


class _Odd(Exception):
    """What JSON does not bring back as it was."""


def _plain(value: object, depth: int) -> object:
    """The value as JSON that comes back as the same value and type; itself where it may be."""
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is float:
        return _finite(value)  # type: ignore[arg-type]  # the line above says so
    if depth > _DEEPEST:
        raise _Odd(f"lies more than {_DEEPEST} levels deep, or holds itself")
    if kind is dict or kind is MappingProxyType:
        return _plain_mapping(value, depth)  # type: ignore[arg-type]
    if kind is list:
        return _plain_items(value, depth)  # type: ignore[arg-type]
    if kind is tuple:
        return {_TAG: "tuple", "items": _plain_items(value, depth)}  # type: ignore[arg-type]
    if kind is bytes:
        return {_TAG: "bytes", "base64": base64.b64encode(value).decode()}  # type: ignore[arg-type]
    raise _Odd(f"is a {kind.__name__}; None, bool, int, float, str, bytes, list, tuple and dict travel")


def _plain_items(values: Iterable[object], depth: int) -> Iterable[object]:
    # Most lists are long and flat, embeddings above all: no call, and no copy, for what needs none.
    kinds = set(map(type, values))
    if kinds <= _AS_THEY_ARE or (kinds == _FLOATS and all(map(math.isfinite, values))):  # type: ignore[arg-type]
        return values
    return [item if type(item) in _AS_THEY_ARE else _plain(item, depth + 1) for item in values]


def _plain_mapping(value: Mapping[Any, object], depth: int) -> dict[str, Any]:
    items: dict[str, Any] = {}
    for key, item in value.items():
        if type(key) is not str:
            raise _Odd(f"has the key {key!r:.40}, a {type(key).__name__}; only str keys travel")
        kind = type(item)
        as_it_is = kind in _AS_THEY_ARE or (kind is float and math.isfinite(item))  # type: ignore[arg-type]
        items[key] = item if as_it_is else _plain(item, depth + 1)
    return items if _TAG not in items else {_TAG: "dict", "items": list(items.items())}


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise _Odd("Out of range float values are not JSON compliant")
    return value


def place_of(value: object, where: str, depth: int = 0) -> str:
    """Where in the value what cannot travel lies, and why it cannot; nothing when all of it can."""
    try:
        _encoded(_plain(value, depth))
    except (_Odd, ValueError) as error:
        inner: Iterable[tuple[object, object]] = ()
        if type(value) in (list, tuple):
            inner = enumerate(value)  # type: ignore[arg-type]
        elif type(value) in (dict, MappingProxyType):
            inner = value.items()  # type: ignore[attr-defined]
        if depth <= _DEEPEST:
            for key, item in inner:
                said = place_of(item, f"{where}[{key!r:.40}]", depth + 1)
                if said:
                    return said
        return f"{where:.120} {error}"
    return ""


class _Tags:
    """Puts back what `left` tags at most stand for, in place where it may be, and then looks no further."""

    __slots__ = ("left",)

    def __init__(self, left: float) -> None:
        self.left = left

    def undone(self, value: Any) -> object:
        """The value of what was decoded, a list or a dictionary."""
        if type(value) is list:
            for index, item in enumerate(value):
                if self.left and type(item) in _CONTAINERS:
                    value[index] = self.undone(item)
            return value
        tagged = _TAG in value
        self.left -= tagged
        for key, item in value.items():
            if self.left and type(item) in _CONTAINERS:
                value[key] = self.undone(item)
        return _meant(value) if tagged else value


def _meant(document: dict[str, Any]) -> object:
    tag = document[_TAG]
    if tag == "bytes":
        return base64.b64decode(str(document["base64"]), validate=True)
    items = document["items"]
    if tag == "tuple" and type(items) is list:
        return tuple(items)
    if tag == "dict" and type(items) is list:
        return dict(items)
    raise ValueError(f"unknown tag {tag!r}")


def _object(value: object) -> dict[str, Any]:
    if type(value) is not dict:
        raise TypeError(f"'found' is a {type(value).__name__}; it is an object")
    return value


_encoded = msgspec.json.Encoder().encode
_decoded = msgspec.json.Decoder(Body).decode
