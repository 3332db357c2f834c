"""The bench of embedders asks every question, and would show one that understands nothing."""

from __future__ import annotations

from collections.abc import Sequence

from bench.embedders import figures
from runtime.memory.embedding import HashedNgrams
from runtime.memory.relevance import Embedder

BY_VECTORS, WITH_WORDS = 2, 3


class Deaf:
    """To it all texts are one."""

    dimension = 2

    def embed(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        return [(1.0, 0.0) for _ in texts]


def found(embedder: Embedder) -> list[float]:
    every = list(figures("this", embedder))
    assert [figure.n for figure in every[1:]] == [every[1].n] * 3
    assert every[1].n >= 35
    return [figure.measured or 0.0 for figure in every]


def test_an_embedder_that_understands_nothing_finds_next_to_nothing_by_itself() -> None:
    deaf, ngrams = found(Deaf()), found(HashedNgrams())

    # (How much is found falls with every document that is written; that the bench tells the two apart must not.)
    assert deaf[BY_VECTORS] < 10
    assert ngrams[BY_VECTORS] > 4 * deaf[BY_VECTORS]
    assert deaf[WITH_WORDS] > 50
    assert ngrams[WITH_WORDS] > 50
