"""How well a memory recalls with each embedder, and what a passage costs: this repository's documents.

    python -m bench.embedders ngrams sentence-transformers:FOLDER

The questions, asked by hand, and what counts as an answer are those of bench/recall.py.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Optional

from bench.figure import HEADS, Figure, aligned, cells
from bench.recall import QUESTIONS, ROOT, Question, passages, quality, record_of
from bench.searching import taken
from runtime.__main__ import BLAS_THREADS
from runtime.memory.memory import Memory
from runtime.memory.recall import Limits
from runtime.memory.relevance import Embedder
from runtime.memory.scoring import WeightedSum
from runtime.memory.stores.sqlite import SqliteStore
from runtime.parts import embedder_of

WAYS = {"vectors only": WeightedSum(1.0, 0.0, 0.0, 0.0), "vectors and words": WeightedSum()}


def figures(name: str, embedder: Embedder) -> Iterator[Figure]:
    """What it costs, then what is found by it alone, and together with the words."""
    texts = passages(ROOT)
    questions = [one for one in QUESTIONS if any(one.answer in text for text in texts)]
    embedder.embed(texts[:1])
    began, cpu = time.monotonic(), time.process_time()
    embeddings = embedder.embed(texts)
    wall, cpu = time.monotonic() - began, time.process_time() - cpu
    note = f"{1e3 * cpu / len(texts):.3g} ms of CPU"
    yield Figure(f"{name}: a passage embedded, all at once", 1e3 * wall / len(texts), "ms", len(texts), note=note)
    samples = taken(lambda cue: embedder.embed([cue]), [question.text for question in questions])
    yield Figure(f"{name}: a question embedded, p50", statistics.median(samples), "ms", len(samples))
    with tempfile.TemporaryDirectory() as folder, closing(SqliteStore(Path(folder) / "memory.db")) as store:
        store.remember([record_of(place, *one) for place, one in enumerate(zip(texts, embeddings))])
        yield from _answers(name, store, embedder, questions, len(texts))


def _answers(
    name: str, store: SqliteStore, embedder: Embedder, questions: Sequence[Question], size: int
) -> Iterator[Figure]:
    for way, relevance in WAYS.items():
        limits = Limits(context_limit=0)
        memory = Memory(store, embedder, relevance=relevance, limits=limits, fold_every=0, fold_above=None)
        found = quality(memory, questions)
        note = f"MRR@10 {found.reciprocal:.3f}, first {found.first:.0%}; {size} passages"
        yield Figure(
            f"{name}: answers among the first five, {way}", 100 * found.among_five, "%", len(questions), note=note
        )


def main(words: Optional[Sequence[str]] = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("embedders", nargs="*", default=["ngrams"], help="as LUKHAS_EMBEDDER names them")
    print(aligned(HEADS))
    for name in parser.parse_args(words).embedders:
        library, _, model = name.partition(":")
        for figure in figures(f"{library} {Path(model).name}".strip(), embedder_of(name)):
            print(aligned(cells(figure)), flush=True)
    return 0


if __name__ == "__main__":
    for variable in BLAS_THREADS:  # as the service sets it
        os.environ.setdefault(variable, "1")
    sys.exit(main())
