"""The one way in which a bundle's bytes are laid out, and a reader that accepts no other.

A zip file leaves its writer much freedom (order, dates, modes, comments, gaps), and its readers look at different
copies of the same fields. Here every byte follows from the names and contents, so whatever else stands in a file is
something that was done to it. Written without `zipfile`, whose bytes may change between Pythons.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_LOCAL_MARK, _CENTRAL_MARK, _END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_VERSION = 20
_UNIX = 3 << 8
_FIRST_DAY = (1 << 5) | 1  # 1980-01-01, the first that a zip file can say
_MODE = 0o100644 << 16
_MOST_MEMBERS = 0xFFFF

MOST_BYTES = 1 << 30
"""No archive is larger; a zip file with 32-bit sizes could be four times as large."""
_ROOM_FOR_NAMES = 1 << 26

# A dot alone, or two, is no name; a leading slash, a drive, a backslash or a control character is in no part.
_PART = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9._-]+"
PLAIN_NAME = re.compile(rf"{_PART}(?:/{_PART})*")

Member = tuple[str, bytes]


@dataclass(frozen=True)
class Archive:
    """The members as they stand, and what is wrong with how they stand."""

    members: tuple[Member, ...] = ()
    problems: tuple[str, ...] = ()


def packed(files: Mapping[str, bytes]) -> bytes:
    """The archive: members sorted by name, stored, dated 1980-01-01, mode 0644. ValueError for what it cannot hold."""
    for name in files:
        if not PLAIN_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no plain relative name")
    if len(files) >= _MOST_MEMBERS or sum(map(len, files.values())) > MOST_BYTES - _ROOM_FOR_NAMES:
        raise ValueError("is more than one bundle can hold")
    return _laid_out(sorted(files.items()))


def _laid_out(members: Sequence[Member]) -> bytes:
    body: list[bytes] = []
    directory: list[bytes] = []
    place = 0
    for name, content in members:
        encoded = name.encode("utf-8")
        facts = (0, 0, 0, _FIRST_DAY, zlib.crc32(content), len(content), len(content), len(encoded), 0)
        tail = (0, 0, 0, _MODE, place)
        directory += (_CENTRAL.pack(_CENTRAL_MARK, _UNIX | _VERSION, _VERSION, *facts, *tail), encoded)
        body += (_LOCAL.pack(_LOCAL_MARK, _VERSION, *facts), encoded, content)
        place += _LOCAL.size + len(encoded) + len(content)
    many, size = len(members), sum(map(len, directory))
    # Joined once: megabytes are copied in less time than a buffer takes to grow around them.
    return b"".join([*body, *directory, _END.pack(_END_MARK, 0, 0, many, many, size, place, 0)])


def read(raw: bytes) -> Archive:
    """The members of an archive, and everything about its bytes that `packed` would not have written."""
    begin = raw.find(_LOCAL_MARK)
    if begin < 0 or _END_MARK not in raw:
        return Archive(problems=("is no zip archive, or the end of one is missing",))
    members: list[Member] = []
    problems = [f"{begin} bytes stand before the archive"] if begin else []
    try:
        damaged = [name for name, content, crc in _walked(raw, begin, members) if zlib.crc32(content) != crc]
    except ValueError as error:
        return Archive(tuple(members), (*problems, str(error)))
    problems += [f"{name}: is damaged (its bytes do not have the CRC-32 that stands before them)" for name in damaged]
    problems += _disorder([name for name, _ in members])
    if not damaged:
        problems += _differences(raw[begin:], members)
    return Archive(tuple(members), tuple(problems))


def _walked(raw: bytes, place: int, members: list[Member]) -> Iterator[tuple[str, bytes, int]]:
    """Name, content and stated CRC-32 of each member, one after the other; they are put into `members` as well."""
    while raw[place : place + 4] == _LOCAL_MARK:
        after = f" after {members[-1][0]!r}" if members else ""
        if place + _LOCAL.size > len(raw):
            raise ValueError(f"is cut short{after}")
        _, _, flags, method, _, _, crc, size, full, length, extra = _LOCAL.unpack_from(raw, place)
        start = place + _LOCAL.size
        name = raw[start : start + length].decode("utf-8", "backslashreplace")
        if flags or method or extra or size != full:
            raise ValueError(f"{name!r}: is not stored as it was written (compressed, encrypted, or with extra fields)")
        place = start + length + size
        if place > len(raw):
            raise ValueError(f"{name!r}: is cut short, or its size was changed")
        members.append((name, raw[start + length : place]))
        yield (*members[-1], crc)


def _disorder(names: Sequence[str]) -> Iterator[str]:
    for name in sorted(set(names)):
        if not PLAIN_NAME.fullmatch(name):
            yield f"{name!r}: is no plain relative name; unpacked, it could land anywhere"
        if names.count(name) > 1:
            yield f"{name}: stands {names.count(name)} times in the archive"
    if list(names) != sorted(names):
        yield "the members are not in order"


def _differences(body: bytes, members: Sequence[Member]) -> Iterator[str]:
    expected = _laid_out(members)
    if body.startswith(expected) and len(body) > len(expected):
        yield f"{len(body) - len(expected)} bytes are appended to the archive"
    elif body != expected:
        pairs = enumerate(zip(body, expected))
        place = next((at for at, (is_, was) in pairs if is_ != was), min(len(body), len(expected)))
        yield f"the archive is not as it was written: byte {place}, in {_region(place, members)}"


def _region(place: int, members: Sequence[Member]) -> str:
    end = 0
    for name, content in members:
        end += _LOCAL.size + len(name.encode("utf-8", "backslashreplace")) + len(content)
        if place < end:
            return f"the header of {name!r}"
    return "its directory"
