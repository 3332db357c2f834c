"""Several texts in one, without a model: of each the sentence that says most of what they share, then what is left.

Sentences are chosen by the frequency of their words over the sources, as in Nenkova and Vanderwende, "The Impact of
Frequency on Summarization" (SumBasic), 2005.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from runtime.memory.embedding import words
from runtime.memory.record import Record

_SENTENCE = re.compile(r"(?<=[.!?\u3002\uff01\uff1f])\s+|\s*\n\s*\n\s*")
_SPACE = re.compile(r"\s+")
_SHORTEST_TERM = 4


class Summariser(Protocol):
    """Texts into one that stands for them. It may be slow and it may fail: nothing is locked meanwhile."""

    def summarise(self, sources: Sequence[Record]) -> str:
        """Not empty."""
        ...


class Excerpt(NamedTuple):
    """A sentence, and the id of the record that it stands in, word for word."""

    source: str
    sentence: str


class Excerpts(NamedTuple):
    """The default Summariser: nothing is said that no source said, and the same sources give the same text.

    `longest` bounds the text, in characters, `terms` the words at its end that no excerpt holds: by them a source is
    still found whose own sentence had to be left out.
    """

    longest: int = 2_000
    terms: int = 40

    def summarise(self, sources: Sequence[Record]) -> str:
        """One excerpt of each source, those that say the same once, then the terms that are left over."""
        chosen = self.excerpts(sources)
        text = " ".join(excerpt.sentence for excerpt in chosen)
        left = self._left_over(sources, text)
        return f"{text} [{' '.join(left)}]" if left else text

    def excerpts(self, sources: Sequence[Record]) -> list[Excerpt]:
        """Which sentence stands for which source; in the order of the sources, by age."""
        ordered = sorted(sources, key=lambda source: (source.created, source.id))
        spread = _spread(ordered)
        room = max(1, self.longest // max(1, len(ordered)))
        chosen: dict[str, Excerpt] = {}
        for source in ordered:
            sentence = max(_sentences(source.text), key=lambda one: _centrality(one, spread))[:room].rstrip()
            chosen.setdefault(" ".join(words(sentence)) or sentence, Excerpt(source.id, sentence))
        return list(chosen.values())

    def _left_over(self, sources: Sequence[Record], text: str) -> list[str]:
        said = set(words(text))
        spread = _spread(sources)
        left = [term for term in spread if term not in said and len(term) >= _SHORTEST_TERM]
        return sorted(left, key=lambda term: (-spread[term], term))[: self.terms]


def _spread(sources: Sequence[Record]) -> Counter[str]:
    """In how many sources each word stands."""
    return Counter(word for source in sources for word in set(words(source.text)))


def _sentences(text: str) -> Iterator[str]:
    found = [_SPACE.sub(" ", one).strip() for one in _SENTENCE.split(text)]
    yield from [one for one in found if one] or [text]


def _centrality(sentence: str, spread: Counter[str]) -> tuple[float, int]:
    """How many sources hold its words, on average; of equals, the longer one."""
    telling = {word for word in words(sentence) if len(word) >= _SHORTEST_TERM}
    if not telling:
        return 0.0, 0
    # A heading of two shared words is no sentence: four words at least are counted, whether they are there or not.
    return sum(spread[word] for word in telling) / max(4, len(telling)), len(telling)
