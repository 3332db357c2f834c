"""One query on its way through the stages, each of which may fail, hang, or refuse to stop.

A *walker* is a task that takes the query from stage to stage, and awaits the nodes itself: one task and one timer a
query, not six. When a stage must end before its node lets go, the walker is dismissed (cancelled, and believed no more)
and another one goes on from the next stage; a second attempt is a second walker, and who answers first goes on. A task
that has seen a cancellation takes no further stage, so nothing has to be undone, on any Python.

Not `asyncio.wait_for`: up to 3.11 it loses a cancellation that arrives in the tick in which its task ends
(cpython#86296), and it waits for whoever swallows the cancellation.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import Optional, Union, cast

from runtime.orchestrator.line import Leg, Line
from runtime.orchestrator.node import Node, NotBegun
from runtime.orchestrator.outcome import Answered, Degraded, Outcome, Unanswered
from runtime.orchestrator.query import Query
from runtime.orchestrator.stage import Abandoned, Done, Ending, Failed, Skipped, TimedOut
from runtime.telemetry.events import QueryFinished, StageFinished, StageStarted

_TICK = 1e-4  # seconds; a timer that fires by this much too early has fired
_SHORTEST_WAIT = 0.001  # seconds before a second attempt, whatever the 95th percentile of a stage says


class _Walker:
    """One task of a query, and the attempt that it is at."""

    __slots__ = ("attempt", "began", "budget", "dismissed", "node", "task")

    node: Node
    task: asyncio.Task[None]

    def __init__(self) -> None:
        self.attempt = 1
        self.began = 0.0
        self.budget = 0.0
        self.dismissed = False


class Passage:
    """A query, from its first stage until `waiting` has its outcome. Made and started on the loop that runs it."""

    __slots__ = (
        "_alarm",
        "_alarm_at",
        "_began",
        "_budget",
        "_deadline",
        "_due",
        "_endings",
        "_entered",
        "_expired",
        "_hedge_at",
        "_line",
        "_loop",
        "_over",
        "_place",
        "_query",
        "_refused",
        "_waiting",
        "_walkers",
        "id",
        "traceparent",
    )

    def __init__(self, line: Line, query: Query, budget: float, waiting: asyncio.Future[Outcome]) -> None:
        self._line = line
        self._loop = waiting.get_loop()
        self._waiting: Optional[asyncio.Future[Outcome]] = waiting
        self._query = query
        self.id = query.id
        self.traceparent = query.traceparent
        self._budget = budget
        self._began = line.clock()
        self._deadline = self._began + budget
        self._endings: list[Ending] = []
        self._place = 0
        self._entered = self._began
        self._due = self._hedge_at = self._alarm_at = inf
        self._alarm: Optional[asyncio.TimerHandle] = None
        self._expired = False
        self._over = False
        self._refused: tuple[Node, ...] = ()  # those that did not take the present stage on
        self._walkers: list[_Walker] = []  # those at the present stage that may still answer

    def start(self) -> None:
        """Send a walker on from the present stage."""
        self._due = self._hedge_at = inf
        self._expired = False
        self._loop.create_task(self._walk(_Walker()))

    def leave(self) -> None:
        """Nobody waits for the outcome any more: stop what runs."""
        if self._over:
            return
        self._end()
        stage = None if self._place == len(self._line.legs) else self._line.legs[self._place].name
        if self._walkers:
            self._dismiss("the caller left")
        self._say_finished("failed", stage)

    async def _walk(self, walker: _Walker, second: Optional[Node] = None, place: int = 0) -> None:
        walker.task = cast("asyncio.Task[None]", asyncio.current_task())
        try:
            node = self._next(walker) if second is None else self._again(walker, second, place)
            while node is not None:
                try:
                    given = await node.handle(self._query)
                except BaseException as error:
                    if not isinstance(error, (Exception, asyncio.CancelledError)):
                        raise
                    if walker.dismissed:
                        return self._stopped(walker)
                    trace = error.__traceback__  # less this frame, which would hold the query for as long as the error
                    goes_on = self._failed(walker, error.with_traceback(trace and trace.tb_next))
                    del trace
                else:
                    if walker.dismissed:
                        return self._stopped(walker)
                    goes_on = self._done(walker, given)
                if not goes_on:
                    return None
                node = self._next(walker)
        except BaseException as error:
            if self._break(error, walker):
                raise
        return None

    # Into a stage

    def _next(self, walker: _Walker) -> Optional[Node]:
        line = self._line
        while self._place < len(line.legs) and not self._over:
            leg = line.legs[self._place]
            now = line.clock()
            budget = line.shares.share(self._place, self._deadline - now)
            if budget > 0 and leg.nodes:
                return self._begin(walker, leg, now, budget)
            self._skip(leg, _reason(leg) if budget > 0 else "no time left for it")
        if not self._over:
            self._conclude(None)
        return None

    def _begin(self, walker: _Walker, leg: Leg, now: float, budget: float) -> Node:
        line = self._line
        nodes = leg.nodes
        node = line.selector.choose(nodes)
        line.selector.begun(node)
        walker.node = node
        walker.began = self._entered = now
        walker.budget = budget
        self._walkers.append(walker)
        self._refused = ()
        query = self._query
        self._query = Query(query.text, self.id, query.found, query.answer, budget, self.traceparent)
        self._due = wake = now + budget
        self._hedge_at = inf
        if leg.hedgeable:
            wake = self._plan_hedge(leg, now, wake)
        if wake < self._alarm_at:
            self._set_alarm(wake, now)
        if line.heard:
            line.observe(StageStarted(self.id, leg.name, node.name, line.now_ns()))
        return node

    def _skip(self, leg: Leg, reason: str) -> None:
        ending = Skipped(leg.name, reason)
        self._say(leg, ending, reason)
        self._pass(leg, ending)

    # A further attempt

    def _plan_hedge(self, leg: Leg, now: float, due: float) -> float:
        leg.hedges.earn()
        tail = self._line.shares.times[self._place].tail
        if tail is not None and leg.hedges.left():
            self._hedge_at = now + max(tail, _SHORTEST_WAIT)
        return min(due, self._hedge_at)

    def _hedge(self, leg: Leg, first: Node) -> bool:
        """Send a second walker to another node, if one is as good and it may cost that much."""
        self._hedge_at = inf
        if not (leg.hedgeable and leg.hedges.left()):
            return False
        second = self._line.selector.alternative(leg.nodes, first)
        if second is None:
            return False
        leg.hedges.spend()
        self._send(second, 2)
        return True

    def _elsewhere(self, leg: Leg, refused: _Walker) -> bool:
        """Ask another node, if one is left that has not refused. No hedge: the work is done once, wherever it is."""
        self._refused += (refused.node,)
        if all(node in self._refused for node in leg.nodes):
            return False
        self._hedge_at = inf
        self._send(self._line.selector.choose(leg.nodes, self._refused), refused.attempt + 1)
        return True

    def _send(self, node: Node, attempt: int) -> None:
        walker = _Walker()
        walker.attempt = attempt
        self._loop.create_task(self._walk(walker, node, self._place))

    def _again(self, walker: _Walker, node: Node, place: int) -> Optional[Node]:
        line = self._line
        now = line.clock()
        if self._over or self._expired or self._place != place or now >= self._due:
            return None  # answered, or too late, before this task had its first turn
        line.selector.begun(node)
        walker.node = node
        walker.began = now
        walker.budget = self._due - now
        self._query = self._query._replace(remaining=walker.budget)
        self._walkers.append(walker)
        if line.heard:
            line.observe(StageStarted(self.id, line.legs[place].name, node.name, line.now_ns()))
        return node

    # Out of a stage

    def _done(self, walker: _Walker, given: object) -> bool:
        line = self._line
        if not isinstance(given, Query):
            gave = f"node {walker.node.name!r} gave {type(given).__name__}, and not the Query with its finding"
            return self._failed(walker, TypeError(gave))
        leg = line.legs[self._place]
        now = line.clock()
        ending = Done(leg.name, walker.node.name, now - walker.began, walker.budget, given, walker.attempt)
        self._walkers.remove(walker)
        if self._walkers:
            self._dismiss("another attempt answered first")
        self._query = given
        line.selector.ended(walker.node, ending)
        line.shares.took(self._place, now - self._entered)
        if line.heard:
            self._say(leg, ending)
        self._endings.append(ending)
        self._place += 1
        return self._unless_cancelled(walker)

    def _failed(self, walker: _Walker, error: BaseException) -> bool:
        leg = self._line.legs[self._place]
        seconds = self._line.clock() - walker.began
        ending = Failed(leg.name, walker.node.name, seconds, walker.budget, error, walker.attempt)
        self._walkers.remove(walker)
        self._line.selector.ended(walker.node, ending)
        if self._line.heard:
            self._say(leg, ending, _text(error), type(error).__name__)
        if self._walkers:
            return False  # the other attempt decides
        if isinstance(error, NotBegun) and self._elsewhere(leg, walker):
            return False
        if walker.attempt == 1 and self._hedge(leg, walker.node):
            return False
        self._pass(leg, ending)
        return not self._over and self._unless_cancelled(walker, isinstance(error, asyncio.CancelledError))

    def _unless_cancelled(self, walker: _Walker, cancelled: bool = False) -> bool:
        """A task with a cancellation of the node's own making would hand it on to the next stage."""
        if cancelled or getattr(walker.task, "_must_cancel", False):
            self.start()
            return False
        return True

    def _stopped(self, walker: _Walker) -> None:
        """A dismissed walker came back from its node. What it brings comes too late."""
        if walker not in self._walkers:
            return
        self._walkers.remove(walker)
        leg = self._line.legs[self._place]
        ending = self._too_late(leg, walker, TimedOut)
        if not self._walkers:
            self._pass_late(leg, ending)

    def _abandon(self) -> None:
        leg = self._line.legs[self._place]
        left, self._walkers = self._walkers, []
        for walker in left:
            self._line.orphans.add(walker.node, walker.task)
            ending = self._too_late(leg, walker, Abandoned)
        self._pass_late(leg, ending)

    def _too_late(self, leg: Leg, walker: _Walker, kind: type[Union[TimedOut, Abandoned]]) -> Ending:
        seconds = self._line.clock() - walker.began
        ending = kind(leg.name, walker.node.name, seconds, walker.budget, walker.attempt)
        self._line.selector.ended(walker.node, ending)
        self._say(leg, ending)
        return ending

    def _pass_late(self, leg: Leg, ending: Ending) -> None:
        self._line.shares.cut_short(self._place, self._line.clock() - self._entered)
        self._pass(leg, ending)
        if not self._over:
            self.start()

    def _pass(self, leg: Leg, ending: Ending) -> None:
        self._endings.append(ending)
        self._place += 1
        if leg.critical:
            self._conclude(leg.name)

    def _dismiss(self, reason: str) -> None:
        leg = self._line.legs[self._place]
        left, self._walkers = self._walkers, []
        for walker in left:
            walker.dismissed = True
            walker.task.cancel()
            seconds = self._line.clock() - walker.began
            ending = Skipped(leg.name, reason, walker.budget, seconds, walker.node.name, walker.attempt)
            self._line.selector.ended(walker.node, ending)
            self._say(leg, ending, reason)
            self._loop.call_later(self._line.grace, self._look_after, walker)

    def _look_after(self, walker: _Walker) -> None:
        if not walker.task.done():
            self._line.orphans.add(walker.node, walker.task)

    # The clock

    def _set_alarm(self, at: float, now: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = at
        self._alarm = self._loop.call_later(at - now, self._ring)

    def _ring(self) -> None:
        self._alarm, self._alarm_at = None, inf
        try:
            self._look()
        except BaseException as error:
            if self._break(error):
                raise

    def _look(self) -> None:
        now = self._line.clock()
        if self._expired:
            self._abandon()
        elif now >= self._due - _TICK:
            self._expire(now)
        else:
            if now >= self._hedge_at - _TICK:
                self._hedge(self._line.legs[self._place], self._walkers[0].node)
            wake = min(self._due, self._hedge_at)
            # Later than that of an eager second walker, or endless: then whoever goes on sets its own.
            if wake < self._alarm_at and not self._over:
                self._set_alarm(wake, now)

    def _expire(self, now: float) -> None:
        self._expired = True
        for walker in self._walkers:
            walker.dismissed = True
            walker.task.cancel()
        if self._walkers:
            self._set_alarm(now + self._line.grace, now)
            return
        leg = self._line.legs[self._place]  # the first attempt failed, and the second has not had its first turn
        ending = TimedOut(leg.name, "", now - self._entered, self._due - self._entered)
        self._say(leg, ending)
        self._pass_late(leg, ending)

    # The end

    def _conclude(self, failed: Optional[str]) -> None:
        self._end()
        for leg in self._line.legs[self._place :]:
            ending = Skipped(leg.name, f"stage {failed!r} is critical and was not done")
            self._endings.append(ending)
            self._say(leg, ending, ending.reason)
        outcome = self._outcome(failed)
        self._say_finished(outcome.name, failed)
        # An error among the endings knows the frames that it went through, from 3.12 on those of this query, too.
        self._endings = []
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(outcome)

    def _outcome(self, failed: Optional[str]) -> Outcome:
        seconds = self._line.clock() - self._began
        endings = tuple(self._endings)
        if failed is not None:
            return Unanswered(self._query, endings, seconds, self._budget, failed)
        missing = tuple([ending.stage for ending in endings if type(ending) is not Done])
        if missing:
            return Degraded(self._query, endings, seconds, self._budget, missing)
        return Answered(self._query, endings, seconds, self._budget)

    def _end(self) -> None:
        self._over = True
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _break(self, error: BaseException, walker: Optional[_Walker] = None) -> bool:
        """Something that is no node's doing: an observer or the selector raised, or the process is to end.

        Whoever waits for the outcome gets it. True where it must go on from here, too.
        """
        self._end()
        for other in self._walkers:
            other.dismissed = True
            if other is not walker:
                other.task.cancel()
        self._walkers.clear()
        waiting, self._waiting = self._waiting, None
        if isinstance(error, GeneratorExit) or waiting is None or waiting.done():
            return True
        waiting.set_exception(error)
        if isinstance(error, Exception):
            return False
        waiting.exception()  # it is seen: it ends the loop
        if walker is not None:
            walker.task.add_done_callback(_seen)
        return True

    def _say(self, leg: Leg, ending: Ending, detail: Optional[str] = None, error: Optional[str] = None) -> None:
        line = self._line
        if line.heard:
            line.observe(
                StageFinished(
                    self.id,
                    leg.name,
                    ending.node,
                    ending.name,
                    line.now_ns(),
                    ending.seconds,
                    ending.budget,
                    leg.critical,
                    error,
                    detail,
                    ending.attempt,
                    ending.attempt > 1 + len(self._refused),
                )
            )

    def _say_finished(self, outcome: str, stage: Optional[str]) -> None:
        line = self._line
        if line.heard:
            seconds = line.clock() - self._began
            line.observe(QueryFinished(self.id, outcome, line.now_ns(), seconds, self._budget, stage))


def _reason(leg: Leg) -> str:
    return "each of its nodes is held by work that did not stop" if leg.all_nodes else "no node serves it"


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as worse:  # noqa: BLE001 - a node's own code, and no reason to fail the query
        return f"its text cannot be had: {type(worse).__name__}"


def _seen(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.exception()
