"""What is looked for: a term in all its forms, and where in a text one of them stands as a word of its own.

A word ends where its identifier does, where `camelCase`, `snake_case`, `kebab-case`, SCREAMING letters or digits begin
another one, or where no letter follows. So `url` stands in `URLParser`, `my_url2` and `URLs`, and not in `curly`.
"""

from __future__ import annotations

import itertools
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from gates.facts.extractors.words.look_alikes import Folded, folding, has_disguise, letters_beyond_ascii

# Between the words of a phrase: spaces, `_`, `-`; one line break, with what begins the next line of a comment, of a
# quotation, of a list or of a string; or nothing, where the letters tell.
_BETWEEN = (
    r"((?:[ \t_\-]|\\[ \t]*(?=\n))*"
    r"(?:[\"']?[ \t]*\r?\n[ \t]*(?:(?:\#+|//+|\*+|>+|--+|;+|%+|[a-z]{0,2}[\"'])[ \t]*)?)?)"
)
# At least as much, in bytes.
_GAP = rb"[^a-z0-9]{0,200}(?:[a-z]{1,2}[\"'])?"
_SPLIT = re.compile(r"[\s_\-]+")
_HISSING = ("s", "x", "z", "ch", "sh")
_VOWELS = "aeiou"


class Sought(NamedTuple):
    """A term as it is looked for. `exact`: capitals make a difference. `inflected`: its plural counts, too.

    `cited`: whether something is cited near it makes a difference.
    """

    name: str
    exact: bool = False
    inflected: bool = True
    cited: bool = False


class Occurrence(NamedTuple):
    """Where a term stands in a folded text."""

    start: int
    end: int
    term: int


def argument(terms: Iterable[Sought]) -> str:
    """The terms as an extractor is told them."""
    return json.dumps([list(term) for term in terms], separators=(",", ":"))


def plurals(word: str) -> list[str]:
    """The word and its regular plurals, the longest first."""
    low = word.lower()
    found = [word, word + ("S" if word.isupper() and len(word) > 1 else "s")]
    if low.endswith(_HISSING):
        found.append(word + "es")
    if low.endswith("y") and low[-2:-1] not in _VOWELS:
        found.append(word[:-1] + "ies")
    if word.isupper():
        found.append(word + "s")
    return sorted(dict.fromkeys(found), key=len, reverse=True)


class Patterns:
    """The terms, ready to be looked for."""

    def __init__(self, terms: tuple[Sought, ...]) -> None:
        self.terms = terms
        self._forms = [_forms(term) for term in terms]
        self._compiled = [_compiled(term, forms) for term, forms in zip(terms, self._forms)]
        self._scans = [Scan(term) for term in terms]
        self._letters = frozenset("".join(stem for scan in self._scans for stem in scan.stems))

    def may_occur(self, source: bytes) -> bool:
        """A cheap look at the bytes, which says yes too often and never no too often."""
        low = source.lower()
        if any(scan.may_be_in(source, low) for scan in self._scans):
            return True
        table = folding(letters_beyond_ascii(source))
        relevant = {code: plain for code, plain in table.items() if not plain or self._letters & set(plain.lower())}
        if not relevant:
            return False
        text = source.decode("utf-8", "replace")
        return has_disguise(text, relevant) and self._is_in(text.translate(relevant).lower())

    def _is_in(self, low: str) -> bool:
        return any(scan.is_in(low) for scan in self._scans)

    def occurrences(self, text: Folded) -> list[Occurrence]:
        """Where the terms stand, in order; where two overlap, the one that begins first, or else is longer."""
        found = [place for number in self._likely(text) for place in self._of(number, text)]
        found.sort(key=lambda place: (place.start, -place.end))
        kept: list[Occurrence] = []
        for place in found:
            if not kept or place.start >= kept[-1].end:
                kept.append(place)
        return kept

    def _likely(self, text: Folded) -> list[int]:
        return [number for number, scan in enumerate(self._scans) if scan.is_in(text.low)]

    def _of(self, number: int, text: Folded) -> Iterator[Occurrence]:
        pattern = self._compiled[number]
        searched = text.text if self.terms[number].exact else text.low
        for match in pattern.finditer(searched):
            joints = (match.end(group) for group in range(1, pattern.groups) if not match[group])
            if starts_word(text.text, match.start()) and all(starts_word(text.text, joint) for joint in joints):
                end = self._end(number, searched, text.text, match)
                if end:
                    yield Occurrence(match.start(), end, number)

    def _end(self, number: int, searched: str, text: str, match: re.Match[str]) -> int:
        """Where the form ends that is a word of its own, the longest one first; 0 where none is."""
        last = match.start("last")
        fitting = [form for form in self._forms[number] if searched.startswith(form, last)]
        tail = "_" if self.terms[number].name.endswith("_") else ""
        for does_end in (ends_word, ends_acronym):
            for form in fitting:
                if does_end(text, last, last + len(form) + len(tail)):
                    return last + len(form) + len(tail)
        return 0


