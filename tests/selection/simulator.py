"""Routers and nodes in virtual time: how long queries take and what goes wrong, under a policy and a fault.

A node takes four queries at once and queues the rest, first come first served. The work of a query is drawn once,
before any policy sees it (lognormal, mean 10 ms), so that policies are compared on the same queries. A query that
failed, or is not done within its budget of 250 ms, counts as 250 ms: its user has nothing.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Iterator, Sequence
from random import Random
from typing import Callable, NamedTuple, Optional

from runtime.orchestrator.choosing import Selector
from runtime.orchestrator.node import Node
from runtime.orchestrator.query import Query
from runtime.orchestrator.stage import Done, Ending, Failed, Skipped, TimedOut

MEAN = 0.010
SIGMA = 0.46
BUDGET = 0.250
CONCURRENCY = 4
HANGS = float("inf")
QUERY = Query("?", "simulated")
ERROR = ValueError("simulated")


class Behaviour(NamedTuple):
    """How a node is doing: how many times longer than normal it takes, and the share of queries that fail at once."""

    slowness: float = 1.0
    errors: float = 0.0


HEALTHY = Behaviour()
Fault = Callable[[float], Behaviour]


def healthy(now: float) -> Behaviour:
    return HEALTHY


def slow(times: float, until: float = math.inf) -> Fault:
    """So many times slower, until it heals."""
    return lambda now: Behaviour(times) if now < until else HEALTHY


def flapping(times: float, period: float) -> Fault:
    """Healthy and so many times slower, by turns."""
    return lambda now: Behaviour(times) if int(now / period) % 2 else HEALTHY


def failing(share: float, until: float = math.inf) -> Fault:
    """This share of its queries fails within a millisecond, until it heals."""
    return lambda now: Behaviour(errors=share) if now < until else HEALTHY


def hanging(until: float = math.inf) -> Fault:
    """Nothing that it begins ever ends, until it heals."""
    return slow(HANGS, until)


SCENARIOS: dict[str, Fault] = {
    "healthy": healthy,
    "slow x10": slow(10.0),
    "flap 20x/2 s": flapping(20.0, 2.0),
    "fail-fast": failing(1.0),
    "50 % errors": failing(0.5),
    "hang": hanging(),
}


class Attempt:
    """One query on one node."""

    __slots__ = ("arrival", "began_at", "coin", "node", "over", "router", "twin", "work")

    def __init__(self, arrival: float, began_at: float, work: float, coin: float, router: int) -> None:
        self.arrival = arrival
        self.began_at = began_at
        self.work = work
        self.coin = coin
        self.router = router
        self.over = False
        self.twin: Optional[Attempt] = None
        self.node: SimulatedNode


class SimulatedNode:
    """A node with a queue; `fault` and `waiting` are what an oracle may look at.

    With each answer it says how many it holds, unless it is `silent`.
    """

    stage = "thought"

    def __init__(
        self,
        name: str,
        fault: Fault = healthy,
        concurrency: int = CONCURRENCY,
        says: int = 0,
        silent: bool = False,
    ) -> None:
        self.name = name
        self.silent = silent
        self.held: Optional[int] = None
        self.fault = fault
        self.servers = concurrency
        self.concurrency = says or concurrency
        self.queue: deque[Attempt] = deque()
        self.busy = 0
        self.picks = 0

    async def handle(self, query: Query) -> Query:
        raise AssertionError("a simulated node is not asked")

    @property
    def waiting(self) -> int:
        """How many are there, in service or before it."""
        return self.busy + sum(not attempt.over for attempt in self.queue)


class Result(NamedTuple):
    """What a run came to: the latency of each query in seconds, how many failed, and how often each node was picked.

    `log` says when which node was picked first.
    """

    latencies: list[float]
    failed: int
    picks: dict[str, int]
    hedges: int
    log: list[tuple[float, str]]

    def quantile(self, share: float) -> float:
        """The latency in seconds that this share of the queries keeps below."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    @property
    def errors(self) -> float:
        """The share of queries that failed or ran out of time."""
        return self.failed / len(self.latencies)

    def share(self, name: str) -> float:
        """The share of picks that went to a node."""
        return self.picks[name] / max(1, sum(self.picks.values()))


