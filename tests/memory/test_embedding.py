"""The default embedder: the same numbers everywhere, unit length whatever the text, near where texts are alike."""

from __future__ import annotations

import hashlib
import math
import os
import struct
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import ConfigurationFault
from runtime.memory.embedding import HashedNgrams, words
from runtime.memory.models import Model2VecEmbedder, SentenceTransformerEmbedder
from runtime.memory.recall import cosine

ANY_TEXT = st.text(max_size=200) | st.text(alphabet=st.characters(categories=["Cs", "Po", "Zs"]), max_size=20)


def test_the_same_text_gives_the_same_bits_on_every_machine_and_python() -> None:
    texts = [
        "The quick brown fox",
        "Straße, Größe, ÉTÉ",
        "記憶は大切です",
        "",
        " \t",
        "?!",
        "a" * 5_000,
        "x1 y2 z3 " * 99,
    ]

    packed = b"".join(struct.pack("<384d", *embedding) for embedding in HashedNgrams().embed(texts))

    # Written down once, on 3.11 and x86-64. Embeddings that are kept in a store are worth nothing where it changes.
    assert hashlib.sha256(packed).hexdigest() == "7fd7ee356b55a68b8e8ee2a6be05dc0934e171a213cb4eac275a80df45f833c9"


@given(ANY_TEXT)
def test_every_text_has_an_embedding_of_unit_length(text: str) -> None:
    [embedding] = HashedNgrams(dimension=32).embed([text])

    assert len(embedding) == 32
    assert math.isclose(math.hypot(*embedding), 1.0, rel_tol=1e-12)


@given(st.text(max_size=60), st.integers(min_value=1, max_value=3))
def test_even_where_every_feature_falls_into_the_same_few_buckets(text: str, dimension: int) -> None:
    [embedding] = HashedNgrams(dimension).embed([text])

    assert math.isclose(math.hypot(*embedding), 1.0, rel_tol=1e-12)


@given(st.lists(st.text(max_size=40), max_size=6))
def test_a_text_is_embedded_the_same_whatever_is_embedded_with_it(texts: list[str]) -> None:
    embedder = HashedNgrams(dimension=64)

    assert embedder.embed(texts) == [HashedNgrams(dimension=64).embed([text])[0] for text in texts]


@pytest.mark.parametrize(
    ("one", "other"),
    [("Große Straße", "GROSSE STRASSE"), ("\uff26\uff4f\uff58", "fox"), ("\ufb01le", "file"), ("a-b", "a b")],
)
def test_case_and_compatibility_forms_do_not_matter(one: str, other: str) -> None:
    first, second = HashedNgrams().embed([one, other])

    assert first == second


@pytest.mark.parametrize(
    ("cue", "nearer", "farther"),
    [
        ("the cat sat on the mat", "cats sitting on mats", "interest rates rose again in March"),
        ("kill switch", "the kill-switch is read at run time", "the switch statement of C"),
        ("記憶の検索", "記憶を検索する", "天気がいい"),
        ("configuration", "configured", "conflagration of the library"),
    ],
)
def test_texts_that_share_words_and_parts_of_words_are_near(cue: str, nearer: str, farther: str) -> None:
    asked, near, far = HashedNgrams().embed([cue, nearer, farther])

    assert cosine(asked, near) > cosine(asked, far)


def test_words_that_every_text_holds_say_little() -> None:
    asked, same_small_words, same_telling_word = HashedNgrams().embed(
        ["it is the one of the harbour", "it is the one of the mountain", "a harbour"]
    )

    assert cosine(asked, same_telling_word) > cosine(asked, same_small_words)


def test_underscores_and_punctuation_set_words_apart() -> None:
    assert words("max_fold-depth: 3") == ["max", "fold", "depth", "3"]


def test_no_dimension_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        HashedNgrams(0)


@pytest.mark.parametrize(
    ("embedder", "extra"),
    [(Model2VecEmbedder, "model2vec"), (SentenceTransformerEmbedder, "sentence-transformers")],
)
def test_a_library_that_is_not_installed_is_named_with_its_extra(
    embedder: type, extra: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / f"{extra.replace('-', '_')}.py").write_text("raise ImportError('not installed')")
    monkeypatch.syspath_prepend(str(tmp_path))

    with pytest.raises(ConfigurationFault, match=rf"pip install 'lukhas-gates\[{extra}\]'"):
        embedder("some/model")


def test_a_model_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    """In a process of its own, where a library of this name is really imported."""
    (tmp_path / "model2vec.py").write_text(
        "class StaticModel:\n    def from_pretrained(name):\n        raise OSError(f'no file in {name}')\n"
    )
    asks = "from runtime.memory.models import Model2VecEmbedder; Model2VecEmbedder('nowhere')"
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])

    ended = subprocess.run(
        [sys.executable, "-c", asks],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "ConfigurationFault: model2vec cannot load the model 'nowhere': no file in nowhere" in ended.stderr


class Table:
    """A model that is loaded already, as both libraries hand it out: rows that are not of unit length."""

    dim = 2

    def get_sentence_embedding_dimension(self) -> int:
        return 2

    def encode(self, texts: list[str]) -> list[list[float]]:
        return [[float(len(text)), 0.0 if not text else 4.0] for text in texts]


class Renamed(Table):
    """As newer releases of sentence-transformers hand it out; warnings are errors here."""

    def get_sentence_embedding_dimension(self) -> int:
        warnings.warn("renamed to `get_embedding_dimension`", FutureWarning, stacklevel=2)
        return 2

    def get_embedding_dimension(self) -> int:
        return 2


def test_a_newer_model_is_asked_by_the_newer_name() -> None:
    assert SentenceTransformerEmbedder(Renamed()).dimension == 2


@pytest.mark.parametrize("embedder", [Model2VecEmbedder, SentenceTransformerEmbedder])
def test_what_a_model_gives_is_made_unit_length(embedder: type) -> None:
    adapted = embedder(Table())

    assert adapted.dimension == 2
    assert adapted.embed(["abc", ""]) == [pytest.approx((0.6, 0.8)), (1.0, 0.0)]
    assert adapted.embed([]) == []
