"""How well and how fast a memory recalls: this repository's own documents, with questions asked by hand."""

from __future__ import annotations

import datetime as dt
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Callable, NamedTuple

from bench.calibration import ROUND_TRIP, round_trip
from bench.figure import Bar, Figure, alone
from bench.searching import taken
from runtime.memory.embedding import HashedNgrams
from runtime.memory.memory import Memory
from runtime.memory.recall import Limits, telling
from runtime.memory.record import Record
from runtime.memory.scoring import WeightedSum
from runtime.memory.store import Store

ROOT = Path(__file__).resolve().parent.parent
_NOW = dt.datetime(2026, 11, 22, tzinfo=dt.timezone.utc)
BUDGET = 100.0  # milliseconds for a recall
_RANK_FUSION = 60  # Cormack, Clarke and Buettcher, SIGIR 2009


class Question(NamedTuple):
    """A question as a person would ask it, and words that only the passage holds which answers it."""

    text: str
    answer: str


QUESTIONS = (
    Question("which python versions do I need", "Python 3.9 or newer with `venv`"),
    Question("how do I choose another interpreter", "chooses the interpreter. `make acceptance`"),
    Question("what do the exit codes mean", "Exit codes: 0 every promise held; 1 a gate"),
    Question("use it as a pre-commit hook", "As a pre-commit hook"),
    Question("running in CI with a cache", "In CI, with the cache of"),
    Question("share facts between several machines", "GATES_STORE=s3://bucket/facts"),
    Question("what must a waiver contain", "A waiver names what it covers"),
    Question("set a promise aside until a date", "promises set aside by a person until a date"),
    Question("what happens when I misspell a key in the policy", "A misspelt key, a glob that matches nothing"),
    Question("debt that existed before, does it fail the run", "What is owed today stands in"),
    Question("are evidence bundles signed", "A bundle is not signed yet"),
    Question("why is the zip archive not compressed", "Nothing is compressed, because what zlib writes"),
    Question("why don't you use python's zipfile module", "not by `zipfile`"),
    Question("evidence of uncommitted changes", "A work tree that is not its commit"),
    Question("two clones give the same bytes", "The bytes follow from the input: two clones"),
    Question("how can somebody else reproduce a bundle", "Or make it again: check out the commit"),
    Question("attestation format in-toto predicate", "an in-toto Statement v1 for each gate"),
    Question("killed while writing the bundle", "The file is written beside its place and renamed"),
    Question("how do I add a dependency and lock it", "after an edit of requirements.in"),
    Question("why are there two lock files", "Two, because the newest releases of two dozen"),
    Question("why not use uv for locking", "uv locks faster and for all Pythons"),
    Question("why is mypy pinned to an old version", "mypy stays at 1.19"),
    Question("run the tests on all python versions", "`make matrix` runs the tests on every Python"),
    Question("do warnings fail the test suite", "Warnings are errors. Below"),
    Question("terminal escape sequences in file names", "never reaches a screen raw"),
    Question("SARIF severity levels for block and warn", "Each gate that was asked is a rule"),
    Question("what goes into the fingerprint of a finding", "`fingerprint` (of gate, path and subject"),
    Question("how many annotations does github show", "at most 10 errors and 10 warnings"),
    Question("update golden files of the reporters", "python -m tests.reporters.goldens"),
    Question("import graph by regular expression", "comes from a regular expression over bytes"),
    Question("importing a package runs its __init__", "Importing `a.b.c` runs"),
    Question("how is an unchanged tree answered so quickly", "keeps what it printed and wrote with a recipe"),
    Question("is modification time trusted", "It is never mtime alone"),
    Question("how is memory consumption measured", "**Memory** is sampled from"),
    Question("median of runs, wall and cpu time", "**Whole processes.** Wall time is"),
    Question("where do the benchmark corpora come from", "Three releases, fetched by `pip download`"),
    Question("install git hooks for contributors", "makes git run the hooks of"),
    Question("regenerate json schemas", "`make schemas` writes the JSON Schemas"),
    Question("which modules may import which", "Which module may import which stands in"),
    Question("show that each gate can fail", "And each gate can be shown to fail here"),
)


class Quality(NamedTuple):
    """Over all questions: the best passage is the answer; it is among five; its reciprocal rank, 0 past ten."""

    first: float
    among_five: float
    reciprocal: float


def passages(root: Path) -> list[str]:
    """Every paragraph, table and code block of the documents, each under the headings that it stands below."""
    files = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    return [passage for file in files for passage in _paragraphs(file.read_text(encoding="utf-8"))]


def _paragraphs(text: str) -> Iterator[str]:
    heading = ""
    for block in text.split("\n\n"):
        block = block.strip()
        if block.startswith("#"):
            heading, _, block = block.partition("\n")
            heading = heading.lstrip("# ")
        if block:
            yield f"{heading}: {block}" if heading else block


def quality(memory: Memory, questions: Sequence[Question]) -> Quality:
    """Ask every question; the answer is whichever passage holds its words."""
    return _judged(questions, lambda text: [one.record.text for one in memory.recall(text, 10, now=_NOW)])


def _judged(questions: Sequence[Question], ask: Callable[[str], Sequence[str]]) -> Quality:
    ranks = []
    for question in questions:
        texts = ask(question.text)
        ranks.append(next((rank for rank, text in enumerate(texts, 1) if question.answer in text), 0))
    return Quality(
        sum(rank == 1 for rank in ranks) / len(ranks),
        sum(1 <= rank <= 5 for rank in ranks) / len(ranks),
        sum(1 / rank for rank in ranks if rank) / len(ranks),
    )


