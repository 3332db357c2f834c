"""A bounded set of threads of our own, each a place for one piece of blocking work; work nobody waits for is counted.

Not the loop's default executor: its threads are joined when the interpreter exits, so that one that never returns keeps
the process alive; it counts nothing, and it queues behind threads that never come back.
"""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
import time
from collections import OrderedDict
from typing import Any, Callable, Generic, Optional, TypeVar

from runtime.orchestrator.node import NotBegun
from runtime.orchestrator.placement.faults import NodeBusy, NodeRaised

T = TypeVar("T")

LOOK_AGAIN = 0.005  # seconds between two looks at threads that are to end


class Place:
    """One thread and its mailbox. `kept` is what the work keeps there from one call to the next."""

    def __init__(self) -> None:
        self.mailbox: queue.SimpleQueue[Optional[Job[Any]]] = queue.SimpleQueue()
        self.thread: Optional[threading.Thread] = None
        self.kept: Any = None


def nothing(place: Place) -> None:
    """Nothing is to be done."""


def fit(place: Place) -> bool:
    """The place needs no mending."""
    return True


class Job(Generic[T]):
    """One call on its way to a place, and back to the loop that asked for it."""

    def __init__(self, call: Callable[[Place], T], stop: Callable[[Place], None]) -> None:
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[T] = self.loop.create_future()
        self.context = contextvars.copy_context()
        self.call = call
        self.stop = stop
        self.place: Optional[Place] = None
        self.given_up = False

    def work(self, place: Place) -> None:
        """Make the call in the place's thread, and say in the loop what came of it."""
        try:
            result = self.context.run(self.call, place)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it ends one query and not the thread
            self.tell(self._fail, carried(error))
        else:
            self.tell(self._settle, result)

    def refuse(self, error: Exception) -> None:
        """It will not be begun."""
        self.tell(self._fail, error)

    def tell(self, say: Callable[[Any], None], what: object) -> None:
        """Say it in the loop that asked, if that is still there."""
        try:
            self.loop.call_soon_threadsafe(say, what)
        except RuntimeError:
            if not self.loop.is_closed():
                raise

    def _settle(self, result: T) -> None:
        if not self.future.done():
            self.future.set_result(result)

    def _fail(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)


def carried(error: BaseException) -> BaseException:
    """The error as a future may hold it: what ends a loop, a task or a process elsewhere fails one query here.

    A refusal is none any more: it came out of work that was begun.
    """
    if isinstance(error, Exception) and not isinstance(error, (StopIteration, NotBegun)):
        return error
    return NodeRaised(type(error).__name__, str(error))