class Scan:
    """What each form of a term holds: its words, of the last one what all plurals begin with."""

    def __init__(self, term: Sought) -> None:
        self.stems = [*map(str.lower, _words(term)[:-1]), _common(_forms(term)).lower()]
        self._rarest = max(self.stems, key=len).encode("utf-8")
        self._is_ascii = all(stem.isascii() for stem in self.stems)
        self._bytes = re.compile(_GAP.join(re.escape(stem.encode("utf-8")) for stem in self.stems))

    def may_be_in(self, source: bytes, low: bytes) -> bool:
        """By the bytes, as they are and in small letters."""
        if not self._is_ascii:
            return True
        if self._rarest not in low:
            return False
        begun = (match.start() for match in self._bytes.finditer(low))
        # A word begins after what is no letter, or with a capital.
        return any(not source[at - 1 : at].isalpha() or source[at : at + 1].isupper() for at in begun)

    def is_in(self, low: str) -> bool:
        """By the text in small letters."""
        return all(stem in low for stem in self.stems)


@lru_cache(maxsize=8)
def patterns(said: str) -> Patterns:
    """The patterns of an extractor's argument."""
    return Patterns(tuple(Sought(*term) for term in json.loads(said)))


def _words(term: Sought) -> list[str]:
    return [word for word in _SPLIT.split(term.name if term.exact else term.name.lower()) if word]


def _forms(term: Sought) -> list[str]:
    """The last word in all its forms, the longest first."""
    last = _words(term)[-1]
    return plurals(last) if term.inflected and not term.name.endswith("_") else [last]


def _compiled(term: Sought, forms: list[str]) -> re.Pattern[str]:
    parts = [*map(re.escape, _words(term)[:-1]), f"(?P<last>{'|'.join(map(re.escape, forms))})"]
    before, after = ("_" if term.name.startswith("_") else "", "_" if term.name.endswith("_") else "")
    return re.compile(before + _BETWEEN.join(parts) + after)


def _common(forms: list[str]) -> str:
    """What all of them begin with."""
    return "".join(letters[0] for letters in itertools.takewhile(lambda one: len(set(one)) == 1, zip(*forms)))


def starts_word(text: str, at: int) -> bool:
    """Whether a word may begin at this position."""
    if at == 0 or at == len(text):
        return True
    before, here = text[at - 1], text[at]
    if _parts(before, here):
        return True
    next_is_small = at + 1 < len(text) and text[at + 1].islower()
    return here.isupper() and (before.islower() or next_is_small)


def ends_word(text: str, start: int, at: int) -> bool:
    """Whether the word that began at `start` may end before this position."""
    if at == len(text):
        return True
    last, after = text[at - 1], text[at]
    if _parts(last, after):
        return True
    return after.isupper() and (last.islower() or (at + 1 < len(text) and text[at + 1].islower()))


def ends_acronym(text: str, start: int, at: int) -> bool:
    """Whether an acronym may end in front of small letters: URLparser."""
    return at - start > 1 and text[start:at].isupper() and text[at].islower()


def _parts(one: str, other: str) -> bool:
    """Whether two neighbouring letters are never of one word: a digit and a letter, two scripts, or no letters."""
    if not (one.isalnum() and other.isalnum()):
        return True
    return _nature(one) != _nature(other)


def _nature(letter: str) -> int:
    if letter.isdigit():
        return 1
    return 0 if letter.isascii() or unicodedata.name(letter, "").startswith("LATIN") else 2
