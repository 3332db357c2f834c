"""What is measured of a node, and when it is left out and comes back; on a clock set by hand."""

from __future__ import annotations

import math

import pytest

from runtime.orchestrator.load import FULL, LEFT_OUT, SPARE
from runtime.orchestrator.stage import Ending
from tests.selection.fakes import Bench, NamedNode, abandoned, done, failed, named, refused, skipped, timed_out


def known(bench: Bench, nodes: list[NamedNode], seconds: float = 0.01) -> None:
    """Each has answered once."""
    for node in nodes:
        bench.ask(node, done(seconds))


def eject(bench: Bench, node: NamedNode, nodes: list[NamedNode]) -> None:
    """Three failures in a row."""
    bench.load.read(nodes)
    for _ in range(3):
        bench.ask(node, failed())


def pass_by(bench: Bench, seconds: float, other: NamedNode) -> None:
    """Time passes in which another node has enough to do."""
    for _ in range(300):
        bench.now += seconds / 300
        bench.selector.begun(other)
        bench.selector.ended(other, done())


# In flight


def test_what_begins_is_in_flight_until_it_ends() -> None:
    bench, (node,) = Bench(), named(1)

    bench.selector.begun(node)
    bench.selector.begun(node)
    assert bench.of(node).in_flight == 2

    bench.selector.ended(node, done())
    assert bench.of(node).in_flight == 1


def test_what_never_began_is_not_counted_when_it_ends() -> None:
    bench, (node,) = Bench(), named(1)

    bench.selector.ended(node, failed())

    assert (bench.of(node).in_flight, bench.of(node).samples) == (0, 0)


def test_queueing_costs_nothing_before_a_node_is_full() -> None:
    bench, (node,) = Bench(), named(1, concurrency=4)
    known(bench, [node])

    costs = []
    for _ in range(6):
        costs.append(bench.of(node).cost)
        bench.selector.begun(node)

    assert costs[:4] == [costs[0]] * 4
    assert costs[4:] == pytest.approx([costs[0] * 5 / 4, costs[0] * 6 / 4])


def test_nodes_of_one_name_at_two_stages_are_two() -> None:
    bench = Bench()
    thought, action = NamedNode("same"), NamedNode("same", stage="action")

    bench.ask(thought, done(0.5))

    assert bench.of(thought).samples == 1
    assert bench.of(action).samples == 0


# What others have there


def answer(bench: Bench, node: NamedNode, held: int) -> None:
    """An answer with which the node says how many it holds."""
    node.held = held
    bench.ask(node, done(0.01))


def test_what_a_node_holds_besides_what_was_asked_here_is_others() -> None:
    bench, (node,) = Bench(), named(1)
    bench.selector.begun(node)

    answer(bench, node, held=4)

    assert bench.of(node).others == 3.0


def test_a_node_that_holds_less_than_was_asked_of_it_holds_nothing_of_others() -> None:
    bench, (node,) = Bench(), named(1)
    for _ in range(3):
        bench.selector.begun(node)  # still on their way to it

    answer(bench, node, held=1)

    assert bench.of(node).others == 0.0


def test_what_was_heard_is_soon_no_more_than_what_is_usual() -> None:
    bench, nodes = Bench(), named(2)
    for _ in range(200):
        answer(bench, nodes[1], held=2)
    answer(bench, nodes[0], held=10)
    heard = bench.of(*nodes).others

    bench.now += 0.01  # as long as an answer takes
    later = bench.of(*nodes).others
    bench.now += 1.0

    assert heard == pytest.approx(10.0)
    assert 2.0 < later < 6.0
    assert bench.of(*nodes).others == 2.0


def test_a_node_that_was_not_asked_yet_holds_what_is_usual() -> None:
    bench, nodes = Bench(), named(2)
    answer(bench, nodes[1], held=3)

    assert bench.of(*nodes).others == pytest.approx(3.0)


def test_a_node_that_answers_and_does_not_say_is_nobody_elses() -> None:
    bench, nodes = Bench(), named(2)
    answer(bench, nodes[1], held=3)
    bench.ask(nodes[0], done(0.01))

    assert bench.of(*nodes).others == 0.0


def test_what_a_node_said_earlier_is_not_news_when_it_fails() -> None:
    bench, (node,) = Bench(), named(1)
    answer(bench, node, held=3)
    answer(bench, node, held=0)
    node.held = 9

    bench.ask(node, failed(1.0))

    assert bench.of(node).others == 3.0  # what is usual


# The estimate


