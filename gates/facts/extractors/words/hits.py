"""The hits of a file: each retired word, with what it is there; and how many are set aside, and why.

Every kind of file is read in the same way: a cheap scan of the bytes, which rules out nearly all; the places where a
term stands as a word of its own; and what the file's language says of each.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Optional, Union

from gates.facts.extractors.words.look_alikes import Folded, folded, plain
from gates.facts.extractors.words.surroundings import QUOTATION, SCHEMA, has_evidence, quotations, set_aside
from gates.facts.extractors.words.terms import Occurrence, Patterns, patterns

IDENTIFIER, PATH, STRING, COMMENT, PROSE, KEY = "identifier", "path", "string", "comment", "prose", "key"
KINDS = (IDENTIFIER, PATH, STRING, COMMENT, PROSE, KEY)
"""What a word can be where it stands."""
NAMES = (IDENTIFIER, PATH, KEY)
"""The kinds whose words cannot be joined by spaces."""

BINARY = "binary"
"""What is said of a file that is no text."""

_BINARY_WITHIN = 8000  # as git decides
_AROUND = 200
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Hit(NamedTuple):
    """One retired word. `token` is the name or the words that hold it, `spelled` the term as it is written there.

    Line and column count from 1; `start` and `end` are positions in the decoded text.
    """

    line: int
    column: int
    start: int
    end: int
    term: int
    kind: str
    token: str
    spelled: str
    is_cited: bool


class Aside(NamedTuple):
    """How many occurrences of a term are none of ours, and why."""

    term: int
    why: str
    many: int


class Layout(NamedTuple):
    """What a language says of a text: kinds of stretches (start, end, kind), the last one that holds a place counts.

    `otherwise` is the kind of what is in none; None where the word's own looks decide between name and prose.
    """

    stretches: Iterable[tuple[int, int, str]] = ()
    otherwise: Optional[str] = None
    is_markdown: bool = False
    has_foreign_keys: bool = False


Found = tuple[list[Hit], list[Aside]]


def hits(source: bytes, argument: str, layout: Callable[[str], Layout]) -> Union[str, Found, None]:
    """What stands in a file; None where no term does, and BINARY where it is no text."""
    if is_binary(source):
        return BINARY
    if source.startswith(_UTF_16):
        source = source.decode("utf-16", "replace").encode("utf-8")
    sought = patterns(argument)
    if not sought.may_occur(source):
        return None
    text = decoded(source)
    letters = folded(text)
    places = [place for place in sought.occurrences(letters) if _is_spelled(text, letters, place)]
    return _told(text, letters, sought, places, layout(text)) if places else None


def is_binary(source: bytes) -> bool:
    """Whether git would say so; UTF-16 with its mark is text to us."""
    return b"\0" in source[:_BINARY_WITHIN] and not source.startswith(_UTF_16)


def decoded(source: bytes) -> str:
    """UTF-8 with or without a mark, UTF-16 with one, and Latin-1 whatever is neither."""
    try:
        if source.startswith(_UTF_16):
            return source.decode("utf-16", "replace")
        return source.decode("utf-8")
    except UnicodeDecodeError:
        return source.decode("latin-1")


def _is_spelled(text: str, letters: Folded, place: Occurrence) -> bool:
    """Not by look-alikes alone: a word in another script is another word."""
    written = text[letters.place(place.start) : letters.place(place.end)]
    return written.isascii() or any(letter.isascii() or _is_compatible(letter) for letter in written)


def _is_compatible(letter: str) -> bool:
    return plain(letter).isascii() and unicodedata.normalize("NFKC", letter).isascii()


def _told(text: str, letters: Folded, sought: Patterns, places: list[Occurrence], layout: Layout) -> Found:
    lines = _Lines(text)
    kinds = _Kinds(layout)
    quoted = quotations(text, layout.is_markdown)
    found: list[Hit] = []
    aside: Counter[tuple[int, str]] = Counter()
    for place in places:
        start, end = letters.place(place.start), letters.place(place.end)
        kind = kinds.at(start) or _by_looks(text, start, end)
        why = QUOTATION if quoted.holds(start) else set_aside(text, start, end)
        if why is None and kind == KEY and layout.has_foreign_keys:
            why = SCHEMA
        if why is not None:
            aside[place.term, why] += 1
            continue
        line, column = lines.place(start)
        token = token_around(text, start, end)
        cited = sought.terms[place.term].cited and has_evidence(text, start, end)
        found.append(Hit(line, column, start, end, place.term, kind, token, text[start:end], cited))
    return found, [Aside(term, why, many) for (term, why), many in sorted(aside.items())]


def token_around(text: str, start: int, end: int) -> str:
    """The name, or the hyphenated words, that hold a place; white space folded."""
    first, last = max(0, start - _AROUND), min(len(text), end + _AROUND)
    before = re.search(r"[\w\-]*\Z", text[first:start])
    after = re.match(r"[\w\-]*", text[end:last])
    assert before is not None
    assert after is not None
    whole = before[0] + text[start:end] + after[0]
    return " ".join(whole.strip("-").split())


def _by_looks(text: str, start: int, end: int) -> str:
    """A name or prose, by the looks of what holds the place."""
    token = token_around(text, start, end)
    is_name = "_" in token or re.search(r"[a-z][A-Z]|[A-Za-z]\d", token) is not None
    return IDENTIFIER if is_name else PROSE


class _Lines:
    def __init__(self, text: str) -> None:
        self._ends = [match.end() for match in re.finditer("\n", text)]

    def place(self, position: int) -> tuple[int, int]:
        line = bisect_right(self._ends, position)
        return line + 1, position - (self._ends[line - 1] if line else 0) + 1


class _Kinds:
    """Which kind a position is of: that of the innermost stretch."""

    def __init__(self, layout: Layout) -> None:
        self._flat = list(_flat(layout.stretches))
        self._starts = [start for start, _, _ in self._flat]
        self._otherwise = layout.otherwise

    def at(self, position: int) -> Optional[str]:
        at = bisect_right(self._starts, position) - 1
        if at >= 0 and position < self._flat[at][1]:
            return self._flat[at][2]
        return self._otherwise


def _flat(stretches: Iterable[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """The same without overlaps: where stretches lie in one another, the inner one."""
    at = 0
    outer: list[tuple[int, str]] = []
    for start, end, kind in sorted(stretches, key=lambda one: (one[0], -one[1])):
        while outer and outer[-1][0] <= start:
            until, around = outer.pop()
            if at < until:
                yield at, until, around
                at = until
        if outer and at < start:
            yield at, start, outer[-1][1]
        at = start
        outer.append((min(end, outer[-1][0]) if outer else end, kind))
    while outer:
        until, around = outer.pop()
        if at < until:
            yield at, until, around
            at = until
