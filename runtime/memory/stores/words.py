"""The words of a text, and which texts hold them: BM25 over postings (Robertson and Zaragoza, 2009)."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Callable

MOST_WORDS = 64
"""Of a question; what comes after them is not looked for."""

COMMON = 2000
"""A word that more texts hold says little about any of them, and scoring them all takes longer than a recall may."""
MOST_SCORED = 3000
"""Of the texts that hold only common words: the newest."""

# Letters and digits of any script, as FTS5's unicode61 takes them; what joins words in Python joins none here.
_WORD = re.compile(r"[^\W_]+")
_SATURATION, _LENGTH_SHARE = 1.2, 0.75


def words(text: str) -> list[str]:
    """In order, small letters, without accents. Everything else only stands between them."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    if not decomposed.isascii():
        decomposed = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return _WORD.findall(decomposed)


def asked(text: str) -> list[str]:
    """The words that a question is about, each once, the first MOST_WORDS."""
    return list(dict.fromkeys(words(text)))[:MOST_WORDS]


def telling(question: Sequence[str], held_by: Callable[[str], int]) -> list[str]:
    """The words of the question that at most COMMON texts hold; all of them where there is none.

    `held_by` need count no further than one more than that.
    """
    rare = [word for word in question if 0 < held_by(word) <= COMMON]
    return rare or list(question)


class Postings:
    """Which texts hold a word, and how often. Texts are known by a number."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[int, int]] = {}
        self._lengths: dict[int, int] = {}
        self._length = 0

    def add(self, number: int, text: str) -> None:
        """Read a text."""
        found = words(text)
        self._lengths[number] = len(found)
        self._length += len(found)
        for word, count in Counter(found).items():
            self._counts.setdefault(word, {})[number] = count

    def remove(self, number: int, text: str) -> None:
        """Forget a text."""
        self._length -= self._lengths.pop(number)
        for word in set(words(text)):
            del self._counts[word][number]

    def scores(self, question: Sequence[str]) -> dict[int, float]:
        """A positive score for every text that holds one of the words."""
        scores: dict[int, float] = {}
        question = telling(question, lambda word: len(self._counts.get(word, ())))
        texts = len(self._lengths)
        mean = self._length / texts if texts else 0.0
        for word in question:
            counts = self._counts.get(word, {})
            rarity = math.log(1 + (texts - len(counts) + 0.5) / (len(counts) + 0.5))
            for number, count in counts.items():
                share = 1 - _LENGTH_SHARE + _LENGTH_SHARE * self._lengths[number] / mean
                weight = count * (_SATURATION + 1) / (count + _SATURATION * share)
                scores[number] = scores.get(number, 0.0) + rarity * weight
        return scores


def scanned(question: Sequence[str], texts: Iterable[tuple[int, str]]) -> dict[int, float]:
    """The same scores where there is no index: each text is read."""
    postings = Postings()
    for number, text in texts:
        postings.add(number, text)
    return postings.scores(question)
