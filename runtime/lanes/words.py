"""Words and sentences of a text, and what a word of a question is worth among some passages."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

# Words that say how something is asked, not what. English, because the documents are; in another language every
# word counts, and rare ones still count most.
ASKING = frozenset(
    "a about an and any are as at be been by can could did do does for from had has have how i if in into is it its "
    "me my no not of on or our s should so some such t than that the their them then there these they this to us was "
    "we were what when where which who whom whose why will with would you your".split()
)
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
# A sentence ends at . ! ? followed by space and what may begin one, at an empty line, or where a list item begins.
_END = re.compile(r"(?<=[.!?])[)\"'\u201d]*\s+(?=[\"'\u201c(`*]*[A-Z0-9])|\n\s*\n|\n(?=\s*(?:[-*+|]|(?:\d+|#)[.)])\s)")
_SPACE = re.compile(r"\s+")
_CODE = re.compile(r"^```.*?(?:^```$|\Z)", re.MULTILINE | re.DOTALL)
_HEADINGS = re.compile(r"\A# [^\n]*(?:\n|\Z)")
_BULLET = re.compile(r"(?:[-*+]|#\.|\d{1,3}[.)])\s+")
LONGEST_SENTENCE = 400
SHORTEST_STEM = 4


@lru_cache(maxsize=4096)  # what is recalled often is read often, by three stages of each query
def words(text: str) -> tuple[str, ...]:
    """The words of a text in lower case, each reduced to its stem; `the` and the like among them."""
    return tuple([stem(word) for word in _WORD.findall(text.lower())])


def spoken(text: str) -> list[str]:
    """The words of a text as a person would repeat them, each once: in lower case, without what stands around them."""
    return list(dict.fromkeys(_WORD.findall(text.lower())))


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """A word without the endings that English puts on: gates, gated and gating become gat. Rough on purpose."""
    for ending in ("'s", "\u2019s"):
        word = word[: -len(ending)] if word.endswith(ending) else word
    for ending in ("ingly", "edly", "ings", "ies", "ing", "ied", "es", "ed", "ly", "s", "y", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM - 1 and not word.endswith("ss"):
            return word[: -len(ending)]
    return word


_ASKING_STEMS = frozenset(stem(word) for word in ASKING) | ASKING


def asked(question: str) -> list[str]:
    """The words of a question that say what it is about, each once, in order."""
    found = dict.fromkeys(words(question))
    return [word for word in found if word not in _ASKING_STEMS] or list(found)


@lru_cache(maxsize=1024)
def sentences(text: str) -> tuple[str, ...]:
    """Its sentences, each on one line; a longer one than LONGEST_SENTENCE is cut at a word.

    Code and the headings that a passage begins with are none. A row of a table is one: its first cell, then the others.
    """
    found = []
    for piece in _END.split(_CODE.sub("\n\n", _HEADINGS.sub("", text))):
        sentence = _said(_SPACE.sub(" ", piece).strip())
        if len(sentence) > LONGEST_SENTENCE:
            sentence = sentence[:LONGEST_SENTENCE].rsplit(" ", 1)[0] + " …"
        if any(character.isalnum() for character in sentence):
            found.append(sentence)
    return tuple(found)


def _said(piece: str) -> str:
    if not piece.startswith("|"):
        return _BULLET.sub("", piece, count=1) if _BULLET.match(piece) else piece
    first, *others = (cell.strip() for cell in piece.strip("| ").split(" | "))
    others = [cell for cell in others if cell]
    return f"{first}: {', '.join(others)}" if others else first


def weights(question: str, texts: Sequence[str]) -> Mapping[str, float]:
    """What each word of the question is worth, 1 in all: rare words among the texts are worth more.

    Inverse document frequency, smoothed as in Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009. A
    word that no text holds is worth as much as the rarest: that it is missing has to show.
    """
    terms = asked(question)
    holding = Counter(term for text in texts for term in set(words(text)).intersection(terms))
    raw = {term: math.log(1 + (len(texts) - holding[term] + 0.5) / (holding[term] + 0.5)) for term in terms}
    total = sum(raw.values())
    if total <= 0:
        return dict.fromkeys(terms, 1 / max(1, len(terms)))
    return {term: value / total for term, value in raw.items()}


def carried(text: str, worth: Mapping[str, float]) -> tuple[float, list[str]]:
    """The share of the question's worth that a text holds (0 to 1), and the words that it holds."""
    present = set(words(text))
    matched = [term for term in worth if term in present]
    return math.fsum(worth[term] for term in matched), matched


def joined(texts: Iterable[str]) -> str:
    """Sentences as one text, each closed by a full stop."""
    return " ".join(text if text.endswith((".", "!", "?", "…", ":")) else f"{text}." for text in texts)
