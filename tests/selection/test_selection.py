"""Whom the selectors choose, from what is known; on a clock set by hand."""

from __future__ import annotations

from collections import Counter

from runtime.orchestrator.choosing import Selector
from runtime.orchestrator.selection import RoundRobin
from tests.selection.fakes import Bench, NamedNode, done, failed, named, refused


def test_while_nothing_is_known_each_has_its_turn() -> None:
    bench, nodes = Bench(), named(5)

    rounds = []
    for _ in range(3):
        names = []
        for _ in nodes:
            node = bench.selector.choose(nodes)
            bench.selector.begun(node)
            names.append(node.name)
        rounds.append(sorted(names))

    assert rounds == [sorted(node.name for node in nodes)] * 3


def test_a_much_faster_node_is_chosen_until_it_is_full() -> None:
    bench, nodes = Bench(), named(2, concurrency=2)
    bench.ask(nodes[0], done(0.010))
    bench.ask(nodes[1], done(0.030))

    picks = []
    for _ in range(8):
        node = bench.selector.choose(nodes)
        bench.selector.begun(node)
        picks.append(node.name)

    assert picks[:4] == ["node-0"] * 4
    assert "node-1" in picks[4:]


def test_among_nodes_about_as_good_the_least_filled_is_chosen() -> None:
    bench = Bench()
    small, large = NamedNode("small", concurrency=2), NamedNode("large", concurrency=10)
    bench.ask(small, done(0.010))
    bench.ask(large, done(0.011))
    for node in (small, large, large):
        bench.selector.begun(node)

    assert set(bench.choices([small, large], 20)) == {"large"}


def test_what_others_have_there_fills_a_node_too() -> None:
    bench, nodes = Bench(), named(2)
    for node, held in zip(nodes, (3, 0)):
        node.held = held
        bench.ask(node, done())
    bench.selector.begun(nodes[1])

    assert set(bench.choices(nodes, 20)) == {"node-1"}


def test_among_equals_chance_decides() -> None:
    bench, nodes = Bench(), named(4)
    for node in nodes:
        bench.ask(node, done())

    picks = Counter(bench.choices(nodes, 4000))

    assert min(picks.values()) > 800


def test_a_node_alone_is_chosen_whatever_it_did() -> None:
    bench, (node,) = Bench(), named(1)
    for _ in range(10):
        bench.ask(node, failed())

    assert bench.selector.choose([node]) is node


# A second node


def second(selector: Selector, nodes: list[NamedNode], first: NamedNode) -> str:
    other = selector.alternative(nodes, first)
    return "" if other is None else other.name


def test_the_second_node_is_another_one_about_as_fast() -> None:
    bench, nodes = Bench(), named(3)
    for node, seconds in zip(nodes, (0.010, 0.012, 0.100)):
        bench.ask(node, done(seconds))

    assert second(bench.selector, nodes, nodes[0]) == "node-1"
    assert second(bench.selector, nodes, nodes[1]) == "node-0"
    assert second(bench.selector, nodes, nodes[2]) == "node-0"


def test_there_is_no_second_node_where_the_others_are_much_slower() -> None:
    bench, nodes = Bench(), named(2)
    bench.ask(nodes[0], done(0.010))
    bench.ask(nodes[1], done(0.030))
    bench.now += 100.0  # hope is no ground to ask twice

    assert second(bench.selector, nodes, nodes[0]) == ""


def test_there_is_none_where_there_is_one_node_or_nothing_is_known_of_the_others() -> None:
    bench, nodes = Bench(), named(3)

    assert second(bench.selector, nodes, nodes[0]) == ""
    bench.ask(nodes[0], done())
    assert second(bench.selector, nodes, nodes[0]) == ""
    assert second(bench.selector, nodes[:1], nodes[0]) == ""


def test_a_node_that_is_left_out_is_no_second_one() -> None:
    bench, nodes = Bench(), named(2)
    bench.selector.choose(nodes)
    for node in nodes:
        bench.ask(node, done())
    for _ in range(3):
        bench.ask(nodes[1], failed())

    assert second(bench.selector, nodes, nodes[0]) == ""


# In turns


def test_round_robin_gives_each_its_turn_stage_by_stage() -> None:
    selector = RoundRobin()
    thought = named(2)
    action = [NamedNode(node.name, stage="action") for node in thought]

    picks = []
    for _ in range(2):
        picks += [selector.choose(thought), selector.choose(action)]

    assert picks == [thought[0], action[0], thought[1], action[1]]


def test_round_robin_asks_the_next_one_a_second_time() -> None:
    nodes = named(3)

    assert second(RoundRobin(), nodes, nodes[2]) == "node-0"
    assert second(RoundRobin(), nodes[:1], nodes[0]) == ""
    assert second(RoundRobin(), nodes, NamedNode("gone")) == ""


def test_a_node_that_refused_this_attempt_is_not_chosen_for_it_again() -> None:
    bench, nodes = Bench(), named(3)

    for selector in (bench.selector, RoundRobin()):
        assert {selector.choose(nodes, nodes[:2]).name for _ in range(20)} == {"node-2"}


def test_those_left_out_are_not_let_in_because_others_refused() -> None:
    bench, nodes = Bench(), named(4)
    for node in nodes:
        bench.ask(node, done())
    bench.load.read(nodes)
    for node in nodes[:2]:
        for _ in range(3):
            bench.ask(node, failed())

    assert {bench.selector.choose(nodes, [nodes[2]]).name for _ in range(20)} == {"node-3"}
    assert not bench.readmissions


def test_a_node_that_refused_just_now_is_no_second_one() -> None:
    bench, nodes = Bench(), named(2)
    for node in nodes:
        bench.ask(node, done())
    assert bench.selector.alternative(nodes, nodes[0]) is nodes[1]

    bench.ask(nodes[1], refused())

    assert bench.selector.alternative(nodes, nodes[0]) is None
