"""Advisories on this machine: a head that says of when they are and what they come to, and beside it the records."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from gates.errors import GatesError
from gates.facts.supply.advisory_records import Advisory, advisories, days, is_version

SCHEMA = 1
HEAD = "pypi.json"
RECORDS = "pypi.records.gz"
_decode = msgspec.json.Decoder(dict[str, list[Advisory]]).decode


class Head(NamedTuple):
    """`dated` is the day of the newest record; `digest` is of the records' file."""

    dated: str
    records: int
    distributions: int
    digest: str

    @property
    def day(self) -> dt.date:
        """The day as a date."""
        return dt.date.fromisoformat(self.dated)


def build(records: Iterable[Mapping[str, Any]], today: dt.date) -> tuple[Head, Mapping[str, bytes]]:
    """The head, and the two files by name; the same bytes for the same records. GatesError where there is none.

    A day that is still to come says nothing of how old the records are.
    """
    found: dict[str, list[Advisory]] = {}
    newest, many = "", 0
    for record in records:
        many += 1
        newest = max((newest, *(day.isoformat() for day in days(record) if not is_to_come(day, today))))
        for name, advisory in advisories(record):
            found.setdefault(name, []).append(advisory)
    if not found:
        raise GatesError("there is no advisory of a distribution of PyPI in it")
    if not newest:
        raise GatesError("no record of it says a day up to today when it was modified, so its age cannot be known")
    if not any(is_version(each) for several in found.values() for one in several for each in one.versions):
        raise GatesError("no record of it lists a version (PEP 440), by which it could be seen that pip-audit looks")
    ordered = {name: sorted(several) for name, several in sorted(found.items())}
    content = gzip.compress(msgspec.json.encode(ordered), mtime=0)
    head = Head(newest, many, len(ordered), hashlib.sha256(content).hexdigest())
    return head, {HEAD: json.dumps({"schema": SCHEMA, **head._asdict()}).encode() + b"\n", RECORDS: content}


def is_to_come(day: dt.date, today: dt.date) -> bool:
    """Whether it is the future everywhere on Earth."""
    return day > today + dt.timedelta(days=1)


def read_head(content: bytes) -> Head:
    """The head. ValueError where it is none."""
    read = json.loads(content)
    if not isinstance(read, dict) or read.pop("schema", None) != SCHEMA:
        raise ValueError("it was written by another version")
    try:
        head = Head(**read)
        head.day  # noqa: B018  (it must be one)
    except (TypeError, ValueError):
        raise ValueError("it is damaged") from None
    return head


def read_records(head: Head, content: bytes) -> dict[str, list[Advisory]]:
    """Name to advisories. ValueError where the records are not those of the head."""
    if hashlib.sha256(content).hexdigest() != head.digest:
        raise ValueError("its records are not those that its head names")
    try:
        return _decode(gzip.decompress(content))
    except (OSError, EOFError, zlib.error, msgspec.DecodeError) as error:
        raise ValueError(f"its records cannot be read: {error}") from None
