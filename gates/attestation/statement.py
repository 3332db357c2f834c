"""The in-toto Statement, v1: what is attested, of which subjects. Written and read strictly.

https://github.com/in-toto/attestation/tree/main/spec/v1
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from gates.attestation import strict_json
from gates.errors import GatesError

TYPE = "https://in-toto.io/Statement/v1"

_LENGTHS = {
    "gitBlob": (40, 64),
    "gitCommit": (40, 64),
    "gitTree": (40, 64),
    "sha1": (40,),
    "sha256": (64,),
    "sha384": (96,),
    "sha512": (128,),
}
_HEX = re.compile(r"[0-9a-f]+")
_PLACEHOLDER = re.compile(
    r"\s*(?:sha\d*\s*[-:]\s*)?"
    r"(?:pending|tb[adc]|to[ -]?do|to be (?:announced|confirmed|determined|done)|placeholder|unknown|fixme"
    r"|n/?a|none|null|x{2,}|\?+|-+|\.+)?"
    r"[.\s]*",
    re.IGNORECASE,
)


class StatementError(GatesError):
    """What is no statement, or one that would attest nothing."""


@dataclass(frozen=True)
class Descriptor:
    """A ResourceDescriptor: one artifact, known by its digests."""

    name: str
    digest: Mapping[str, str]
    annotations: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or is_placeholder(self.name):
            raise StatementError(f"the name of a resource is {self.name!r}")
        if not isinstance(self.digest, Mapping) or not self.digest:
            raise StatementError(f"{self.name} has no digest")
        if not isinstance(self.annotations, Mapping):
            raise StatementError(f"the annotations of {self.name} are no table")
        for algorithm, value in self.digest.items():
            refuse_digest(algorithm, value, self.name)

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        table: dict[str, Any] = {"name": self.name, "digest": dict(self.digest)}
        return {**table, "annotations": dict(self.annotations)} if self.annotations else table

    @classmethod
    def of(cls, value: object) -> Descriptor:
        """From JSON; StatementError where it is none."""
        table = table_of(value, "a resource", {"name", "digest"}, {"annotations"})
        return cls(table["name"], table["digest"], table.get("annotations", {}))


@dataclass(frozen=True)
class Statement:
    """Of these subjects, the predicate holds."""

    subjects: tuple[Descriptor, ...]
    predicate_type: str
    predicate: Mapping[str, Any]

    def __post_init__(self) -> None:
        if not self.subjects:
            raise StatementError("it has no subject")
        if not isinstance(self.predicate_type, str) or not self.predicate_type.startswith("https://"):
            raise StatementError(f"predicateType is {self.predicate_type!r}, no type URI")
        if not isinstance(self.predicate, Mapping) or not self.predicate:
            raise StatementError("its predicate is empty")

    def render(self) -> bytes:
        """The statement as JSON; the same bytes for the same statement."""
        subjects = [subject.plain() for subject in self.subjects]
        table = {"_type": TYPE, "subject": subjects, "predicateType": self.predicate_type}
        return strict_json.dumps({**table, "predicate": self.predicate})

    @classmethod
    def parse(cls, content: bytes) -> Statement:
        """Read one; StatementError for whatever is missing, misspelt, of the wrong type, or stands for nothing."""
        try:
            value = strict_json.loads(content)
        except ValueError as error:
            raise StatementError(str(error)) from None
        table = table_of(value, "it", {"_type", "subject", "predicateType", "predicate"})
        if table["_type"] != TYPE:
            raise StatementError(f"_type is {table['_type']!r}, not {TYPE}")
        return cls(descriptors(table["subject"], "subject"), table["predicateType"], table["predicate"])


def descriptors(value: object, what: str) -> tuple[Descriptor, ...]:
    """A list of resources; StatementError where it is none."""
    if not isinstance(value, list):
        raise StatementError(f"{what} is no list")
    return tuple(map(Descriptor.of, value))


def table_of(
    value: object, what: str, needed: AbstractSet[str], allowed: AbstractSet[str] = frozenset()
) -> Mapping[str, Any]:
    """A table with these keys and no others; StatementError where it is none."""
    if not isinstance(value, Mapping):
        raise StatementError(f"{what} is no table")
    for key in sorted(needed - set(value)):
        raise StatementError(f"{what} has no '{key}'")
    for key in sorted(set(value) - needed - allowed):
        raise StatementError(f"{what} has a '{key}', which nothing here reads")
    return value


def refuse_digest(algorithm: object, value: object, what: str) -> None:
    """StatementError unless the value is a digest of this algorithm: hex, of its length, and of something."""
    if algorithm not in _LENGTHS:
        raise StatementError(f"{what}: the digest algorithm {algorithm!r} is not known here")
    if not isinstance(value, str) or is_placeholder(value):
        raise StatementError(f"{what}: {algorithm} is {value!r}, which is a placeholder and no digest")
    lengths = _LENGTHS[str(algorithm)]
    if not _HEX.fullmatch(value) or len(value) not in lengths:
        digits = " or ".join(map(str, lengths))
        raise StatementError(f"{what}: {algorithm} is {value!r}, not {digits} hex digits in lower case")
    if _is_pattern(value):
        raise StatementError(f"{what}: {algorithm} is {value!r}, a pattern and no digest")


def is_placeholder(value: str) -> bool:
    """Whether a text is empty, or says that somebody will fill it in later."""
    return _PLACEHOLDER.fullmatch(value) is not None


@functools.lru_cache(maxsize=4096)  # every attestation names every file
def _is_pattern(digits: str) -> bool:
    # Of all digests fewer than one in 2**80 repeats itself so: zeros, `deadbeef` over and over, the digits in order.
    return any(digits == (digits[:width] * len(digits))[: len(digits)] for width in range(1, 17))
