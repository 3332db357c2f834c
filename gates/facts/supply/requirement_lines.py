"""The lines of a requirements file, as pip reads them, with what pip-compile and uv write beside them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import NamedTuple, Optional

from gates.facts.supply.asked import Asked, asked_for, normalised
from gates.facts.supply.credentials import without_credentials

_HASH = re.compile(r"\s--hash[=\s](sha(?:256|384|512):[0-9a-f]+)")
_OPTION = re.compile(r"\s--?(?:hash|config-settings?|global-option|install-option)\b.*", re.DOTALL)
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_VIA = re.compile(r"^\s*#\s+via\b(.*)$")
_MORE = re.compile(r"^\s*#\s{2,}(\S.*)$")
_SOURCE = re.compile(r"^(?:-[rc]\s+(?P<file>.+)|.+\((?P<project>[^()]+)\))$")
_NAMES_A_PLACE = re.compile(r"^(?:-[eif]|--(?:editable|(?:extra-)?index|find-links|trusted-host|pypi-url))")
_INCLUDES = re.compile(r"(?:-(?P<short>[rc])|--(?P<long>requirement|constraint)s?\b)[\s=]*(?P<file>.+)")
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_IS_A_PLACE = re.compile(r"(?i)^(?:[a-z][a-z0-9+.-]*://|file:|\.{0,2}/|~/|[a-z]:\\|\.\.?$)")


class Via(NamedTuple):
    """Why a pin is there: another pin's `name`, or a `file` that asks for it. The one that it is not is empty."""

    name: str
    file: str


class Line(NamedTuple):
    """One requirement with its hashes and reasons, or (`asked` None) a line that is none; `place` is an index or path.

    `unread` says why pip could not read it either; `includes` and `constrained_by` name another file.
    """

    line: int
    text: str
    asked: Optional[Asked] = None
    hashes: tuple[str, ...] = ()
    via: tuple[Via, ...] = ()
    place: str = ""
    unread: str = ""
    includes: str = ""
    constrained_by: str = ""


def decoded(content: bytes) -> str:
    """The text of a requirements file: UTF-8 unless a mark says otherwise, as pip takes it."""
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    return content.decode("utf-8", "replace")


def is_prose(read: tuple[Line, ...]) -> bool:
    """Whether most of it is no requirement: a text about what is required, that pip is never given."""
    return 2 * sum(1 for line in read if line.unread) > len(read)


def lines(text: str) -> tuple[Line, ...]:
    """Every line that says something, without credentials; comments only as the reasons of the pin before them."""
    found: list[Line] = []
    reasons = False
    for number, logical in _logical(without_credentials(text)):
        stripped = logical.strip()
        if not stripped.startswith("#"):
            reasons = False
            if _COMMENT.sub("", logical).strip():
                found.append(_line(number, _COMMENT.sub("", logical).strip()))
                inline = _VIA.match(logical[logical.find("#") :]) if "#" in logical else None
                reasons = inline is not None
                _add(found, inline[1] if inline else "")
            continue
        first = _VIA.match(logical)
        more = _MORE.match(logical) if reasons else None
        reasons = bool(first or more)
        if found and (first or more):
            _add(found, first[1] if first else more[1] if more else "")
    return tuple(found)


def _add(found: list[Line], said: str) -> None:
    vias = tuple(_via(part.strip()) for part in said.split(",") if part.strip())
    if vias:
        found[-1] = found[-1]._replace(via=found[-1].via + vias)


def _via(said: str) -> Via:
    source = _SOURCE.match(said)
    if source is None:
        return Via(normalised(said.partition("[")[0]), "")
    return Via("", (source["file"] or source["project"]).strip())


def _logical(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their continuations, each with the number of its first."""
    number, held = 0, ""
    for position, physical in enumerate(text.splitlines(), 1):
        number = number or position
        if physical.endswith("\\") and not physical.lstrip().startswith("#"):
            held += f"{physical[:-1]} "
            continue
        yield number, held + physical
        number, held = 0, ""
    if held:
        yield number, held


def _line(number: int, text: str) -> Line:
    if text.startswith("-"):
        other = _INCLUDES.fullmatch(text)
        if other is not None:
            file = other["file"].strip("\"'")
            is_bound = "c" in (other["short"] or other["long"])[0]
            return Line(number, text, includes="" if is_bound else file, constrained_by=file if is_bound else "")
        return Line(number, text, place=text if _NAMES_A_PLACE.match(text) else "")
    bare = _OPTION.sub("", text).strip()
    hashes = tuple(_HASH.findall(text))
    if _IS_A_PLACE.match(bare):
        return Line(number, bare, hashes=hashes, place=bare)
    try:
        asked = asked_for(bare)
    except ValueError as error:
        return Line(number, bare, hashes=hashes, unread=str(error).partition("\n")[0])
    return Line(number, bare, asked, hashes, place=asked.url)
