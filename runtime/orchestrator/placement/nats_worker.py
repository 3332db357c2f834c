"""A worker: serves nodes to whoever asks over NATS, within the time that each question has left."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from functools import partial
from math import inf
from typing import Callable, Optional

from nats.aio.msg import Msg

from runtime.errors import ConfigurationFault
from runtime.orchestrator.node import Node
from runtime.orchestrator.placement import nats_wire as wire
from runtime.orchestrator.placement.faults import NodeUnreachable, NotPortable
from runtime.orchestrator.placement.nats_alarm import Alarm
from runtime.orchestrator.placement.nats_connection import Connection
from runtime.orchestrator.query import Query
from runtime.telemetry.events import Observer, OrphansCounted, ignore

LONGEST = 30.0  # seconds for a question that does not say how much time it has
STOPS_WITHIN = 0.05  # seconds; a node that runs on so long after it was cancelled is a leftover

_log = logging.getLogger(__name__)


async def serve_nodes(
    nodes: Sequence[Node],
    url: str,
    *,
    stop: asyncio.Event,
    prefix: str = wire.PREFIX,
    ready: Callable[[], None] = lambda: None,
    patience: float = 10.0,
    longest: float = LONGEST,
    grace: float = 5.0,
    observe: Observer = ignore,
) -> None:
    """Serve until `stop` is set, then drain: refuse what is new, and let what was begun end for `grace` seconds.

    A node takes `concurrency` questions at once; as many more wait, and further ones are refused. Raises
    ConfigurationFault, or NodeUnreachable when no server is there for `patience` seconds; a server that goes away later
    is waited for. `longest` bounds, in seconds, what a question may take that does not say so.
    """
    connection = Connection(url, "lukhas-worker")
    worker = Worker(connection, nodes, prefix=prefix, longest=longest, observe=observe)
    try:
        if not await connection.open(patience):
            raise NodeUnreachable(f"no NATS server answers at {connection.place}")
        await connection.flush(patience)  # the server knows what is served here before anybody is told to ask
        ready()
        await stop.wait()
        await worker.drain(grace)
    finally:
        await connection.close()


class Served:
    """One node of the worker: what runs on it, and what waits."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.running: set[Question] = set()
        self.waiting: deque[Question] = deque()
        self.leftovers = 0

    @property
    def held(self) -> int:
        """How many questions are here, whoever asked them."""
        return len(self.running) + len(self.waiting)

    def full(self) -> bool:
        """Whether a further question has to go elsewhere."""
        return self.leftovers >= self.node.concurrency or len(self.waiting) >= self.node.concurrency


class Worker:
    """Takes questions from its connection, and answers them."""

    def __init__(
        self, connection: Connection, nodes: Sequence[Node], *, prefix: str, longest: float, observe: Observer
    ) -> None:
        self.longest = longest
        self._connection, self._observe = connection, observe
        self._served: dict[str, Served] = {}
        self._asked: dict[str, Question] = {}
        self._saying: set[asyncio.Future[None]] = set()
        self._alarm = Alarm(self._look)
        self._draining = False
        for node in nodes:
            subject = wire.subject_of(prefix, node.stage, node.name)
            if subject in self._served:
                raise ConfigurationFault(f"two nodes would be served on {subject}; give one another name")
            served = self._served[subject] = Served(node)
            connection.listen(subject, partial(self._told, served), queue=f"{node.stage}.{node.name}")
        connection.listen(wire.cancel_subject(prefix), self._told_to_cancel)

    async def drain(self, grace: float) -> None:
        """Refuse what is new and what waits; what was begun may end within `grace` seconds, and is cancelled then."""
        self._draining = True
        await self._connection.deafen(1.0)
        for served in self._served.values():
            while served.waiting:
                served.waiting.popleft().refuse("it is being shut down")
        await self._ended(grace)
        for question in list(self._asked.values()):
            question.give_up("the worker is shut down")
        await self._ended(STOPS_WITHIN)
        await self._connection.flush(1.0)

    async def _ended(self, within: float) -> None:
        tasks = {question.task for served in self._served.values() for question in served.running if question.task}
        if tasks or self._saying:
            await asyncio.wait(tasks | self._saying, timeout=within)

    def _told(self, served: Served, message: Msg) -> None:
        if not message.reply:
            _log.warning("a question on %s that names nobody to answer is left", message.subject)
            return
        if self._draining or served.full():
            why = "is being shut down" if self._draining else f"has all its {served.node.concurrency} places taken"
            self.say(message.reply, wire.BUSY, f"the worker of node '{served.node.name}' {why}")
            return
        try:
            query, beat = wire.asked(message.headers, message.data)
        except NotPortable as error:
            self.say(message.reply, wire.NOT_UNDERSTOOD, str(error))
            return
        question = self._asked[message.reply] = Question(self, served, message.reply, query, beat)
        self._alarm.by(question.due)
        if len(served.running) < served.node.concurrency:
            served.running.add(question)
            question.begin()
        else:
            served.waiting.append(question)

    def _told_to_cancel(self, message: Msg) -> None:
        question = self._asked.get(message.data.decode(errors="replace"))
        if question is not None:
            question.cancel()

    def _look(self, now: float) -> float:
        return min([question.look(now) for question in list(self._asked.values())], default=inf)

    def over(self, question: Question) -> None:
        """The question is answered, or not waited for any more; it may still run."""
        self._asked.pop(question.reply, None)
        if question.task is None and question in question.served.waiting:
            question.served.waiting.remove(question)

    def ended(self, question: Question) -> None:
        """Nothing of the question runs any more."""
        served = question.served
        served.running.discard(question)
        while served.waiting and len(served.running) < served.node.concurrency and not self._draining:
            waited = served.waiting.popleft()
            served.running.add(waited)
            waited.begin(waited=True)

    def count(self, served: Served, more: int) -> None:
        """A leftover more, or one less."""
        served.leftovers += more
        self._observe(OrphansCounted(served.node.stage, served.node.name, served.leftovers))
        while served.waiting and served.leftovers >= served.node.concurrency:
            served.waiting.popleft().refuse("its places are taken by work that was given up and has not stopped")

    def say(self, reply: str, ending: str, text: str = "", kind: Optional[str] = None) -> None:
        """Say how a question ended, without waiting for it to be sent."""
        headers = {wire.ENDING: ending} if kind is None else {wire.ENDING: ending, wire.ERROR: kind}
        saying = asyncio.ensure_future(self.tell(reply, headers, text.encode(errors="replace")[:10_000]))
        self._saying.add(saying)
        saying.add_done_callback(self._saying.discard)

    async def tell(self, reply: str, headers: Optional[dict[str, str]], body: bytes) -> None:
        """Send an answer; without a connection nobody would hear it. Raises NotPortable when it is too large."""
        try:
            await self._connection.publish(reply, body, headers, alone=len(self._asked) < 2)
        except NodeUnreachable as error:
            _log.warning("an answer is lost: %s", error)