class RankFusion:
    """Reciprocal rank fusion, as a rival: it needs both rankings, which it takes from the scores it has seen."""

    def __init__(self, store: Store, embedder: HashedNgrams) -> None:
        self._store = store
        self._embedder = embedder

    def ranked(self, text: str) -> list[str]:
        """Ids, best first."""
        [cue] = self._embedder.embed([text])
        scores: dict[str, float] = {}
        for found in (self._store.nearest(cue, 40), self._store.matching(text, 40)):
            for rank, one in enumerate(found, 1):
                scores[one.id] = scores.get(one.id, 0.0) + 1 / (_RANK_FUSION + rank)
        return sorted(scores, key=lambda one: (-scores[one], one))


def _rank_fusion_quality(store: Store, questions: Sequence[Question]) -> Quality:
    fusion = RankFusion(store, HashedNgrams())
    return _judged(questions, lambda text: [one.text for one in store.get(fusion.ranked(text)[:10])])


def _records(texts: Sequence[str]) -> list[Record]:
    embeddings = HashedNgrams().embed(texts)
    return [record_of(place, *one) for place, one in enumerate(zip(texts, embeddings))]


def record_of(place: int, text: str, embedding: tuple[float, ...]) -> Record:
    """A passage as it is remembered; each is a minute older than the one before it."""
    return Record(f"{place:06}", text, embedding, _NOW - dt.timedelta(minutes=place))


def answers(open_store: Callable[[Path], Store], folder: Path) -> Iterator[Figure]:
    """Every way to weigh words and vectors, each with the share of questions whose answer is first."""
    texts = passages(ROOT)
    questions = [one for one in QUESTIONS if any(one.answer in text for text in texts)]
    for question in QUESTIONS:
        if question not in questions:
            print(f"the documents no longer hold: {question.answer}", file=sys.stderr)
    weights = {
        "vectors only": WeightedSum(1.0, 0.0, 0.0, 0.0),
        "words only": WeightedSum(0.0, 1.0, 0.0, 0.0),
        "both, the default": WeightedSum(),
        "both, without age and importance": WeightedSum(recency=0.0, importance=0.0),
        "both, vectors .7 words .3": WeightedSum(0.7, 0.3, 0.0, 0.0),
        "both, vectors .3 words .7": WeightedSum(0.3, 0.7, 0.0, 0.0),
    }
    with closing(open_store(folder / "quality.db")) as store:
        store.remember(_records(texts))
        found = {}
        for name, weighted in weights.items():
            limits = Limits(context_limit=0)
            memory = Memory(store, HashedNgrams(), relevance=weighted, limits=limits, fold_every=0, fold_above=None)
            found[name] = quality(memory, questions)
        found["both, by reciprocal rank fusion"] = _rank_fusion_quality(store, questions)
    for name, each in found.items():
        note = f"MRR@10 {each.reciprocal:.3f}, first {each.first:.0%}; {len(texts)} passages of these documents"
        yield Figure(f"answers among the first five, {name}", 100 * each.among_five, "%", len(questions), note=note)


def synthetic(count: int, seed: int = 1) -> list[str]:
    """Texts put together from the words of this repository's documents: realistic words, as many as wanted."""
    draw = random.Random(seed)
    sentences = [line for text in passages(ROOT) for line in text.split("\n") if len(line) > 30]
    return [f"{draw.choice(sentences)} {draw.choice(sentences)} {number}" for number in range(count)]


def speed(open_store: Callable[[Path], Store], folder: Path, count: int, asked: int) -> Iterator[Figure]:
    """A whole recall, and what it is made of; wall time, because that is what a budget is of."""
    embedder, trip = HashedNgrams(), 1e3 * round_trip()
    texts = synthetic(count)
    began = time.process_time()
    embedder.embed(texts)
    yield Figure("embedding", count / (time.process_time() - began), "texts a second of CPU", count)
    cues = [text[:80] for text in synthetic(asked, seed=2)]
    with closing(open_store(folder / "speed.db")) as store:
        store.remember(_records(texts))
        memory = Memory(store, embedder, fold_every=0, fold_above=None)
        memory.recall("warm up", 5)
        embedded = dict(zip(cues, embedder.embed(cues)))
        whole = f"a whole recall of 10 among {count:,} records, vectors and words, p50"
        parts: dict[str, Callable[[str], object]] = {
            whole: lambda cue: memory.recall(cue, 10),
            "of it, embedding": lambda cue: embedder.embed([cue]),
            "of it, the nearest vectors": lambda cue: store.nearest(embedded[cue], 40),
            "of it, the matching words": lambda cue: store.matching(telling(cue), 40),
        }
        for name, work in parts.items():
            samples = taken(work, cues)
            middle, bar = statistics.median(samples), Bar(BUDGET, enough=300) if name == whole else None
            yield Figure(name, middle, "ms", asked, ROUND_TRIP, middle / trip, bar, samples=tuple(samples))


def figures(quick: bool) -> Iterator[Figure]:
    """How well, and how fast."""
    from runtime.memory.stores.sqlite import SqliteStore

    with tempfile.TemporaryDirectory() as folder:
        yield from answers(SqliteStore, Path(folder))
        yield from speed(SqliteStore, Path(folder), 2_000 if quick else 10_000, 50 if quick else 300)


if __name__ == "__main__":
    sys.exit(alone(figures, __doc__))
