"""Which records can be kept, and the form in which they are: checked, of unit length, times in UTC."""

from __future__ import annotations

import datetime as dt
import math
import re
from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Optional

from runtime.errors import RecordRefused
from runtime.memory.record import FoldPlan, Record

LONGEST_TEXT = 256 * 1024
"""In bytes of UTF-8. A record is a passage, not a document; and Postgres allows a tsvector one megabyte."""
LONGEST_NAME = 255
"""Of an id, a lane or a tag, in characters."""
MOST_DIMENSIONS = 16_000
"""What a column of pgvector takes."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
_MICROSECOND = dt.timedelta(microseconds=1)
# A vector that was kept once has this length but for the rounding to 32 bits: it is kept again bit by bit.
_UNIT = 1e-6


class Kept(NamedTuple):
    """A record as a store keeps it: `record.embedding` is of unit length and rounded to 32 bits, as are its `bytes`."""

    record: Record
    embedding: bytes
    created: int


def microseconds(moment: dt.datetime) -> int:
    """Since the epoch. RecordRefused for what has no time zone: nobody could say when it was."""
    if not isinstance(moment, dt.datetime) or moment.tzinfo is None:
        raise RecordRefused(f"{moment!r} is no moment; give a datetime with a time zone")
    return (moment - _EPOCH) // _MICROSECOND


def moment(since_epoch: int) -> dt.datetime:
    """The other way, in UTC."""
    return _EPOCH + since_epoch * _MICROSECOND


def unit(embedding: Sequence[float], dimension: int = 0) -> bytes:
    """32-bit floats of length 1 in the machine's byte order. RecordRefused where there is no direction in it."""
    if isinstance(embedding, (str, bytes, bytearray)):
        raise RecordRefused(f"an embedding is a sequence of numbers, not {type(embedding).__name__}")
    try:
        values = array("d", embedding)
    except (TypeError, OverflowError) as error:
        raise RecordRefused(f"an embedding is a sequence of numbers: {error}") from error
    if dimension and len(values) != dimension:
        raise RecordRefused(f"the embedding has {len(values)} dimensions, the store {dimension}; use one embedder")
    if not 0 < len(values) <= MOST_DIMENSIONS:
        raise RecordRefused(f"the embedding has {len(values)} dimensions; it needs 1 to {MOST_DIMENSIONS}")
    length = math.hypot(*values)
    if not math.isfinite(length):
        where = next((place for place, value in enumerate(values) if not math.isfinite(value)), None)
        what = "is too long" if where is None else f"holds {values[where]} at dimension {where}"
        raise RecordRefused(f"the embedding {what}; every number must be finite")
    if length == 0:
        raise RecordRefused("the embedding is all zeros: it has no direction, and nothing is similar to it")
    if abs(length - 1) > _UNIT:
        values = array("d", [value / length for value in values])
    return array("f", values).tobytes()


def admitted(records: Iterable[Record], dimension: int = 0) -> list[Kept]:
    """All of them in the form in which they are kept, each id once. RecordRefused where one cannot be: then none is."""
    kept: dict[str, Kept] = {}
    for record in records:
        one = _admitted(record, dimension)
        dimension = len(one.record.embedding)
        if kept.setdefault(one.record.id, one) != one:
            raise RecordRefused(f"{_shown(record)}: the id comes twice with different content")
    return list(kept.values())


def _admitted(record: Record, dimension: int) -> Kept:
    if not isinstance(record, Record):
        raise RecordRefused(f"a {type(record).__name__} is no Record")
    _refuse_name("id", record.id)
    try:
        _refuse(record)
        embedding = unit(record.embedding, dimension)
        created = microseconds(record.created)
    except RecordRefused as refusal:
        raise RecordRefused(f"{_shown(record)}: {refusal}") from refusal
    as_kept = record._replace(
        embedding=tuple(array("f", embedding)),
        created=moment(created),
        tags=frozenset(record.tags),
        importance=float(record.importance),
    )
    return Kept(as_kept, embedding, created)


