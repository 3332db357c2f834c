"""Documents into the memory: a document that is fed again takes the place of what it said before.

What it no longer says is withdrawn: out of recall, and kept. Where that was folded with other passages, the fold is
undone first, because a summary would go on saying it. What a document says again is brought back.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from runtime.errors import RecordRefused, StoreFault
from runtime.memory.memory import Memory
from runtime.memory.record import DOCUMENT, WITHDRAWN, Filter, Record

SOURCE = "source:"
"""The tag by which a record says where it stands: `source:docs/a.md:17`."""

_PASSAGES = uuid.uuid5(uuid.NAMESPACE_URL, "lukhas:passages")
_ONE_TICK = dt.timedelta(microseconds=1)
_BATCH = 256
_MOST = 1_000_000
_LONGEST_NAME = 200  # with what stands before it and a line after it, a tag
_TRIES = 5


class Passage(Protocol):
    """A piece of a document; `line` counts from 1."""

    @property
    def text(self) -> str:
        """As it is recalled."""
        ...

    @property
    def line(self) -> int:
        """Where it begins."""
        ...


class Fed(NamedTuple):
    """What became of a document, in passages: those it has, and of them new ones and some brought back; those gone."""

    passages: int
    new: int = 0
    back: int = 0
    gone: int = 0


def feed(memory: Memory, name: str, passages: Iterable[Passage]) -> Fed:
    """Let the memory hold these passages of a document, and no others. Without any, all it said is withdrawn.

    Blocks. A passage is the same where document, line and text are. New ones are remembered before those that are gone
    are withdrawn: for a moment both are recalled, and never neither. Errors: RecordRefused, StoreFault; to feed the
    document again then mends what was left half done.
    """
    name = tag_name(name)
    offered: dict[str, Passage] = {}
    for passage in passages:
        offered.setdefault(_id(name, passage), passage)
    before = _ever_said(memory, name)
    new = _records(name, {one: passage for one, passage in offered.items() if one not in before})
    for start in range(0, len(new), _BATCH):
        memory.remember(new[start : start + _BATCH])
    back = memory.store.restore([one for one in offered if one in before])
    gone = [one for one, record in before.items() if one not in offered and record.folded_into != WITHDRAWN]
    return Fed(len(offered), len(new), len(back), _withdrawn(memory, gone))


def tag_name(name: str) -> str:
    """A document's name as tags can hold it: not too long, and of characters that every store keeps."""
    name = name.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")
    if len(name) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{digest}…{name[len(digest) + 1 - _LONGEST_NAME :]}"


def _id(name: str, passage: Passage) -> str:
    return str(uuid.uuid5(_PASSAGES, f"{name}:{passage.line}\n{passage.text}"))


def _records(name: str, passages: Mapping[str, Passage]) -> list[Record]:
    now = dt.datetime.now(dt.timezone.utc)
    return [
        Record(
            id=one,
            text=passage.text,
            embedding=(),
            created=now + place * _ONE_TICK,
            tags=frozenset({f"{DOCUMENT}{name}", f"{SOURCE}{name}:{passage.line}"}),
        )
        for place, (one, passage) in enumerate(passages.items())
    ]


def _ever_said(memory: Memory, name: str) -> dict[str, Record]:
    """Every passage that was ever fed of this document, whatever became of it; summaries of them are none."""
    store = memory.store
    if not store.dimension:
        return {}
    anywhere = (1.0, *[0.0] * (store.dimension - 1))
    found = store.nearest(anywhere, _MOST, Filter(tags=frozenset({f"{DOCUMENT}{name}"}), with_cold=True))
    return {record.id: record for record in store.get([one.id for one in found]) if not record.depth}


def _withdrawn(memory: Memory, ids: Sequence[str]) -> int:
    left = list(ids)
    for _ in range(_TRIES):
        done = frozenset(memory.store.withdraw(left)) if left else frozenset()
        left = [one for one in left if one not in done]
        if not left:
            memory.sizes()
            return len(ids)
        for one in left:
            _bring_up(memory, one)
    raise StoreFault(f"{len(left)} passages were folded as often as they were unfolded; feed the document again")


def _bring_up(memory: Memory, record: str) -> None:
    """Undo the folds that a record lies below, from the top; in the background more may be made meanwhile."""
    above: list[str] = []
    summary = memory.store.lineage(record).folded_into
    while summary:
        above.append(summary)
        summary = memory.store.lineage(summary).folded_into
    try:
        for one in reversed(above):
            memory.unfold(one)
    except RecordRefused:
        return  # it was folded further just now; the caller looks again
