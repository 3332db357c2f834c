"""One fast and one slow node under load: the fast one serves at least 80 % of the queries (the seed asks it)."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from runtime.orchestrator.choosing import Selector
from runtime.orchestrator.load import Load
from runtime.orchestrator.selection import ExpectedCompletion, RoundRobin
from tests.selection.fakes import NamedNode, done

SECONDS = {"fast": 0.010, "slow": 0.050}
QUERIES = 2000


def served(selector_on: Callable[[Callable[[], float]], Selector], in_flight: int) -> Counter[str]:
    """How many queries each of the two nodes was given, while so many are under way at any time."""
    now = 0.0
    by_name = {name: NamedNode(name, concurrency=8) for name in SECONDS}
    selector = selector_on(lambda: now)
    under_way: list[tuple[float, int, NamedNode]] = []
    picks: Counter[str] = Counter()
    for number in range(QUERIES):
        if len(under_way) == in_flight:
            now, _, ended = heapq.heappop(under_way)
            selector.ended(ended, done(SECONDS[ended.name]))
        node = by_name[selector.choose(list(by_name.values())).name]
        selector.begun(node)
        picks[node.name] += 1
        heapq.heappush(under_way, (now + SECONDS[node.name], number, node))
    return picks


@pytest.mark.parametrize("in_flight", [1, 4, 8])
@pytest.mark.parametrize("seed", range(5))
def test_the_fast_node_serves_four_of_five_queries_and_more(in_flight: int, seed: int) -> None:
    picks = served(lambda clock: ExpectedCompletion(Load(clock), Random(seed)), in_flight)

    assert picks["fast"] >= 0.8 * QUERIES


def test_the_slow_node_is_tried_too() -> None:
    picks = served(lambda clock: ExpectedCompletion(Load(clock), Random(0)), 4)

    assert picks["slow"] >= 1


def test_taking_turns_does_not_prefer_it() -> None:
    picks = served(lambda clock: RoundRobin(), 4)

    assert picks["fast"] < 0.8 * QUERIES
