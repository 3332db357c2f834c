"""Texts into numbers without a model: words, word pairs and character n-grams, hashed into a fixed number of buckets.

The hashing trick with signs: Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", ICML 2009;
character n-grams between word boundaries: Bojanowski et al., "Enriching Word Vectors with Subword Information", 2017.
It finds shared and similar words, not shared meaning; for that, give the memory one of runtime.memory.models.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from zlib import crc32

_WORD = re.compile(r"[^\W_]+")
_FIRST_OF_SCRIPTS_WITHOUT_SPACES = "\u2e80"
_NOTHING = "\x00nothing"

Feature = tuple[int, float]


def words(text: str) -> list[str]:
    """The words of a text, folded so that case and compatibility forms do not matter: `File_Name` is file, name."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


class HashedNgrams:
    """The default Embedder: no model, no state, the same numbers on every machine and Python.

    Only operations that IEEE 754 rounds exactly are used (square roots, no logarithms; exact sums), and the hash is
    CRC-32. Pythons differ in what they know of Unicode: characters assigned after Unicode 13 may be split otherwise.
    A text without words is embedded by its characters, the empty text as a feature of its own.
    """

    def __init__(self, dimension: int = 384, pair_weight: float = 0.4, ngram_weight: float = 0.5) -> None:
        if dimension < 1:
            raise ValueError(f"an embedding of {dimension} dimensions: use at least 1, such as 384")
        self.dimension = dimension
        self._pair_weight = pair_weight
        self._ngram_weight = ngram_weight
        # Words repeat: nearly all the time would go into hashing the n-grams of words that were hashed before.
        self._features = lru_cache(maxsize=32_768)(self._features_of_word)
        self._pair = lru_cache(maxsize=65_536)(self._features_of_pair)

    def embed(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        """One embedding of unit length for each text."""
        return [self._embedding(text) for text in texts]

    def _embedding(self, text: str) -> tuple[float, ...]:
        found = words(text)
        weights = [0.0] * self.dimension
        for word, times in Counter(found).items():
            often = math.sqrt(times)  # a word that stands ten times is not ten times as telling
            for bucket, weight in self._features(word):
                weights[bucket] += often * weight
        if self._pair_weight:
            for (first, second), times in Counter(zip(found, found[1:])).items():
                bucket, weight = self._pair(first, second)
                weights[bucket] += math.sqrt(times) * weight
        length = math.sqrt(math.fsum(map(_square, weights)))
        if not length:
            return self._of_text_without_words(text)
        return tuple([weight / length for weight in weights])

    def _of_text_without_words(self, text: str) -> tuple[float, ...]:
        """By its characters: never all zero, because a feature that cancels another is taken without its sign."""
        weights = [0.0] * self.dimension
        for character, times in Counter(text.strip() or [_NOTHING]).items():
            weights[_bucket(f"c{character}", self.dimension)[0]] += math.sqrt(times)
        length = math.sqrt(math.fsum(map(_square, weights)))
        return tuple([weight / length for weight in weights])

    def _features_of_word(self, word: str) -> tuple[Feature, ...]:
        whole = _bucket(f"w{word}", self.dimension)
        grams = sorted(set(_ngrams(word)))
        each = self._ngram_weight / math.sqrt(len(grams)) if grams else 0.0
        share = _telling(word)
        features = chain([(whole, 1.0)], ((_bucket(f"g{gram}", self.dimension), each) for gram in grams))
        return tuple((bucket, sign * weight * share) for (bucket, sign), weight in features)

    def _features_of_pair(self, first: str, second: str) -> Feature:
        bucket, sign = _bucket(f"p{first} {second}", self.dimension)
        return bucket, sign * self._pair_weight * math.sqrt(_telling(first) * _telling(second))


def _square(number: float) -> float:
    return number * number


def _bucket(feature: str, dimension: int) -> tuple[int, float]:
    """The lowest bit is the sign, the others the bucket. A lone surrogate has a code like any other character."""
    code = crc32(feature.encode("utf-8", "surrogatepass"))
    return (code >> 1) % dimension, 1.0 if code & 1 else -1.0


def _ngrams(word: str) -> Iterator[str]:
    """Three and four characters, boundaries included; single ones and pairs where words are not set apart."""
    bounded = f"<{word}>"
    lengths = (3, 4)
    if max(word) >= _FIRST_OF_SCRIPTS_WITHOUT_SPACES:
        bounded, lengths = word, (1, 2)
    for length in lengths:
        for start in range(len(bounded) - length + 1):
            yield bounded[start : start + length]


def _telling(word: str) -> float:
    """How much a word says, guessed without a corpus: the words that every text holds are short."""
    if max(word) >= _FIRST_OF_SCRIPTS_WITHOUT_SPACES or word.isdigit():
        return 1.0
    return (0.15, 0.3, 0.5, 0.8)[len(word) - 1] if len(word) < 5 else 1.0
