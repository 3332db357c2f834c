"""What is read of /metrics, and what happened between two looks."""

from __future__ import annotations

import io
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from runtime.errors import RuntimeFault
from runtime.telemetry.events import MemoryRecalled, QueryFinished, StageFinished
from runtime.telemetry.prometheus import Metrics
from runtime.telemetry.scraped import Between, Scrape, read
from runtime.watching import scrape, screen


def scraped(metrics: Metrics, at: float) -> Scrape:
    metrics._rendered.clear()
    return read(metrics.render()[1].decode(), at)


def told(metrics: Metrics, seconds: float, ending: str = "done") -> None:
    metrics(StageFinished("q", "memory", "recall", ending, 0, seconds, 0.1, True))
    metrics(QueryFinished("q", "answered", 0, seconds, 0.25))
    metrics(MemoryRecalled("sqlite", "exact", 9, 3, seconds))


def test_counters_are_told_by_how_much_they_have_grown_and_anew_after_a_restart() -> None:
    metrics = Metrics()
    told(metrics, 0.01)
    first = scraped(metrics, 1.0)
    told(metrics, 0.01)
    told(metrics, 0.01, "failed")
    second = scraped(metrics, 3.0)

    assert Between(first, second).grown("matriz_stage_total", "stage")["memory",] == 2
    assert Between(first, second).seconds == 2
    assert Between(second, first).grown("matriz_stage_total", "stage")["memory",] == 1
    assert second.total("matriz_stage_fail_total", stage="memory") == 1


@given(st.lists(st.floats(min_value=0.0, max_value=0.9), min_size=1, max_size=60), st.sampled_from([0.5, 0.95]))
@example([0.5, 0.5, 0.5, 0.001953125, 0.001953125, 0.001953125], 0.5)
def test_a_quantile_lies_in_the_bucket_of_the_true_one(seconds: list[float], share: float) -> None:
    metrics = Metrics()
    before = scraped(metrics, 0.0)
    for each in seconds:
        told(metrics, each)
    between = Between(before, scraped(metrics, 1.0))

    found = between.quantile(share, "matriz_stage_duration_seconds", "stage")["memory",]

    true = sorted(seconds)[max(0, math.ceil(share * len(seconds)) - 1)]
    edges = [0.0, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0]
    above = min(edge for edge in edges if edge >= true)
    assert max((edge for edge in edges if edge < above), default=0.0) <= found <= max(above, edges[1])


def test_the_screen_shows_stages_nodes_memory_and_what_is_spent_of_the_budget() -> None:
    metrics = Metrics()
    before = scraped(metrics, 0.0)
    for seconds in (0.01, 0.02, 0.6, 0.02):
        told(metrics, seconds)
    between = Between(before, scraped(metrics, 2.0))
    console = Console(width=110, record=True, file=io.StringIO())

    console.print(screen("http://service", between, between))

    shown = console.export_text()
    assert "queries a second: 2.0 answered" in shown
    assert "25.0% were late where 5% may be: 5.00 times the pace that lasts" in shown
    for word in ("memory", "recall", "100%", "sqlite", "awareness"):
        assert word in shown


def test_a_service_that_does_not_answer_is_said_to_be_away() -> None:
    with pytest.raises(RuntimeFault, match="is `python -m runtime serve` running there"):
        scrape("http://127.0.0.1:9")
