"""A node that workers behind NATS serve: it looks like any other, and says at once when nobody is there."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from math import inf
from typing import Optional

from nats.aio.msg import Msg

from runtime.orchestrator.placement import nats_wire as wire
from runtime.orchestrator.placement.faults import (
    NodeBusy,
    NodeLost,
    NodeRaised,
    NodeUnreachable,
    NotPortable,
    OutOfTime,
)
from runtime.orchestrator.placement.nats_alarm import Alarm
from runtime.orchestrator.placement.nats_connection import Connection
from runtime.orchestrator.placement.spans import SpanOf, back, below, no_span
from runtime.orchestrator.query import Query

ATTEMPTS = 3
SILENCE = (0.05, 1.0)  # seconds: a worker that said nothing for a quarter of the remaining time, within these, is lost
BEATS = 3  # how often it would have said that it is at work in that time
COMPANY = 16  # lone questions in a row after which the next one is taken to be alone, too
SECOND_LOOK = 0.01  # seconds; after the loop was held up, what came meanwhile is read before anybody is called lost


class Waiting:
    """An answer that is waited for: until when, and when its worker was last heard of (both in the loop's time)."""

    __slots__ = ("_loop", "_suspected", "deadline", "future", "heard", "silence")

    def __init__(self, loop: asyncio.AbstractEventLoop, remaining: float, silence: float) -> None:
        self._loop = loop
        self._suspected = False
        self.future: asyncio.Future[Msg] = loop.create_future()
        self.heard = loop.time()
        self.deadline = self.heard + remaining
        self.silence = silence

    @property
    def due(self) -> float:
        """When it is to be looked at, if nothing is heard until then."""
        return min(self.deadline, self.heard + self.silence)

    def told(self, message: Msg) -> None:
        """A message of the worker: an answer, or that it is still at work."""
        if message.headers is not None and message.headers.get(wire.ENDING) == wire.WORKING:
            self.heard = self._loop.time()
            self._suspected = False
        elif not self.future.done():
            self.future.set_result(message)

    def fail(self, error: Exception) -> None:
        """No answer will come."""
        if not self.future.done():
            self.future.set_exception(error)

    def look(self, now: float) -> float:
        """Give up if it is time to; when to look again."""
        if now >= self.deadline:
            self.fail(OutOfTime("no answer within the time that the query had left"))
        elif now < self.heard + self.silence:
            return self.due
        elif not self._suspected:
            self._suspected = True
            return min(self.deadline, now + SECOND_LOOK)
        else:
            self.fail(NodeLost(f"its worker has said nothing for {now - self.heard:.3f} s"))
        return inf


class Asker:
    """Asks workers over one connection, for any number of nodes. It belongs to the loop that it is started in.

    What the workers do stands below the spans that `span_of` names.
    """

    def __init__(self, url: str, *, prefix: str = wire.PREFIX, name: str = "lukhas", span_of: SpanOf = no_span) -> None:
        self.span_of = span_of
        self.prefix = wire.checked_prefix(prefix)
        self._cancel_subject = wire.cancel_subject(prefix)
        self._connection = Connection(url, name, lost=self._lost)
        self._inbox = self._connection.inbox()
        self._connection.listen(f"{self._inbox}.*", self._told)
        self._tokens = itertools.count()
        self._in_company = 0
        self._waiting: dict[str, Waiting] = {}
        self._alarm = Alarm(self._look)
        self._said: set[asyncio.Future[None]] = set()

    async def start(self, patience: float = 2.0) -> bool:
        """Whether the server is reached within `patience` seconds; if not, it is tried on, and queries fail at once."""
        return await self._connection.open(patience)

    async def close(self) -> None:
        """What is waited for fails with NodeLost."""
        self._lost()
        self._alarm.stop()
        await self._connection.close()

    async def ask(self, subject: str, query: Query) -> tuple[Query, Optional[int]]:
        """What a worker answers, and how many it holds besides.

        Raises NodeUnreachable, NodeBusy, NodeLost, NodeRaised, NotPortable or OutOfTime.
        """
        if query.remaining <= 0:
            raise OutOfTime(f"query {query.id} has no time left")
        silence = silence_of(query.remaining)
        headers, body = wire.question(query, silence / BEATS)
        reply = f"{self._inbox}.{next(self._tokens)}"
        alone = self._alone()
        waiting = self._waiting[reply] = Waiting(asyncio.get_running_loop(), query.remaining, silence)
        self._alarm.by(waiting.due)
        try:
            await self._connection.publish(subject, body, headers, reply, alone)
            message = await waiting.future
        except (asyncio.CancelledError, NodeLost):
            self._cancel(reply)
            raise
        finally:
            del self._waiting[reply]
        return answer_of(message, query, subject)

    def _alone(self) -> bool:
        """Whether a question that is asked now is likely to be the only one in this turn of the loop."""
        if self._waiting:
            self._in_company = COMPANY
        elif self._in_company:
            self._in_company -= 1
        return not self._in_company

    def _told(self, message: Msg) -> None:
        waiting = self._waiting.get(message.subject)
        if waiting is not None:
            waiting.told(message)

    def _look(self, now: float) -> float:
        return min([waiting.look(now) for waiting in self._waiting.values()], default=inf)

    def _lost(self) -> None:
        for waiting in self._waiting.values():
            waiting.fail(NodeLost(f"the connection to {self._connection.place} broke while a worker was asked"))

    def _cancel(self, reply: str) -> None:
        if self._connection.up:
            saying = asyncio.ensure_future(self._say_cancel(reply))
            self._said.add(saying)
            saying.add_done_callback(self._said.discard)

    async def _say_cancel(self, reply: str) -> None:
        try:
            await self._connection.publish(self._cancel_subject, reply.encode())
        except NodeUnreachable:
            return  # the worker gives up by itself when the time is over


class RemoteNode:
    """Looks like an async node; `handle` asks whichever worker of its queue group the server picks.

    A worker that refused (it is full, or being drained) has begun nothing: another is asked. One that died or fell
    silent may have: another is asked only when the node is `repeatable`, and NodeLost is raised otherwise.

    `held` is what the worker that answered last said of how many queries it has besides, whoever asked them.
    """

    def __init__(self, asker: Asker, name: str, stage: str, concurrency: int, *, repeatable: bool = False) -> None:
        self.name, self.stage, self.concurrency = name, stage, concurrency
        self.held: Optional[int] = None
        self._asker = asker
        self._repeatable = repeatable
        self._subject = wire.subject_of(asker.prefix, stage, name)

    async def handle(self, query: Query) -> Query:
        """What a worker answers, within `query.remaining`.

        Raises NodeUnreachable at once when no worker is there or no server; NodeBusy, NodeLost, OutOfTime; NodeRaised
        with what the node raised; NotPortable for what cannot travel.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + query.remaining
        asked = below(self._asker.span_of, query, self.stage, self.name)
        begun = False
        for others in reversed(range(ATTEMPTS)):
            try:
                answer, self.held = await self._asker.ask(self._subject, asked)
                return back(answer, query)
            except (NodeBusy, NodeUnreachable) as refusal:
                final = not others or isinstance(refusal, NodeUnreachable)
                if final and begun:  # this one refused, but that nothing was begun would not be true
                    raise NodeLost(f"a worker was lost, and no other takes over: {refusal}") from refusal
                if final:
                    raise
            except NodeLost:
                if not (others and self._repeatable):
                    raise
                begun = True
            asked = asked._replace(remaining=deadline - loop.time())
        raise AssertionError("the last attempt returns or raises")


def silence_of(remaining: float) -> float:
    """How long a worker may say nothing, in seconds: so that what is left is enough to ask another one."""
    least, most = SILENCE
    return min(most, max(least, remaining / 4))


def answer_of(message: Msg, query: Query, subject: str) -> tuple[Query, Optional[int]]:
    """What the message answers to the query, with what its worker holds, or the error that it says."""
    headers = message.headers
    if headers is not None and headers.get(wire.ENDING) != wire.DONE:
        raise fault_of(headers, message.data.decode(errors="replace"), subject)
    try:
        return wire.opened(message.data, query)
    except NotPortable as error:
        raise NotPortable(f"the answer on {subject} is none: {error}") from error


def fault_of(headers: Mapping[str, str], text: str, subject: str) -> Exception:
    """The error that an answer says."""
    ending = headers.get(wire.ENDING)
    if ending == wire.FAILED:
        return NodeRaised(headers.get(wire.ERROR, "Exception"), text)
    if ending == wire.GAVE_UP:
        return OutOfTime(text)
    if ending == wire.BUSY:
        return NodeBusy(text)
    if ending == wire.NOT_UNDERSTOOD:
        return NotPortable(f"the worker on {subject} did not understand: {text}")
    if headers.get("Status") == "503":
        return NodeUnreachable(f"no worker serves {subject}")
    return NotPortable(f"the answer on {subject} is none: {wire.ENDING} is {ending!r}, the body begins {text[:60]!r}")
