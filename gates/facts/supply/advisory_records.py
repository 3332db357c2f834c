"""Advisories in the form of OSV: read from an archive or a folder, and held against versions."""

from __future__ import annotations

import datetime as dt
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Optional, Union

import msgspec

from gates.errors import GatesError
from gates.facts.supply.asked import normalised

_SUFFIXES = (".json", ".yaml", ".yml")


class Advisory(NamedTuple):
    """One record about one distribution: its ids, what it affects, and what is said of its severity.

    `ranges` are lists of events as OSV has them, {"introduced": "0"}, {"fixed": "2.1"}.
    """

    id: str
    aliases: tuple[str, ...]
    summary: str
    versions: tuple[str, ...]
    ranges: tuple[tuple[tuple[str, str], ...], ...]
    vectors: tuple[str, ...]
    said: tuple[str, ...]

    def affects(self, version: str) -> bool:
        """Whether a version is one of those that it speaks of. One that is no version counts by its text alone."""
        from packaging.version import InvalidVersion, Version

        if version in self.versions:
            return True
        try:
            asked = Version(version)
            return any(Version(each) == asked for each in self.versions if is_version(each)) or any(
                _is_inside(asked, events) for events in self.ranges
            )
        except InvalidVersion:
            return False

    @property
    def fixes(self) -> tuple[str, ...]:
        """The versions that are said to mend it."""
        return tuple(version for events in self.ranges for event, version in events if event == "fixed")


class _Package(msgspec.Struct):
    ecosystem: str
    name: str


class _Rating(msgspec.Struct):
    score: str


class _Bounds(msgspec.Struct):
    type: str
    events: Optional[list[dict[str, Union[str, float]]]] = None


class _Affected(msgspec.Struct):
    package: Optional[_Package] = None
    severity: Optional[list[_Rating]] = None
    ranges: Optional[list[_Bounds]] = None
    versions: Optional[list[Union[str, float]]] = None
    database_specific: Optional[dict[str, Any]] = None
    ecosystem_specific: Optional[dict[str, Any]] = None


class _Record(msgspec.Struct):
    """The form of a record, as far as it is read."""

    id: str
    aliases: Optional[list[str]] = None
    severity: Optional[list[_Rating]] = None
    affected: Optional[list[_Affected]] = None
    database_specific: Optional[dict[str, Any]] = None
    ecosystem_specific: Optional[dict[str, Any]] = None


def records(source: Path) -> Iterator[Mapping[str, Any]]:
    """The records of a zip or a folder, in JSON or YAML. GatesError where it is neither, or a record is none."""
    for name, content in _contents(source):
        try:
            record = json.loads(content) if name.endswith(".json") else _yaml(content)
        except ValueError as error:
            raise GatesError(f"{source}: {name}: is no record of an advisory: {str(error).splitlines()[0]}") from None
        try:
            msgspec.convert(record, _Record, strict=False)
            days(record)
        except (msgspec.ValidationError, ValueError) as error:
            raise GatesError(f"{source}: {name}: is no record of an advisory: {error}") from None
        yield record


def days(record: Mapping[str, Any]) -> Iterable[dt.date]:
    """When it was published and modified. ValueError for what is no day."""
    found = []
    for key in ("modified", "published"):
        said = str(record.get(key) or "")
        try:
            found += [dt.date.fromisoformat(said[:10])] if said else []
        except ValueError:
            raise ValueError(f"{key} is '{said[:30]}', and must begin with a day like 2024-02-29") from None
    return found


def advisories(record: Mapping[str, Any]) -> Iterator[tuple[str, Advisory]]:
    """The name of each distribution of PyPI that a record speaks of, with what it says; none where it was withdrawn."""
    if record.get("withdrawn"):
        return
    own = _severities(record)
    is_malicious = any(str(name).startswith("MAL-") for name in (record["id"], *(record.get("aliases") or ())))
    for affected in record.get("affected") or ():
        package = affected.get("package") or {}
        if str(package.get("ecosystem", "")).partition(":")[0] != "PyPI":
            continue
        vectors, said = _severities(affected)
        ranges = tuple(
            tuple((event, str(version)) for each in bounds.get("events") or () for event, version in each.items())
            for bounds in affected.get("ranges") or ()
            if bounds.get("type") == "ECOSYSTEM"
        )
        yield (
            normalised(str(package["name"])),
            Advisory(
                record["id"],
                tuple(sorted({*map(str, record.get("aliases") or ())} - {record["id"]})),
                " ".join(str(record.get("summary") or record.get("details") or "").split())[:200],
                tuple(map(str, affected.get("versions") or ())),
                ranges,
                tuple(own[0] + vectors),
                (*own[1], *said, *(["critical"] if is_malicious else [])),
            ),
        )


def _severities(holder: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    vectors = [str(each.get("score", "")) for each in holder.get("severity") or ()]
    specific = [holder.get("database_specific") or {}, holder.get("ecosystem_specific") or {}]
    return vectors, [str(each["severity"]) for each in specific if isinstance(each.get("severity"), str)]


def _contents(source: Path) -> Iterator[tuple[str, bytes]]:
    if source.is_dir():
        for file in sorted(source.rglob("*")):
            if file.name.endswith(_SUFFIXES) and file.is_file():
                yield file.relative_to(source).as_posix(), file.read_bytes()
        return
    try:
        with zipfile.ZipFile(source) as archive:
            for name in sorted(archive.namelist()):
                if name.endswith(_SUFFIXES):
                    yield name, _unpacked(archive, name, source)
    except (OSError, zipfile.BadZipFile):
        raise GatesError(f"{source}: is neither a folder nor a zip of advisories (OSV's PyPI/all.zip)") from None


def _unpacked(archive: zipfile.ZipFile, name: str, source: Path) -> bytes:
    try:
        return archive.read(name)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:  # RuntimeError: encrypted, or odd
        raise GatesError(f"{source}: {name}: cannot be unpacked ({error}); fetch the archive again") from None


def _yaml(content: bytes) -> Any:
    import yaml

    try:
        # Everything as text: a version 1.10 is no number, and a date needs no type.
        return yaml.load(content, getattr(yaml, "CBaseLoader", yaml.BaseLoader))
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


def is_version(text: str) -> bool:
    """Whether it is one as PEP 440 has them."""
    from packaging.version import InvalidVersion, Version

    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def _is_inside(asked: Any, events: Iterable[tuple[str, str]]) -> bool:
    """Whether a version lies between an introduction and what ends it, as OSV evaluates its events: in their order."""
    from packaging.version import Version

    order = {"introduced": 0, "fixed": 1, "last_affected": 2, "limit": 3}
    known = [
        (Version("0.dev0" if version == "0" else version), order[event], event)
        for event, version in events
        if event in order and (version == "0" or is_version(version))
    ]
    inside = False
    for version, _, event in sorted(known):
        if event == "introduced" and asked >= version:
            inside = True
        elif (event in ("fixed", "limit") and asked >= version) or (event == "last_affected" and asked > version):
            inside = False
    return inside
