"""How costly each node is now, measured: what is in flight on it, how long an answer takes, whether it is left out."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Callable, NamedTuple, Optional

from runtime.orchestrator.ejection import Ejection, Standing
from runtime.orchestrator.node import Node, NotBegun
from runtime.orchestrator.stage import Done, Ending, Failed, Skipped, TimedOut
from runtime.telemetry.events import NodeEjected, NodeReadmitted, Observer, ignore

LEFT_OUT = float("inf")
FULL = 1e9  # seconds; that of a node that refused just now: only where all others are left out
WORTH_A_TRY = 0.0  # what one request would tell is worth its wait
NO_TIME = 1e-9  # seconds; the least that an answer is said to take, for nothing is 0.0 but WORTH_A_TRY
SPARE = 64  # loads of nodes that are gone, kept for their return
AT_ONCE = 0.1  # seconds between two requests that count as no pause
SHORTEST_WAIT = 0.001  # seconds for which a node that refused is passed over at least
PAUSE = 1.0  # seconds after which a much better sample means that the node has healed


class Smoothing(NamedTuple):
    """How samples become an estimate. All times are seconds.

    `weight` is what one sample counts for among many (0 to 1). `memory` is how long a sample is believed: a node left
    alone for so long is hoped to be e times faster than it was, and its next sample counts for 63 %. After `longest` it
    is tried whatever it was like. Where queries are rare, time alone would spend most of them on hope: so one query
    adds at most `patience` to how long the other nodes have been left alone, and one that failed `memory`.

    A node that keeps everybody waiting for `stall` times (a ratio) what it should is as slow as that wait over `stall`.
    `penalty` is what a failure costs whose budget has no end.
    """

    weight: float = 0.03
    memory: float = 10.0
    longest: float = 15.0
    patience: float = 0.1
    stall: float = 1.2
    penalty: float = 1.0


DEFAULT_SMOOTHING = Smoothing()
DEFAULT_EJECTION = Ejection()


class NodeLoad:
    """What is known of one node. `cost` is its expected completion time in seconds, as of the last reading.

    `estimate` is how long a lone request takes, in seconds, by so many `samples`; with none of them nothing is known.
    `others` is how many requests of other services are probably there, where the node says how many it holds.
    """

    __slots__ = (
        "concurrency",
        "cost",
        "estimate",
        "full_until",
        "heard",
        "heard_at",
        "in_flight",
        "moved_at",
        "name",
        "others",
        "passed",
        "refusals",
        "sampled_at",
        "samples",
        "stage",
        "standing",
        "touched_at",
    )

    def __init__(self, stage: str, name: str, concurrency: int) -> None:
        self.stage = stage
        self.name = name
        self.concurrency = max(1, concurrency)
        self.in_flight = 0
        self.estimate = 0.0
        self.samples = 0
        self.sampled_at = 0.0
        self.touched_at = 0.0  # when something last began or ended on it
        self.moved_at = 0.0  # when it last answered, or its first request of those in flight began
        self.passed = 0.0  # how much had passed on its stage when something last began on it
        self.heard = 0  # how many of others it held when it last said so
        self.heard_at: Optional[float] = None
        self.others = 0.0
        self.refusals = 0  # in a row
        self.full_until = 0.0
        self.cost = WORTH_A_TRY
        self.standing = Standing()

    @property
    def out(self) -> bool:
        """Whether it is left out; a trial may be due all the same."""
        return self.standing.until is not None


class StageLoad:
    """The nodes of one stage by name; how many were last read, lowest estimate, what passed (see `patience`).

    `others` is how many requests of other services its nodes usually hold, each; None while none has said.
    """

    __slots__ = ("lowest", "nodes", "others", "passed", "size")

    def __init__(self) -> None:
        self.nodes: dict[str, NodeLoad] = {}
        self.size = 0
        self.lowest = 0.0
        self.passed = 0.0
        self.others: Optional[float] = None


class Load:
    """Measures nodes by what began and ended on them; a node is known by its name within its stage.

    Constant memory a node. For one thread: that of the event loop. `clock` gives seconds that never go back.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        observe: Observer = ignore,
        smoothing: Smoothing = DEFAULT_SMOOTHING,
        ejection: Ejection = DEFAULT_EJECTION,
    ) -> None:
        self._clock = clock
        self._observe = observe
        self._smoothing = smoothing
        self._ejection = ejection
        self._stages: dict[str, StageLoad] = {}

    def read(self, nodes: Sequence[Node]) -> list[NodeLoad]:
        """The load of each of a stage's nodes (all of them, at least one), in their order; costs are as of now."""
        stage = self._stages.get(nodes[0].stage) or self._stage(nodes[0].stage)
        known = stage.nodes
        loads = [known.get(node.name) or self._load(stage, node) for node in nodes]
        stage.size = len(loads)
        if len(known) > stage.size + SPARE:
            self._forget(stage, loads)
        self._price(stage, loads)
        return loads

    def begun(self, node: Node) -> None:
        """A request began on a node."""
        stage = self._stages.get(node.stage) or self._stage(node.stage)
        load = stage.nodes.get(node.name) or self._load(stage, node)
        load.touched_at = now = self._clock()
        if not load.in_flight:
            load.moved_at = now
            load.concurrency = max(1, node.concurrency)
        load.in_flight += 1
        stage.passed = load.passed = stage.passed + self._smoothing.patience

    def ended(self, node: Node, ending: Ending) -> None:
        """It ended.

        An answer is a sample. A request that was called off, or had too short a budget for even the best node as full
        as this one, is a sample only where it waited longer than was expected: were it a failure, a pool that is merely
        overloaded would lose half of its nodes. One that was refused is no sample and no failure: the node is full, or
        not there. All others failed, and cost their budget at least.
        """
        stage = self._stages.get(node.stage) or self._stage(node.stage)
        load = stage.nodes.get(node.name) or self._load(stage, node)
        if not load.in_flight:
            return  # it never began
        crowd = max(1.0, load.in_flight / load.concurrency)
        load.in_flight -= 1
        load.touched_at = now = self._clock()
        if isinstance(ending, Failed) and isinstance(ending.error, NotBegun):
            self._refused(stage, load, now)
            return
        load.moved_at = now
        if isinstance(ending, Done):
            self._answered(load, ending.seconds, crowd, now)
            held = getattr(node, "held", None)
            if held is not None:
                self._heard(stage, load, max(0, held - load.in_flight), now)
        elif isinstance(ending, Skipped):
            self._waited(load, ending.seconds / crowd, now)
        elif isinstance(ending, TimedOut) and ending.budget < 2.0 * stage.lowest * crowd and not load.out:
            self._waited(load, ending.budget / crowd, now)
        else:
            self._failed(stage, load, ending, now)

    # Reading

    def _price(self, stage: StageLoad, loads: Sequence[NodeLoad]) -> None:
        # In one piece, and by hand: it runs for every node at every stage of every query.
        now = self._clock()
        memory, longest, stall = self._smoothing.memory, self._smoothing.longest, self._smoothing.stall
        passed, lowest, out = stage.passed, LEFT_OUT, 0
        for load in loads:
            in_flight = load.in_flight
            if load.standing.until is not None:
                out += 1
                load.cost = WORTH_A_TRY if now >= load.full_until and self._due(stage, load, now) else LEFT_OUT
                continue
            if now < load.full_until:
                load.cost = FULL
                continue
            cost = load.estimate
            if load.samples:
                if cost < lowest:
                    lowest = cost
            elif in_flight:
                cost = stage.lowest
            alone = now - load.touched_at
            if alone > AT_ONCE:
                alone = min(alone, passed - load.passed)
                cost = WORTH_A_TRY if alone > longest and not in_flight else cost * math.exp(-alone / memory)
            if in_flight and cost:
                waited = now - load.moved_at
                if waited > stall * cost:
                    cost = waited / stall
                if in_flight >= load.concurrency:
                    cost *= (in_flight + 1) / load.concurrency
            load.cost = cost
        if lowest < LEFT_OUT:
            stage.lowest = lowest
        if stage.others is not None:
            self._suppose(loads, stage.others, max(NO_TIME, stage.lowest), now)
        if out > self._ejection.most(stage.size):
            self._let_in(stage, loads, out)

    def _suppose(self, loads: Sequence[NodeLoad], usual: float, span: float, now: float) -> None:
        """What others have there: as it was heard, and the longer ago that is, in answers, the more what is usual."""
        for load in loads:
            if load.heard_at is not None:
                others = usual + (load.heard - usual) * math.exp((load.heard_at - now) / span)
            else:  # one that has answered and not said is nobody else's
                others = 0.0 if load.samples else usual
            # To the half: what is left of old news must not prefer the same nodes for ever.
            load.others = round(2.0 * others) / 2.0

    def _due(self, stage: StageLoad, load: NodeLoad, now: float) -> bool:
        """Whether a node that is left out may be tried: its time is over, and nothing older is in flight."""
        standing = load.standing
        over = standing.until is not None and standing.until <= now and stage.passed - load.passed >= standing.seconds
        return over and not load.in_flight

    def _let_in(self, stage: StageLoad, loads: Sequence[NodeLoad], out: int) -> None:
        """Nodes have gone, and too many of those that stay are out: the ones whose time is nearest are let in."""
        waiting = sorted((load for load in loads if load.out), key=lambda load: load.standing.until or 0.0)
        for load in waiting[: out - self._ejection.most(stage.size)]:
            self._readmit(load, self._clock())
        self._price(stage, loads)

    # Learning

    def _refused(self, stage: StageLoad, load: NodeLoad, now: float) -> None:
        """Pass it over until a place may be free, twice as long each time in a row, at most as long as an ejection."""
        if now < load.full_until:
            return  # one of several that were under way together
        free_in = max(SHORTEST_WAIT, (load.estimate or stage.lowest) / load.concurrency)
        load.full_until = now + min(self._ejection.shortest, free_in * 2.0 ** min(load.refusals, 30))
        load.refusals += 1

    def _answered(self, load: NodeLoad, seconds: float, crowd: float, now: float) -> None:
        standing = load.standing
        if standing.until is not None and standing.until <= now - seconds and not load.in_flight:
            self._readmit(load, now)
            load.samples = 0
        standing.failures = load.refusals = 0
        self._sampled(load, seconds / crowd, now)

    def _waited(self, load: NodeLoad, seconds: float, now: float) -> None:
        if seconds > load.estimate:  # else it says nothing: it may have been about to answer
            self._sampled(load, seconds, now)

    def _heard(self, stage: StageLoad, load: NodeLoad, others: int, now: float) -> None:
        load.heard, load.heard_at = others, now
        usual = others if stage.others is None else stage.others
        stage.others = usual + self._smoothing.weight * (others - usual)

    def _failed(self, stage: StageLoad, load: NodeLoad, ending: Ending, now: float) -> None:
        budget = ending.budget if math.isfinite(ending.budget) else self._smoothing.penalty
        stage.passed += self._smoothing.memory
        standing = load.standing
        standing.failures += 1
        self._sampled(load, max(ending.seconds, budget), now)
        if standing.until is None:
            if standing.failures >= self._ejection.failures and self._room(stage):
                self._eject(stage, load, f"{standing.failures} failures in a row", now)
        elif standing.until <= now - ending.seconds:
            self._eject(stage, load, "its trial failed", now)

    def _sampled(self, load: NodeLoad, seconds: float, now: float) -> None:
        seconds = max(NO_TIME, seconds)
        alone = now - load.sampled_at
        load.sampled_at = now
        load.samples += 1
        if alone > PAUSE and seconds < load.estimate / 2.0:
            load.samples = 1  # it has healed: what it was does not count
        weight = max(self._smoothing.weight, 1.0 / load.samples, -math.expm1(-alone / self._smoothing.memory))
        load.estimate += weight * (seconds - load.estimate)

    # Leaving out

    def _room(self, stage: StageLoad) -> bool:
        return sum(load.out for load in stage.nodes.values()) < self._ejection.most(stage.size)

    def _eject(self, stage: StageLoad, load: NodeLoad, reason: str, now: float) -> None:
        seconds = load.standing.eject(self._ejection, now)
        load.passed = stage.passed
        self._observe(NodeEjected(load.stage, load.name, seconds, reason))

    def _readmit(self, load: NodeLoad, now: float) -> None:
        load.standing.readmit(now)
        self._observe(NodeReadmitted(load.stage, load.name))

    # Coming and going

    def _stage(self, name: str) -> StageLoad:
        return self._stages.setdefault(name, StageLoad())

    def _load(self, stage: StageLoad, node: Node) -> NodeLoad:
        return stage.nodes.setdefault(node.name, NodeLoad(node.stage, node.name, node.concurrency))

    def _forget(self, stage: StageLoad, present: Sequence[NodeLoad]) -> None:
        kept = {load.name for load in present}
        gone = [load for load in stage.nodes.values() if load.name not in kept and not load.in_flight]
        for load in sorted(gone, key=lambda load: load.touched_at)[: SPARE // 2]:
            del stage.nodes[load.name]
