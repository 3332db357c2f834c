"""A name or a path with its retired words respelled, and what is certain of that without a look at the repository."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

from gates.facts.extractors.words.hits import NAMES
from gates.facts.extractors.words.look_alikes import folded
from gates.facts.extractors.words.respelling import respelled
from gates.facts.extractors.words.terms import Patterns, Sought
from gates.facts.vocabulary import Term, Vocabulary

UNCERTAIN = "nothing certain takes its place"
SAYS_BOTH = "what is said now stands beside it, so this may speak of the rename"


@dataclass
class Spelling:
    """By one vocabulary."""

    vocabulary: Vocabulary
    _new_words: dict[str, Patterns] = field(default_factory=dict)

    def written(self, text: str, kind: str) -> Optional[str]:
        """A name or a path with every retired word in it respelled; None where that is not certain."""
        vocabulary = self.vocabulary
        letters = folded(text)
        parts: list[str] = []
        at = 0
        for place in vocabulary.patterns.occurrences(letters):
            term = vocabulary.terms[place.term]
            start, end = letters.place(place.start), letters.place(place.end)
            if kind not in term.kinds or term.replacement is None:
                return None
            new = respelled(text[start:end], term.name, term.replacement, text, kind in NAMES)
            if new is None:
                return None
            parts += [text[at:start], new]
            at = end
        return "".join([*parts, text[at:]])

    def says_both(self, text: str) -> bool:
        """Whether a retired word and what is said now stand side by side: then it may speak of the rename itself."""
        terms = {term.name: term for term in self.terms_in(text) if term.replacement is not None}
        return any(self._has_been_said(text, term) for term in terms.values())

    def _has_been_said(self, text: str, term: Term) -> bool:
        if term.name not in self._new_words:
            self._new_words[term.name] = Patterns((Sought(term.replacement or term.name),))
        return bool(self._new_words[term.name].occurrences(folded(text)))

    def terms_in(self, text: str) -> list[Term]:
        """The retired terms that a name holds."""
        vocabulary = self.vocabulary
        return [vocabulary.terms[place.term] for place in vocabulary.patterns.occurrences(folded(text))]
