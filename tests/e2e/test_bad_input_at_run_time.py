"""Bad input of every kind, at the real parts: a clear error, and nothing lost."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.app import App
from runtime.errors import ConfigurationFault, QueryRefused, RecordRefused
from runtime.memory.record import Record
from runtime.orchestrator.pipeline import Pipeline
from runtime.orchestrator.query import Query
from runtime.orchestrator.selection import RoundRobin
from runtime.orchestrator.stage import Stage
from tests.e2e.corpus import DOCUMENTS, PATIENT, fed

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
QUESTION = "When was the lighthouse at Arkona built?"


def tried(try_it: Callable[[App], None], store: str) -> tuple[int, int, object]:
    """Live records before and after, and the answer to a good question after."""

    async def run() -> tuple[int, int, object]:
        async with fed(PATIENT._replace(store=store)) as app:
            before = app.memory.sizes().live
            try_it(app)
            outcome = await app.ask(QUESTION)
            return before, app.memory.sizes().live, outcome.query.answer

    return asyncio.run(run())


def record(embedding: tuple[float, ...], text: str = "x") -> Record:
    return Record("bad", text, embedding, NOW)


@pytest.mark.parametrize("place", ["memory", "sqlite"])
@pytest.mark.parametrize(
    "bad",
    [
        record((math.nan,) * 384),
        record((math.inf,) * 384),
        record((0.0,) * 384),
        record((1.0,) * 3),
        record((1.0,) * 384, text="half \ud800"),
        record((1.0,) * 384, text=""),
    ],
    ids=["NaN", "infinite", "no length", "wrong dimension", "half a surrogate pair", "empty"],
)
def test_a_bad_record_is_refused_with_those_beside_it_and_nothing_is_lost(
    place: str, bad: Record, tmp_path: Path
) -> None:
    def remember(app: App) -> None:
        with pytest.raises(RecordRefused):
            app.memory.remember([bad._replace(id="good", embedding=(), text="good"), bad])

    before, after, answer = tried(remember, "memory:" if place == "memory" else f"sqlite:///{tmp_path}/m.db")

    assert before == after >= len(DOCUMENTS)
    assert answer == "The lighthouse at Arkona was built in 1827."


@pytest.mark.parametrize("bad", ["", " \n", "\ud800", "\udcff?", "word " * 2_000_000], ids=lambda bad: ascii(bad[:9]))
def test_a_bad_question_is_refused(bad: str) -> None:
    async def run() -> None:
        async with fed() as app:
            with pytest.raises(QueryRefused):
                await app.ask(bad)

    asyncio.run(run())


def test_a_stage_that_is_unknown_is_refused() -> None:
    class Dreamer:
        name = "dreamer"
        stage = "dreaming"
        concurrency = 1

        async def handle(self, query: Query) -> Query:
            return query

    with pytest.raises(ConfigurationFault, match="dreaming"):
        Pipeline([Stage("memory", critical=True)], {"dreaming": [Dreamer()]}, RoundRobin())