class Simulation:
    """Runs queries through routers that know nothing of each other. `clock` is what their selectors are given."""

    def __init__(self, nodes: Sequence[SimulatedNode], seed: int) -> None:
        self.nodes = {node.name: node for node in nodes}
        self.now = 0.0
        self._offered = tuple(nodes)
        self._random = Random(seed)
        self._seconds = Random(seed + 1)  # hedges must not change which queries follow
        self._routers: Sequence[Selector] = ()
        self._hedge_after = BUDGET
        self._ends: list[tuple[float, int, Attempt]] = []
        self._serial = 0
        # Every query has the same budget and the same moment of its hedge: plain queues keep them in order.
        self._limits: deque[tuple[float, Attempt]] = deque()
        self._hedges: deque[tuple[float, Attempt]] = deque()
        self._latencies: list[float] = []
        self._failed = 0
        self._hedged = 0
        self._log: list[tuple[float, str]] = []

    def clock(self) -> float:
        """Virtual seconds."""
        return self.now

    def run(self, routers: Sequence[Selector], rate: float, queries: int, hedge_after: float = BUDGET) -> Result:
        """So many queries a second, as a Poisson process, each at a router drawn at random."""
        self._routers = routers
        self._hedge_after = hedge_after
        for moment, attempt in self._arrivals(rate, queries):
            self._go_on(moment)
            self._arrive(attempt)
        self._go_on(math.inf)
        picks = {name: node.picks for name, node in self.nodes.items()}
        return Result(self._latencies, self._failed, picks, self._hedged, self._log)

    def _arrivals(self, rate: float, queries: int) -> Iterator[tuple[float, Attempt]]:
        moment = 0.0
        for _ in range(queries):
            moment += self._random.expovariate(rate)
            router = self._random.randrange(len(self._routers))
            yield moment, Attempt(moment, moment, self._work(self._random), self._random.random(), router)

    def _go_on(self, until: float) -> None:
        """All that happens before `until`, in order."""
        while True:
            end = self._ends[0][0] if self._ends else math.inf
            limit = self._limits[0][0] if self._limits else math.inf
            hedge = self._hedges[0][0] if self._hedges else math.inf
            moment = min(end, limit, hedge)
            if moment > until or moment == math.inf:
                break
            self.now = moment
            if end == moment:
                self._end(heapq.heappop(self._ends)[2])
            elif limit == moment:
                self._time_out(self._limits.popleft()[1])
            else:
                self._hedge(self._hedges.popleft()[1])
        self.now = until

    def _arrive(self, attempt: Attempt) -> None:
        node = self._routers[attempt.router].choose(self._offered)
        self._log.append((self.now, node.name))
        self._limits.append((self.now + BUDGET, attempt))
        if self._hedge_after < BUDGET:
            self._hedges.append((self.now + self._hedge_after, attempt))
        self._begin(attempt, node)

    def _hedge(self, first: Attempt) -> None:
        node = None if first.over else self._routers[first.router].alternative(self._offered, first.node)
        if node is not None:
            self._hedged += 1
            work, coin = self._work(self._seconds), self._seconds.random()
            second = Attempt(first.arrival, self.now, work, coin, first.router)
            first.twin, second.twin = second, first
            self._begin(second, node)

    def _work(self, random: Random) -> float:
        return MEAN * random.lognormvariate(-SIGMA * SIGMA / 2.0, SIGMA)

    def _begin(self, attempt: Attempt, chosen: Node) -> None:
        self._routers[attempt.router].begun(chosen)
        node = attempt.node = self.nodes[chosen.name]
        node.picks += 1
        if node.busy < node.servers:
            self._serve(attempt)
        else:
            node.queue.append(attempt)

    def _serve(self, attempt: Attempt) -> None:
        node = attempt.node
        node.busy += 1
        slowness, errors = node.fault(self.now)
        if attempt.coin < errors:
            seconds = 0.001
        else:
            attempt.coin = 1.0
            seconds = attempt.work * slowness
        attempt.work = -1.0  # in service
        if seconds < HANGS:
            self._serial += 1
            heapq.heappush(self._ends, (self.now + seconds, self._serial, attempt))

    def _end(self, attempt: Attempt) -> None:
        if attempt.over:
            return
        seconds = self.now - attempt.began_at
        stage, name = attempt.node.stage, attempt.node.name
        if attempt.coin < 1.0:
            self._leave(attempt, Failed(stage, name, seconds, BUDGET, ERROR))
            if attempt.twin is None or attempt.twin.over:
                self._latencies.append(BUDGET)
                self._failed += 1
            return
        self._leave(attempt, Done(stage, name, seconds, BUDGET, QUERY))
        self._latencies.append(self.now - attempt.arrival)
        self._call_off(attempt.twin)

    def _time_out(self, attempt: Attempt) -> None:
        ran = False
        for each in (attempt, attempt.twin):
            if each is not None and not each.over:
                ran = True
                self._leave(each, TimedOut(each.node.stage, each.node.name, self.now - each.began_at, BUDGET))
        if ran:
            self._latencies.append(BUDGET)
            self._failed += 1

    def _call_off(self, attempt: Optional[Attempt]) -> None:
        if attempt is not None and not attempt.over:
            self._leave(attempt, Skipped(attempt.node.stage, "hedged", BUDGET, self.now - attempt.began_at))

    def _leave(self, attempt: Attempt, ending: Ending) -> None:
        attempt.over = True
        node = attempt.node
        if attempt.work < 0.0:
            node.busy -= 1
            while node.queue and node.busy < node.servers:
                following = node.queue.popleft()
                if not following.over:
                    self._serve(following)
        if not node.silent:
            node.held = node.waiting
        self._routers[attempt.router].ended(node, ending)