def _refuse(record: Record) -> None:
    _refuse_text(record.text)
    _refuse_name("lane", record.lane)
    if isinstance(record.tags, (str, bytes)) or not isinstance(record.tags, Iterable):
        raise RecordRefused(f"tags are a set of words, not {record.tags!r}")
    for tag in record.tags:
        _refuse_name("tag", tag)
    if not isinstance(record.importance, (int, float)) or not 0 <= record.importance <= 1:
        raise RecordRefused(f"importance is {record.importance!r}; it is a number from 0 to 1")
    if not isinstance(record.depth, int) or not 0 <= record.depth < 1 << 15:
        raise RecordRefused(f"depth is {record.depth!r}; it is 0, and one more for each fold")
    if record.folded_into is not None:
        raise RecordRefused("folded_into is for the store to say; remember records without it")


def _refuse_text(text: str) -> None:
    if not isinstance(text, str):
        raise RecordRefused(f"text is a str, not {type(text).__name__}; decode it first")
    if not text.strip():
        raise RecordRefused("the text is empty")
    # Before it is encoded: of ten megabytes nothing need be copied to be refused.
    if len(text) > LONGEST_TEXT or len(_encoded("text", text)) > LONGEST_TEXT:
        raise RecordRefused(f"the text has {len(text):,} characters; at most {LONGEST_TEXT:,} bytes are kept: split it")


def _refuse_name(what: str, name: str) -> None:
    if not isinstance(name, str) or not name or len(name) > LONGEST_NAME:
        shown = f"{name[:20]!r}..." if isinstance(name, str) and name else repr(name)
        raise RecordRefused(f"{what} is {shown}; it is a str of 1 to {LONGEST_NAME} characters")
    _encoded(what, name)


def _encoded(what: str, text: str) -> bytes:
    try:
        encoded = text.encode()
    except UnicodeEncodeError as error:
        raise RecordRefused(f"{what} holds half a surrogate pair at {error.start}; decode it as what it is") from error
    if b"\0" in encoded:
        raise RecordRefused(f"{what} holds a NUL character, which not every store can keep")
    return encoded


def can_be(names: Iterable[str]) -> list[str]:
    """Of these ids, tags or lanes those that a record could have; no store need be asked for the others."""
    return [name for name in names if "\0" not in name and not _SURROGATE.search(name)]


def _shown(record: Record) -> str:
    return f"record {record.id}"


def refuse_plan(plan: FoldPlan, summary: Record) -> None:
    """RecordRefused where no fold can come of this: no sources, one twice, or a summary that is one of them."""
    ids = [source.id for source in plan.sources]
    if not ids:
        raise RecordRefused(f"fold {plan.key}: it has no sources")
    if len(set(ids)) < len(ids):
        raise RecordRefused(f"fold {plan.key}: a source comes twice")
    if summary.id in ids:
        raise RecordRefused(f"fold {plan.key}: its summary {summary.id} is one of its sources")
    _refuse_name("fold key", plan.key)


def refuse_depth(summary: Record, depths: Iterable[int]) -> None:
    """RecordRefused where the summary's depth is not one more than that of its deepest source."""
    due = 1 + max(depths)
    if summary.depth != due:
        raise RecordRefused(f"summary {summary.id}: its depth is {summary.depth}; its sources make it {due}")


def same_content(one: Record, other: Record) -> bool:
    """Whether they are the same but for what became of them."""
    return one._replace(folded_into=None) == other._replace(folded_into=None)


def refuse_other(kept: Record, offered: Record) -> None:
    """RecordRefused where the id is taken by other content."""
    if not same_content(kept, offered):
        raise RecordRefused(f"{_shown(offered)}: the id is another's; nothing is overwritten, so give it a new one")


def refuse_taken(summary: str) -> None:
    """RecordRefused: a summary is always a new record, so that no circle of folds can come to be."""
    raise RecordRefused(f"summary {summary}: a record of this id is there already; give the summary a new one")


def refuse_summaries(depths: Iterable[tuple[str, int]]) -> None:
    """RecordRefused where one of these ids, each with its depth, is that of a summary."""
    for name, depth in depths:
        if depth:
            raise RecordRefused(f"record {name} is a summary and stands for others; unfold it instead")


def standing_above(summary: str, above: Optional[str]) -> None:
    """RecordRefused where the summary was itself folded."""
    if above is not None:
        raise RecordRefused(f"summary {summary} was itself folded into {above}; unfold that one first")