class Question:
    """One question: its time, the beats that say it is being worked on, and its end.

    `due` is when it is to be looked at, in the loop's time.
    """

    __slots__ = (
        "_beat",
        "_deadline",
        "_leftover",
        "_loop",
        "_over",
        "_query",
        "_worker",
        "due",
        "reply",
        "served",
        "task",
    )

    def __init__(self, worker: Worker, served: Served, reply: str, query: Query, beat: Optional[float]) -> None:
        self.served, self.reply = served, reply
        self.task: Optional[asyncio.Task[None]] = None
        self._worker, self._query, self._beat = worker, query, beat
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._deadline = now + min(query.remaining, worker.longest)
        self._over = self._leftover = False
        self.due = self._next_look(now)

    def begin(self, waited: bool = False) -> None:
        """Let the node work on it."""
        if waited or self._query.remaining > self._worker.longest:
            self._query = self._query._replace(remaining=self._deadline - self._loop.time())
        self.task = self._loop.create_task(self._answer())
        self.task.add_done_callback(self._ended)

    def refuse(self, why: str) -> None:
        """It will not be begun here."""
        if self._end():
            self._worker.say(self.reply, wire.BUSY, f"the worker of node '{self.served.node.name}': {why}")

    def give_up(self, why: str) -> None:
        """Say that no answer will come, and stop the node."""
        if self._end():
            self._worker.say(self.reply, wire.GAVE_UP, f"node '{self.served.node.name}': {why}")
            self._stop()

    def cancel(self) -> None:
        """Nobody waits for it any more: say nothing, and stop the node."""
        if self._end():
            self._stop()

    def look(self, now: float) -> float:
        """Give up, or say that it is being worked on, if it is time to; when to look again."""
        if now >= self._deadline:
            self.give_up("the time that the query had left is over")
            return inf
        if now >= self.due:
            self._worker.say(self.reply, wire.WORKING)
            self.due = self._next_look(now)
        return self.due

    def _next_look(self, now: float) -> float:
        return self._deadline if self._beat is None else min(self._deadline, now + max(self._beat, 0.005))

    def _end(self) -> bool:
        ended_now, self._over = not self._over, True
        if ended_now:
            self._worker.over(self)
        return ended_now

    def _stop(self) -> None:
        if self.task is not None and not self.task.done():
            self.task.cancel()
            self._loop.call_later(STOPS_WITHIN, self._count)

    def _count(self) -> None:
        if self.task is not None and not self.task.done():
            self._leftover = True
            self._worker.count(self.served, +1)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if self._leftover:
            self._worker.count(self.served, -1)
        self._worker.ended(self)
        if task.cancelled():
            if self._end():  # the node raised it itself: nobody here cancelled
                self._worker.say(self.reply, wire.FAILED, "", "CancelledError")
        elif task.exception() is not None:
            _log.error("an answer on %s could not be given", self.reply, exc_info=task.exception())

    async def _answer(self) -> None:
        try:
            answer = await self.served.node.handle(self._query)
            if not isinstance(answer, Query):
                raise NotPortable(f"node '{self.served.node.name}' gave back {answer!r:.80}; it gives back the Query")
            body = wire.body(answer, self._query.found, self.served.held - 1)
            if not self._over:
                await self._worker.tell(self.reply, None, body)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the node raises is said to who asked
            if self._end():
                self._worker.say(self.reply, wire.FAILED, str(error), type(error).__name__)
        else:
            self._end()
