"""Which records a filter lets through, where no query language decides it."""

from __future__ import annotations

import datetime as dt
from typing import Optional

from runtime.memory.record import Filter, Record
from runtime.memory.stores.admission import can_be, microseconds
from runtime.memory.vectors import Bounds


def bounds_of(which: Filter, before: Optional[dt.datetime] = None) -> Bounds:
    """The times of a filter in microseconds. RecordRefused for a time without a zone."""
    since = None if which.since is None else microseconds(which.since)
    ends = [microseconds(end) for end in (which.until, before) if end is not None]
    return Bounds(since, min(ends, default=None))


def fits(record: Record, which: Filter, bounds: Bounds) -> bool:
    """Whether the filter lets this record through; `bounds` are the filter's."""
    if record.folded_into is not None and not which.with_cold:
        return False
    if which.lane is not None and record.lane != which.lane:
        return False
    if not which.tags <= record.tags:
        return False
    if bounds == Bounds(None, None):
        return True
    created = microseconds(record.created)
    return (bounds.since is None or created >= bounds.since) and (bounds.until is None or created < bounds.until)


def asks_the_impossible(which: Filter) -> bool:
    """Whether it names a tag or a lane that no record can have."""
    names = [*which.tags, *([] if which.lane is None else [which.lane])]
    return len(can_be(names)) < len(names)
