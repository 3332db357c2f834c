"""From a cue to the records it brings back: all of them where they are few, else the most relevant.

Candidates come by two routes, similarity and shared words; each finds what the other misses. The Relevance hook gives
every candidate one score of both.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from operator import mul
from typing import NamedTuple, Optional

from runtime.errors import ConfigurationFault
from runtime.memory.embedding import words
from runtime.memory.record import Filter, Recalled, Record, Scored
from runtime.memory.relevance import Relevance
from runtime.memory.store import Store

# Sums of floats differ in the last digits with the order of addition, and so with the size of a matrix: what is equal
# but for that is a tie.
_DIGITS = 6
# They stand in nearly every English text: to look for them costs most of the time and changes next to nothing.
_SAY_NOTHING = frozenset(
    "a an and are as at be but by can do does for from has have how i if in into is it its me my no not of on or our "
    "so than that the their them then there these they this to us was we were what when where which who why will with "
    "would you your".split()
)


class Limits(NamedTuple):
    """When a recall chooses: past `context_limit` live records, or past `kmax` records that the filter lets through.

    `kmax` is also the most that are returned. When it chooses, each route gives `breadth` candidates for each record
    that is asked for, at least `fewest`, at most `kmax`.
    """

    context_limit: int = 1_000
    kmax: int = 200
    breadth: int = 4
    fewest: int = 32


class Cue(NamedTuple):
    """What a recall starts from: a text, its embedding, and the time by which records are old."""

    text: str
    embedding: tuple[float, ...]
    now: dt.datetime


class Answer(NamedTuple):
    """What came back, best first, by which route, from how many candidates."""

    recalled: list[Recalled]
    route: str
    candidates: int


def recall(store: Store, relevance: Relevance, cue: Cue, most: Optional[int], which: Filter, limits: Limits) -> Answer:
    """At most `most` records (by default `kmax`), best first; ties by id. `which` filters before anything is chosen."""
    wanted = limits.kmax if most is None else min(most, limits.kmax)
    if wanted < 1:
        return Answer([], "everything", 0)
    sizes = store.counts()
    small = sizes.live + (sizes.cold if which.with_cold else 0) <= limits.context_limit
    breadth = min(limits.kmax, max(limits.breadth * wanted, limits.fewest))
    similar = store.nearest(cue.embedding, limits.kmax + 1 if small else breadth, which)
    everything = small and len(similar) <= limits.kmax
    if not everything:
        similar = similar[:breadth]
    matching = store.matching(telling(cue.text), limits.kmax if everything else breadth, which)
    similarity = {one.id: one.score for one in similar}
    lexical = _relative(matching)
    candidates = store.get(list(dict.fromkeys([*similarity, *lexical])))
    ranked = ranking(candidates, relevance, cue, similarity, lexical)
    return Answer(ranked[:wanted], _route(store, everything, matching), len(candidates))


def ranking(
    candidates: Sequence[Record],
    relevance: Relevance,
    cue: Cue,
    similarity: Mapping[str, float],
    lexical: Mapping[str, float],
) -> list[Recalled]:
    """Every candidate with its relevance, best first; ties by id."""
    ranked = []
    for record in candidates:
        near = similarity.get(record.id)
        if near is None:
            near = cosine(cue.embedding, record.embedding)
        score = relevance.score(record, round(near, _DIGITS), lexical.get(record.id, 0.0), cue.now)
        if math.isnan(score):
            raise ConfigurationFault(f"{type(relevance).__name__} scored record {record.id!r} as nan: give a number")
        ranked.append(Recalled(record, round(score, _DIGITS)))
    ranked.sort(key=lambda one: (-one.score, one.record.id))
    return ranked


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """Of two embeddings of unit length."""
    return math.fsum(map(mul, one, other))


def telling(text: str) -> str:
    """The words of a text that are worth looking for; the text as it is where there are none."""
    return " ".join([word for word in words(text) if word not in _SAY_NOTHING]) or text


def _relative(matching: Sequence[Scored]) -> dict[str, float]:
    """Lexical scores have no scale of their own: each as a share of the best, 0 to 1."""
    best = max((one.score for one in matching), default=0.0)
    if best <= 0.0:
        return dict.fromkeys((one.id for one in matching), 0.0)
    return {one.id: round(max(0.0, one.score) / best, _DIGITS) for one in matching}


def _route(store: Store, everything: bool, matching: Sequence[Scored]) -> str:
    if everything:
        return "everything"
    if getattr(store, "approximate", False):  # a store that has no index of the kind need not say so
        return "approximate"
    return "fused" if matching else "exact"
