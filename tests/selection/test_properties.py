"""Whatever begins, ends, fails, comes and goes: what holds of the choice."""

from __future__ import annotations

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from runtime.orchestrator.stage import Ending
from runtime.telemetry.events import NodeEjected, NodeReadmitted
from tests.selection.fakes import Bench, NamedNode, abandoned, done, failed, named, skipped, timed_out

ALL = named(6, concurrency=2)
ENDINGS = st.one_of(
    st.builds(done, st.floats(0.0, 0.3)),
    st.builds(failed, st.floats(0.0, 0.3)),
    st.just(timed_out()),
    st.builds(timed_out, st.floats(0.001, 0.25)),
    st.just(abandoned()),
    st.builds(skipped, st.floats(0.0, 0.3)),
)


class Choosing(RuleBasedStateMachine):
    """A stage whose nodes come and go, with the truth kept beside."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(seed=1)
        self.nodes = list(ALL)
        self.in_flight: Counter[str] = Counter()
        self.heard = 0
        self.out: dict[str, float] = {}  # until when

    def listen(self) -> None:
        for event in self.bench.said[self.heard :]:
            if isinstance(event, NodeEjected):
                self.out[event.node] = self.bench.now + event.seconds
            elif isinstance(event, NodeReadmitted):
                del self.out[event.node]
        self.heard = len(self.bench.said)

    @rule(seconds=st.floats(0.0, 40.0))
    def wait(self, seconds: float) -> None:
        self.bench.now += seconds

    @rule(times=st.integers(1, 4))
    def begin_some(self, times: int) -> None:
        self.begin(times)

    def begin(self, times: int) -> None:
        for _ in range(times):
            node = self.bench.selector.choose(self.nodes)
            self.listen()
            assert node in self.nodes
            if node.name in self.out:  # it is a trial: its time is over, and it is the only one
                assert self.out[node.name] <= self.bench.now
                assert not self.in_flight[node.name]
            self.bench.selector.begun(node)
            self.in_flight[node.name] += 1

    @rule()
    def begin_as_many_as_there_are_nodes(self) -> None:
        loads = self.bench.load.read(self.nodes)
        unknown = [load for load in loads if not load.samples and not load.out]
        self.begin(len(self.nodes))
        assert all(load.in_flight for load in unknown)  # each was tried

    @precondition(lambda self: any(self.in_flight.values()))
    @rule(data=st.data(), ending=ENDINGS)
    def end(self, data: st.DataObject, ending: Ending) -> None:
        name = data.draw(st.sampled_from(sorted(+self.in_flight)))
        self.bench.selector.ended(next(node for node in ALL if node.name == name), ending)
        self.in_flight[name] -= 1
        self.listen()

    @rule(node=st.sampled_from(ALL), ending=ENDINGS)
    def end_what_never_began(self, node: NamedNode, ending: Ending) -> None:
        if not self.in_flight[node.name]:
            self.bench.selector.ended(node, ending)

    @rule(node=st.sampled_from(ALL))
    def fail_in_a_row(self, node: NamedNode) -> None:
        for _ in range(3):
            self.bench.ask(node, failed(0.001))
            self.listen()

    @rule(present=st.sets(st.sampled_from(range(6)), min_size=1))
    def come_and_go(self, present: set[int]) -> None:
        self.nodes = [ALL[number] for number in sorted(present)]
        self.bench.load.read(self.nodes)
        self.listen()

    @invariant()
    def in_flight_is_what_began_and_has_not_ended(self) -> None:
        loads = self.bench.load._stages["thought"].nodes if self.bench.load._stages else {}
        assert {name: load.in_flight for name, load in loads.items() if load.in_flight} == dict(+self.in_flight)

    @invariant()
    def at_most_half_are_left_out(self) -> None:
        self.bench.load.read(self.nodes)
        self.listen()
        present = {node.name for node in self.nodes}
        assert len(present & set(self.out)) <= len(present) // 2

    @invariant()
    def a_second_node_is_never_the_first_nor_left_out(self) -> None:
        for first in self.nodes:
            other = self.bench.selector.alternative(self.nodes, first)
            assert other is None or (other is not first and other.name not in self.out)


TestChoosing = Choosing.TestCase
TestChoosing.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