def test_the_first_answer_is_the_estimate() -> None:
    bench, (node,) = Bench(), named(1)

    bench.ask(node, done(0.02))

    assert bench.of(node).estimate == pytest.approx(0.02)


def test_an_answer_from_a_crowd_counts_as_that_of_a_lone_request() -> None:
    bench, (node,) = Bench(), named(1, concurrency=2)
    for _ in range(8):
        bench.selector.begun(node)

    bench.now += 0.08
    bench.selector.ended(node, done(0.08))

    assert bench.of(node).estimate == pytest.approx(0.02)


@pytest.mark.parametrize("ending", [failed(0.001), timed_out(), abandoned()])
def test_a_failure_costs_its_budget_however_quick_it_was(ending: object) -> None:
    bench, (node,) = Bench(), named(1)

    bench.ask(node, ending)  # type: ignore[arg-type]

    assert bench.of(node).estimate == pytest.approx(0.25)


def test_a_failure_without_a_budget_costs_a_second() -> None:
    bench, (node,) = Bench(), named(1)

    bench.ask(node, failed(0.001, math.inf))

    assert bench.of(node).estimate == pytest.approx(1.0)


def test_a_timeout_too_short_for_any_node_is_held_against_none() -> None:
    bench, nodes = Bench(), named(2)
    known(bench, nodes, 0.01)
    bench.load.read(nodes)

    for _ in range(5):
        bench.ask(nodes[0], timed_out(0.005))

    load = bench.of(*nodes)
    assert load.estimate == pytest.approx(0.01)
    assert load.samples == 1
    assert not bench.ejections


def test_a_request_that_was_called_off_says_nothing_unless_it_waited_longer_than_expected() -> None:
    bench, (node,) = Bench(), named(1)
    known(bench, [node], 0.01)

    bench.ask(node, skipped(0.005))
    assert bench.of(node).estimate == pytest.approx(0.01)

    bench.ask(node, skipped(0.1))
    assert bench.of(node).estimate > 0.01


def test_a_clock_that_lies_makes_no_negative_estimate() -> None:
    bench, (node,) = Bench(), named(1)

    bench.selector.begun(node)
    bench.selector.ended(node, done(-1.0))

    assert 0.0 < bench.of(node).estimate < 1e-6


def test_a_node_that_keeps_everybody_waiting_is_slow_before_its_first_timeout() -> None:
    bench, (node,) = Bench(), named(1)
    known(bench, [node], 0.01)
    bench.selector.begun(node)

    bench.now += 0.1

    assert bench.of(node).cost == pytest.approx(0.1 / 1.2)


def test_a_node_left_alone_is_hoped_to_be_faster_and_then_tried() -> None:
    bench, nodes = Bench(), named(2)
    known(bench, nodes, 0.1)

    pass_by(bench, 10.0, nodes[1])
    assert bench.of(*nodes).cost == pytest.approx(0.1 / math.e, rel=0.05)

    pass_by(bench, 6.0, nodes[1])
    assert bench.of(*nodes).cost == 0.0


def test_one_good_answer_after_a_pause_is_believed() -> None:
    bench, (node,) = Bench(), named(1)
    for _ in range(50):
        bench.ask(node, done(0.2))

    bench.now += 2.0
    bench.ask(node, done(0.01))

    assert bench.of(node).estimate == pytest.approx(0.01)


# Refusals


def test_a_refusal_is_no_failure_and_no_answer_of_the_node() -> None:
    bench, nodes = Bench(), named(3)
    known(bench, nodes, 0.01)

    for _ in range(10):
        bench.ask(nodes[0], refused(0.1))

    load = bench.of(*nodes)
    assert (load.samples, load.in_flight) == (1, 0)
    assert load.estimate == pytest.approx(0.01)
    assert not bench.ejections


def test_refusals_between_failures_neither_add_to_them_nor_forgive_them() -> None:
    bench, nodes = Bench(), named(3)
    bench.load.read(nodes)

    for ending in (failed(), failed(), refused(), refused()):
        bench.ask(nodes[0], ending)
    assert not bench.ejections

    bench.ask(nodes[0], failed())
    assert len(bench.ejections) == 1


def test_a_node_that_refused_is_passed_over_until_a_place_there_may_be_free() -> None:
    bench, nodes = Bench(), named(2, concurrency=4)
    bench.ask(nodes[0], done(0.02))
    bench.ask(nodes[1], done(0.08))

    bench.ask(nodes[0], refused())
    assert set(bench.choices(nodes, 20)) == {"node-1"}

    bench.now += 0.006  # four places, an answer in 20 ms: one is free every 5
    assert set(bench.choices(nodes, 20)) == {"node-0"}