class Places:
    """At most `size` calls at once, each in a daemon thread; further ones wait in order until a place is free.

    Who gives up returns at once. A call that runs on is a leftover: it keeps its place until it ends, and `counted` is
    told how many there are now, in the loop of the query that gave up. While every place is held by a leftover or is
    being mended, calls are refused at once with NodeBusy. `mend` runs in the place's thread when a call left it unfit,
    `dismiss` when it ends.
    """

    def __init__(
        self,
        name: str,
        size: int,
        *,
        counted: Callable[[int], None] = lambda leftovers: None,
        fit: Callable[[Place], bool] = fit,
        mend: Callable[[Place], None] = nothing,
        dismiss: Callable[[Place], None] = nothing,
    ) -> None:
        self.name = name
        self.size = size
        self.leftovers = 0
        self._counted, self._fit, self._mend, self._dismiss = counted, fit, mend, dismiss
        self._lock = threading.Lock()
        self._begun: list[Place] = []
        self._idle: list[Place] = []
        self._held = 0
        self._waiting: OrderedDict[Job[Any], None] = OrderedDict()
        self._closed = False

    async def call(self, call: Callable[[Place], T], stop: Callable[[Place], None] = nothing) -> T:
        """What `call` returns, made in a thread with the caller's context; `stop` is called when it is given up.

        Raises what the call raises; NodeBusy when no place can become free; NodeRaised for what is no Exception.
        """
        job: Job[T] = Job(call, stop)
        self._submit(job)
        try:
            return await job.future
        except asyncio.CancelledError:
            self._give_up(job)
            raise

    async def close(self, grace: float) -> int:
        """Begin nothing more, wait up to `grace` seconds for what runs; how many places still hold something."""
        with self._lock:
            self._closed = True
            refused = list(self._waiting)
            self._waiting.clear()
            for place in self._idle:
                place.mailbox.put(None)
            self._idle.clear()
        for job in refused:
            job.refuse(self._shut_down())
        until = time.monotonic() + grace
        while self._alive() and time.monotonic() < until:
            await asyncio.sleep(LOOK_AGAIN)
        return len(self._alive())

    def begun(self) -> list[Place]:
        """The places that there are by now."""
        with self._lock:
            return list(self._begun)

    def _alive(self) -> list[Place]:
        return [place for place in self.begun() if place.thread is not None and place.thread.is_alive()]

    def _submit(self, job: Job[Any]) -> None:
        with self._lock:
            if self._closed:
                raise self._shut_down()
            if self._held >= self.size:
                raise self._busy()
            if self._idle:
                self._hand(self._idle.pop(), job)
            elif len(self._begun) < self.size:
                self._hand(self._begin(), job)
            else:
                self._waiting[job] = None

    def _shut_down(self) -> NodeBusy:
        return NodeBusy(f"node '{self.name}' is shut down")

    def _busy(self) -> NodeBusy:
        return NodeBusy(
            f"node '{self.name}': of its {self.size} places, {self.leftovers} are taken by work that was given up and "
            f"has not stopped, {self.size - self.leftovers} are being mended"
        )

    def _begin(self) -> Place:
        place = Place()
        name = f"{self.name}-{len(self._begun) + 1}"
        place.thread = threading.Thread(target=self._serve, args=(place,), name=name, daemon=True)
        try:
            place.thread.start()
        except RuntimeError as error:
            raise NodeBusy(f"node '{self.name}': the system gives no more threads ({error})") from None
        self._begun.append(place)
        return place

    def _hand(self, place: Place, job: Job[Any]) -> None:
        job.place = place
        place.mailbox.put(job)

    def _serve(self, place: Place) -> None:
        while True:
            job = place.mailbox.get()
            if job is None:
                break
            job.work(place)
            self._ended(place, job)
            del job  # what it returned is not kept until the next one comes
        self._dismiss(place)

    def _ended(self, place: Place, job: Job[Any]) -> None:
        unfit = not self._closed and not self._fit(place)
        with self._lock:
            job.place = None
            self._held += unfit - job.given_up
            if job.given_up:
                self.leftovers -= 1
                job.tell(self._counted, self.leftovers)
            hopeless = self._hopeless()
        self._refuse(hopeless)
        if unfit:
            self._mend(place)
        with self._lock:
            self._held -= unfit
            if self._closed:
                place.mailbox.put(None)
            elif self._waiting:
                self._hand(place, self._waiting.popitem(last=False)[0])
            else:
                self._idle.append(place)

    def _give_up(self, job: Job[Any]) -> None:
        with self._lock:
            if job in self._waiting:
                del self._waiting[job]
            place = job.place
            if place is None:
                return
            job.given_up = True
            self.leftovers += 1
            self._held += 1
            hopeless = self._hopeless()
        self._counted(self.leftovers)
        self._refuse(hopeless)
        job.stop(place)

    def _hopeless(self) -> list[Job[Any]]:
        if self._held < self.size:
            return []
        waiting = list(self._waiting)
        self._waiting.clear()
        return waiting

    def _refuse(self, jobs: list[Job[Any]]) -> None:
        for job in jobs:
            job.refuse(self._busy())
