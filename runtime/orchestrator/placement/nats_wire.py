"""Queries and answers as bytes and headers, and the subjects that they travel on.

Subjects: `<prefix>.ask.<stage>.<node>`, joined by all workers of a node as the queue group of the same name without the
prefix, so that each query reaches one of them; and `<prefix>.cancel`, which every worker hears. The version of what is
written here is in the prefix: two sides that do not agree do not meet, and the asker learns so at once.

The body is JSON: it is read with any tool that listens on a subject, and by a worker in any language. What JSON would
bring back as something else (a tuple as a list, a key 1 as "1", NaN as no JSON at all) is written as a tagged object,
or refused with its place in the query. Never pickle: who may publish could run code.

Headers carry what whoever stands between may want to read: the query's id, `traceparent` (W3C), the remaining time in
milliseconds (never a point in time: two machines' clocks differ), and after how many of them a worker says that it is
still at work.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Optional

from runtime.errors import ConfigurationFault
from runtime.orchestrator.placement.faults import NotPortable
from runtime.orchestrator.query import NOTHING, Query

PREFIX = "lukhas.v1"

QUERY_ID = "Lukhas-Query-Id"
REMAINING_MS = "Lukhas-Remaining-Ms"
BEAT_MS = "Lukhas-Beat-Ms"
TRACEPARENT = "traceparent"
ENDING = "Lukhas-Ending"
ERROR = "Lukhas-Error"

DONE, FAILED, GAVE_UP, BUSY, NOT_UNDERSTOOD, WORKING = (
    "done",  # the body is the query with what was found
    "failed",  # the node raised: the class's name in Lukhas-Error, the text in the body
    "gave-up",  # the remaining time was over
    "busy",  # not begun: as many as the worker takes, or it is being drained
    "not-understood",  # not begun: the message is no query
    "working",  # not an ending: still at it
)
HEADERS_AT_MOST = 1024  # bytes; the server counts them into its limit for a message

_TAG = "~"
_DEEPEST = 60
_MISSING = object()
_AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CLEAN = re.compile(r"[\x21-\x7e]{1,128}")
_W3C = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-[\x21-\x7e]{0,128})?")


def subject_of(prefix: str, stage: str, node: str) -> str:
    """Where a node is asked. Raises ConfigurationFault for names that no subject may hold."""
    for what, token in (("stage", stage), ("node", node)):
        if not _TOKEN.fullmatch(token):
            raise ConfigurationFault(
                f"the {what} '{token}' cannot be served on NATS: use 1 to 64 letters, digits, '-' or '_'"
            )
    return f"{checked_prefix(prefix)}.ask.{stage}.{node}"


def checked_prefix(prefix: str) -> str:
    """The prefix of all subjects. Raises ConfigurationFault."""
    if not all(_TOKEN.fullmatch(token) for token in prefix.split(".")):
        raise ConfigurationFault(
            f"'{prefix}' is no prefix of NATS subjects: use names joined by dots, as in '{PREFIX}'"
        )
    return prefix


def cancel_subject(prefix: str) -> str:
    """Where it is said that nobody waits for an answer any more; the body is the reply subject of the question."""
    return f"{checked_prefix(prefix)}.cancel"


def question(query: Query, beat: Optional[float]) -> tuple[dict[str, str], bytes]:
    """The headers and the body that ask a node. `beat` in seconds. Raises NotPortable."""
    if not _CLEAN.fullmatch(query.id):
        raise NotPortable(f"the query id {query.id!r:.140} cannot be a header: use up to 128 visible ASCII characters")
    headers = {QUERY_ID: query.id}
    if query.traceparent is not None and _W3C.fullmatch(query.traceparent):
        headers[TRACEPARENT] = query.traceparent
    if math.isfinite(query.remaining):
        headers[REMAINING_MS] = f"{query.remaining * 1000:.3f}"
    if beat is not None:
        headers[BEAT_MS] = f"{beat * 1000:.3f}"
    return headers, body(query)


def asked(headers: Optional[Mapping[str, str]], packed: bytes) -> tuple[Query, Optional[float]]:
    """The query of a question, and its beat in seconds. Raises NotPortable."""
    headers = headers or {}
    if QUERY_ID not in headers:
        raise NotPortable(f"a question without the header {QUERY_ID}")
    remaining = milliseconds(headers, REMAINING_MS)
    query = Query(
        "",
        headers[QUERY_ID],
        remaining=math.inf if remaining is None else remaining,
        traceparent=headers.get(TRACEPARENT),
    )
    return opened(packed, query), milliseconds(headers, BEAT_MS)


def milliseconds(headers: Mapping[str, str], name: str) -> Optional[float]:
    """A header in seconds; None where there is none. Raises NotPortable."""
    text = headers.get(name)
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise NotPortable(f"the header {name} is {text!r:.40}; it is a number of milliseconds, not negative")
    return value / 1000


def body(query: Query, asked_with: Mapping[str, object] = NOTHING) -> bytes:
    """What of a query is not in the headers. Raises NotPortable.

    An answer leaves out the findings that it was `asked_with`, by identity: they are where it goes, and a node that
    changes another stage's finding in place changes only its own copy. Stages that it took out are in `gone`.
    """
    try:
        new = {stage: value for stage, value in query.found.items() if asked_with.get(stage, _MISSING) is not value}
        document = {"text": query.text, "found": plain(new, 0), "answer": query.answer}
        gone = [stage for stage in asked_with if stage not in query.found]
        return _encoded({**document, "gone": gone} if gone else document).encode()
    except (_Odd, TypeError, ValueError) as error:
        where = place_of(query.found, "found")
        raise NotPortable(f"query {query.id} cannot travel: {where or error}") from error


def opened(packed: bytes, query: Query) -> Query:
    """The query with what a body holds, and the findings that it has already. Raises NotPortable."""
    try:
        document = _decoded(packed.decode())
        text, found, answer, gone = document["text"], document["found"], document["answer"], document.get("gone", ())
        found = {**query.found, **found}
        for stage in gone:
            found.pop(stage, None)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise NotPortable(f"no query as JSON: {type(error).__name__}: {error}; it begins {packed[:60]!r}") from error
    if not isinstance(text, str) or not isinstance(answer, (str, type(None))):
        raise NotPortable("no query: 'text' is a string, 'found' an object, 'answer' a string or null")
    return query._replace(text=text, found=MappingProxyType(found), answer=answer)


class _Odd(Exception):
    """What JSON does not bring back as it was."""


def plain(value: object, depth: int) -> object:
    """The value as JSON that comes back as the same value and type."""
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if depth > _DEEPEST:
        raise _Odd(f"lies more than {_DEEPEST} levels deep, or holds itself")
    if kind is list or kind is tuple:
        # Most lists are long and flat: no call for what needs none.
        items = [item if type(item) in _AS_THEY_ARE else plain(item, depth + 1) for item in value]  # type: ignore[attr-defined]
        return items if kind is list else {_TAG: "tuple", "items": items}
    if kind is dict or kind is MappingProxyType:
        return _plain_mapping(value, depth)  # type: ignore[arg-type]  # the line above says so
    if kind is bytes:
        return {_TAG: "bytes", "base64": base64.b64encode(value).decode()}  # type: ignore[arg-type]
    raise _Odd(f"is a {kind.__name__}; None, bool, int, float, str, bytes, list, tuple and dict travel")


def _plain_mapping(value: Mapping[object, object], depth: int) -> object:
    for key in value:
        if type(key) is not str:
            raise _Odd(f"has the key {key!r:.40}, a {type(key).__name__}; only str keys travel")
    items = {key: item if type(item) in _AS_THEY_ARE else plain(item, depth + 1) for key, item in value.items()}
    return items if _TAG not in items else {_TAG: "dict", "items": list(items.items())}


def place_of(value: object, where: str, depth: int = 0) -> str:
    """Where in the value what cannot travel lies, and why it cannot; nothing when all of it can."""
    try:
        _encoded(plain(value, depth)).encode()
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


def _untagged(document: dict[str, object]) -> object:
    tag = document.get(_TAG)
    if tag is None and _TAG not in document:
        return document
    if tag == "bytes":
        return base64.b64decode(str(document["base64"]), validate=True)
    items = document["items"]
    if tag == "tuple" and isinstance(items, list):
        return tuple(items)
    if tag == "dict" and isinstance(items, list):
        return dict(items)
    raise ValueError(f"unknown tag {tag!r}")


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is no number in JSON")


# Made once: json makes a new one at every call that wants anything but its defaults.
_encoded = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")).encode
_decoded = json.JSONDecoder(object_hook=_untagged, parse_constant=_no_number).decode