def test_each_further_refusal_doubles_the_wait_up_to_the_shortest_ejection_and_an_answer_begins_anew() -> None:
    bench, nodes = Bench(), named(2, concurrency=1)
    known(bench, nodes, 0.1)

    waits = []
    endings: list[Ending] = [*[refused()] * 6, done(0.1), refused()]
    for ending in endings:
        bench.now = max(bench.now, bench.of(*nodes).full_until)
        bench.ask(nodes[0], ending)
        waits.append(round(bench.of(*nodes).full_until - bench.now, 6))

    assert waits[:6] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert waits[7] == 0.1


def test_refusals_that_were_under_way_together_are_one() -> None:
    bench, nodes = Bench(), named(2, concurrency=1)
    known(bench, nodes, 0.1)
    for _ in range(5):
        bench.selector.begun(nodes[0])

    for _ in range(5):
        bench.selector.ended(nodes[0], refused())

    assert bench.of(*nodes).full_until - bench.now == pytest.approx(0.1)


def test_where_all_refuse_one_is_chosen_all_the_same_and_none_of_those_that_fail() -> None:
    bench, nodes = Bench(), named(3)
    known(bench, nodes)
    eject(bench, nodes[0], nodes)

    for node in nodes[1:]:
        bench.ask(node, refused())

    assert set(bench.choices(nodes, 50)) == {"node-1", "node-2"}
    assert bench.of(nodes[1], nodes[0], nodes[2]).cost == FULL


def test_a_trial_that_was_refused_decides_nothing() -> None:
    bench, nodes = Bench(), named(3)
    known(bench, nodes)
    eject(bench, nodes[0], nodes)
    pass_by(bench, 1.1, nodes[1])

    bench.ask(nodes[0], refused())
    assert "node-0" not in bench.choices(nodes, 20)
    pass_by(bench, 1.1, nodes[1])

    assert set(bench.choices(nodes, 20)) == {"node-0"}
    assert not bench.readmissions
    assert len(bench.ejections) == 1


def test_a_refusal_is_no_sign_that_what_is_in_flight_there_moves() -> None:
    bench, (node,) = Bench(), named(1)
    known(bench, [node], 0.01)
    bench.selector.begun(node)
    bench.now += 0.1

    bench.ask(node, refused())
    bench.now += 0.01  # it is asked again

    assert bench.of(node).cost == pytest.approx(0.11 / 1.2)


# Left out


def test_three_failures_in_a_row_leave_a_node_out() -> None:
    bench, nodes = Bench(), named(3)
    known(bench, nodes)

    eject(bench, nodes[0], nodes)

    assert bench.of(*nodes).cost == LEFT_OUT
    assert [(event.node, event.seconds, event.reason) for event in bench.ejections] == [
        ("node-0", 1.0, "3 failures in a row")
    ]


def test_an_answer_in_between_begins_the_count_anew() -> None:
    bench, nodes = Bench(), named(3)
    bench.load.read(nodes)

    for ending in (failed(), failed(), done(), failed(), failed()):
        bench.ask(nodes[0], ending)

    assert not bench.ejections


@pytest.mark.parametrize(("size", "most"), [(1, 0), (2, 1), (3, 1), (4, 2), (10, 5)])
def test_at_most_half_of_the_nodes_are_left_out(size: int, most: int) -> None:
    bench, nodes = Bench(), named(size)

    for node in nodes:
        eject(bench, node, nodes)

    assert len(bench.ejections) == most


def test_when_the_good_nodes_go_the_ones_left_out_are_let_in_down_to_half() -> None:
    bench, nodes = Bench(), named(4)
    for node in nodes[:2]:
        eject(bench, node, nodes)

    bench.selector.choose(nodes[:2])

    assert [event.node for event in bench.readmissions] == ["node-0"]


def test_after_its_time_one_request_tries_it_and_an_answer_lets_it_in() -> None:
    bench, nodes = Bench(), named(3)
    known(bench, nodes)
    eject(bench, nodes[0], nodes)
    pass_by(bench, 1.1, nodes[1])

    assert set(bench.choices(nodes, 20)) == {"node-0"}

    bench.selector.begun(nodes[0])
    assert "node-0" not in bench.choices(nodes, 20)

    bench.now += 0.012
    bench.selector.ended(nodes[0], done(0.01))
    assert [event.node for event in bench.readmissions] == ["node-0"]
    assert bench.of(*nodes).estimate == pytest.approx(0.01)


