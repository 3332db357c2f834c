"""Queries and answers as bytes and headers, and the subjects that they travel on.

Subjects: `<prefix>.ask.<stage>.<node>`, joined by all workers of a node as the queue group of the same name without the
prefix, so that each query reaches one of them; and `<prefix>.cancel`, which every worker hears. The version of what is
written here is in the prefix: two sides that do not agree do not meet, and the asker learns so at once.

The body is JSON (`nats_body`): it is read with any tool that listens on a subject, and by a worker in any language.

Headers carry what whoever stands between may want to read: the query's id, `traceparent` (W3C), the remaining time in
milliseconds (never a point in time: two machines' clocks differ), and after how many of them a worker says that it is
still at work.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Optional

from runtime.errors import ConfigurationFault
from runtime.orchestrator.placement.faults import NotPortable
from runtime.orchestrator.placement.nats_body import packed, unpacked
from runtime.orchestrator.query import NOTHING, Query

PREFIX = "lukhas.v1"

QUERY_ID = "Lukhas-Query-Id"
REMAINING_MS = "Lukhas-Remaining-Ms"
BEAT_MS = "Lukhas-Beat-Ms"
TRACEPARENT = "traceparent"
ENDING = "Lukhas-Ending"
ERROR = "Lukhas-Error"

DONE, FAILED, GAVE_UP, BUSY, NOT_UNDERSTOOD, WORKING = (
    "done",  # the body is the query with what was found; an answer that does not say how it ended is one, too
    "failed",  # the node raised: the class's name in Lukhas-Error, the text in the body
    "gave-up",  # the remaining time was over
    "busy",  # not begun: as many as the worker takes, or it is being drained
    "not-understood",  # not begun: the message is no query
    "working",  # not an ending: still at it
)
HEADERS_AT_MOST = 1024  # bytes; the server counts them into its limit for a message

_MISSING = object()
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


def asked(headers: Optional[Mapping[str, str]], document: bytes) -> tuple[Query, Optional[float]]:
    """The query of a question, and its beat in seconds. Raises NotPortable."""
    headers = headers or {}
    if QUERY_ID not in headers:
        raise NotPortable(f"a question without the header {QUERY_ID}")
    remaining = milliseconds(headers, REMAINING_MS)
    told = unpacked(document)
    query = Query(
        told.text,
        headers[QUERY_ID],
        MappingProxyType(told.found),
        told.answer,
        math.inf if remaining is None else remaining,
        headers.get(TRACEPARENT),
    )
    return query, milliseconds(headers, BEAT_MS)


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


def body(query: Query, asked_with: Mapping[str, object] = NOTHING, held: Optional[int] = None) -> bytes:
    """What of a query is not in the headers. Raises NotPortable.

    An answer leaves out the findings that it was `asked_with`, by identity: they are where it goes, and a node that
    changes another stage's finding in place changes only its own copy. Stages that it took out are in `gone`. It says
    how many further queries are `held` where it comes from, so that several who ask keep out of each other's way.
    """
    found = query.found
    gone: tuple[str, ...] = ()
    if asked_with:
        gone = tuple([stage for stage in asked_with if stage not in found])
        found = {stage: value for stage, value in found.items() if asked_with.get(stage, _MISSING) is not value}
    try:
        return packed(query.text, found, query.answer, gone, held)
    except NotPortable as error:
        raise NotPortable(f"query {query.id} cannot travel: {error}") from error


def opened(document: bytes, query: Query) -> tuple[Query, Optional[int]]:
    """The query with what the body of its answer adds to it, and how many are held there. Raises NotPortable."""
    told = unpacked(document)
    found = {**query.found, **told.found}
    for stage in told.gone:
        found.pop(stage, None)
    answer = Query(told.text, query.id, MappingProxyType(found), told.answer, query.remaining, query.traceparent)
    return answer, told.held
