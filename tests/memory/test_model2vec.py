"""The service with embeddings of meaning: a model of a few words, made here, by the real library."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from runtime.app import opened
from runtime.errors import ConfigurationFault
from runtime.feeding import feed
from runtime.lanes.production.documents import Documents
from runtime.parts import memory_of
from runtime.settings import Settings
from tests.lanes.announced import installed

pytest.importorskip("model2vec", reason="lukhas-gates[model2vec] is not installed")

MEANINGS = {"owl": (1.0, 0.1, 0.0), "bird": (0.9, 0.2, 0.0), "river": (0.0, 0.0, 1.0), "water": (0.0, 0.1, 0.9)}


@pytest.fixture
def model(tmp_path: Path) -> str:
    """The folder of a model that knows four words; an owl is a bird, and a river is water."""
    import numpy as np
    from model2vec import StaticModel  # type: ignore[import-not-found, unused-ignore]
    from tokenizers import Tokenizer  # type: ignore[import-not-found, unused-ignore]
    from tokenizers.models import WordLevel  # type: ignore[import-not-found, unused-ignore]
    from tokenizers.pre_tokenizers import Whitespace  # type: ignore[import-not-found, unused-ignore]

    words = ["[PAD]", "[UNK]", *MEANINGS]
    tokenizer = Tokenizer(WordLevel({word: place for place, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    vectors = np.array([(0, 0, 0), (0, 0, 0), *MEANINGS.values()], dtype=np.float32)
    StaticModel(vectors, tokenizer, normalize=True).save_pretrained(tmp_path / "model")
    return f"model2vec:{tmp_path / 'model'}"


def test_what_is_meant_is_recalled_without_a_common_word(model: str) -> None:
    memory = memory_of(Settings(store="memory:", embedder=model))
    feed(memory, "owl.md", Documents().passages("The owl sleeps."))
    feed(memory, "river.md", Documents().passages("The river is long."))

    assert [one.record.text for one in memory.recall("bird", 1)] == ["The owl sleeps."]
    assert [one.record.text for one in memory.recall("water", 1)] == ["The river is long."]
    memory.close()


def test_a_store_of_another_model_is_refused_and_the_same_one_is_opened_again(model: str, tmp_path: Path) -> None:
    settings = Settings(store=f"sqlite:///{tmp_path}/memory.db", embedder=model)
    memory = memory_of(settings)
    feed(memory, "owl.md", Documents().passages("The owl sleeps."))
    memory.close()

    memory_of(settings).close()
    with pytest.raises(ConfigurationFault, match="of 3 dimensions, not 384"):
        memory_of(settings._replace(embedder="ngrams"))


def test_the_service_answers_over_it(model: str) -> None:
    async def run() -> object:
        app = await opened(Settings(store="memory:", embedder=model, budget=20.0), found=installed())
        app.feed("owl.md", Documents().passages("The owl sleeps at noon."))
        answer = (await app.ask("When does the owl sleep?")).query.answer
        await app.close()
        return answer

    assert asyncio.run(run()) == "The owl sleeps at noon."
