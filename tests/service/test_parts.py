"""Parts that do not go together are told apart before anything is asked of them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from runtime.errors import ConfigurationFault
from runtime.memory.embedding import HashedNgrams
from runtime.memory.record import Record
from runtime.memory.stores.sqlite import SqliteStore
from runtime.parts import memory_of
from runtime.settings import Settings

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)


def kept(path: Path, *embeddings: tuple[float, ...], depth: int = 0) -> Settings:
    store = SqliteStore(path)
    store.remember([Record(f"{number}", "an owl", one, NOW, depth=depth) for number, one in enumerate(embeddings)])
    store.close()
    return Settings(store=f"sqlite:///{path}")


def test_a_store_of_another_embedder_of_the_same_dimension_is_refused(tmp_path: Path) -> None:
    settings = kept(tmp_path / "memory.db", (1.0, *[0.0] * 383))

    with pytest.raises(ConfigurationFault, match="sqlite store holds embeddings that ngrams has not made"):
        memory_of(settings)


@pytest.mark.parametrize("depth", [0, 1], ids=["some were given their own", "summaries, which are in the middle"])
def test_one_record_that_is_as_it_would_be_made_or_none_to_tell_by_is_enough(tmp_path: Path, depth: int) -> None:
    other = (1.0, *[0.0] * 383)
    embeddings = [other] if depth else [other, HashedNgrams().embed(["an owl"])[0]]

    memory_of(kept(tmp_path / "memory.db", *embeddings, depth=depth)).close()