def test_each_trial_that_fails_doubles_the_time_up_to_the_longest() -> None:
    bench, nodes = Bench(), named(3)
    known(bench, nodes)
    eject(bench, nodes[0], nodes)

    for _ in range(6):
        pass_by(bench, 25.0, nodes[1])
        bench.ask(nodes[0], failed())

    assert [event.seconds for event in bench.ejections] == [1.0, 2.0, 4.0, 8.0, 16.0, 24.0, 24.0]
    assert {event.reason for event in bench.ejections[1:]} == {"its trial failed"}


def test_a_node_that_stayed_in_begins_anew() -> None:
    bench, nodes = Bench(), named(3)
    known(bench, nodes)
    eject(bench, nodes[0], nodes)
    pass_by(bench, 2.0, nodes[1])
    bench.ask(nodes[0], done())

    bench.now += 25.0
    eject(bench, nodes[0], nodes)

    assert [event.seconds for event in bench.ejections] == [1.0, 1.0]


def test_a_node_that_fails_again_soon_does_not() -> None:
    bench, nodes = Bench(), named(3)
    known(bench, nodes)
    eject(bench, nodes[0], nodes)
    pass_by(bench, 2.0, nodes[1])
    bench.ask(nodes[0], done())

    eject(bench, nodes[0], nodes)

    assert [event.seconds for event in bench.ejections] == [1.0, 2.0]


@pytest.mark.parametrize("ending", [done(5.0), failed(5.0)])
def test_what_began_before_it_was_left_out_is_no_trial(ending: object) -> None:
    bench, nodes = Bench(), named(3)
    known(bench, nodes)
    bench.selector.begun(nodes[0])
    bench.now += 3.5
    eject(bench, nodes[0], nodes)
    pass_by(bench, 1.5, nodes[1])
    assert "node-0" not in bench.choices(nodes, 20)

    bench.selector.ended(nodes[0], ending)  # type: ignore[arg-type]

    assert not bench.readmissions
    assert len(bench.ejections) == 1
    assert set(bench.choices(nodes, 20)) == {"node-0"}


def test_a_trial_that_was_called_off_decides_nothing() -> None:
    bench, nodes = Bench(), named(3)
    known(bench, nodes)
    eject(bench, nodes[0], nodes)
    pass_by(bench, 1.1, nodes[1])

    bench.ask(nodes[0], skipped(0.001))
    pass_by(bench, 1.1, nodes[1])

    assert set(bench.choices(nodes, 20)) == {"node-0"}
    assert not bench.readmissions
    assert len(bench.ejections) == 1


def test_a_node_that_is_let_in_is_judged_by_its_trial_alone() -> None:
    bench, nodes = Bench(), named(3)
    known(bench, nodes)
    eject(bench, nodes[0], nodes)
    pass_by(bench, 1.1, nodes[1])

    bench.ask(nodes[0], done(0.2))

    assert bench.of(*nodes).estimate == pytest.approx(0.2)


def test_where_queries_are_rare_a_failure_elsewhere_brings_the_trial_forward() -> None:
    bench, nodes = Bench(), named(2)
    known(bench, nodes)
    eject(bench, nodes[0], nodes)
    bench.now += 2.0
    bench.ask(nodes[1], done())
    assert set(bench.choices(nodes, 20)) == {"node-1"}

    bench.ask(nodes[1], failed())

    assert set(bench.choices(nodes, 20)) == {"node-0"}


# Coming and going


def test_a_node_that_comes_later_is_tried_at_once() -> None:
    bench, nodes = Bench(), named(3)
    known(bench, nodes[:2])

    assert set(bench.choices(nodes, 20)) == {"node-2"}


def test_a_node_that_comes_back_is_known() -> None:
    bench, nodes = Bench(), named(3)
    known(bench, nodes, 0.02)

    bench.load.read(nodes[1:])

    assert bench.of(*nodes).estimate == pytest.approx(0.02)


def test_nodes_that_are_gone_are_forgotten_in_the_end() -> None:
    bench = Bench()

    for number in range(5000):
        node = NamedNode(f"pod-{number}")
        bench.selector.choose([node])
        bench.ask(node, done())

    kept = bench.load._stages["thought"].nodes
    assert len(kept) <= SPARE + 2
    assert "pod-4999" in kept


def test_one_with_requests_in_flight_is_not_forgotten() -> None:
    bench = Bench()
    held = NamedNode("held")
    bench.selector.begun(held)

    for number in range(500):
        node = NamedNode(f"pod-{number}")
        bench.selector.choose([node])
        bench.ask(node, done())

    assert bench.of(held).in_flight == 1
