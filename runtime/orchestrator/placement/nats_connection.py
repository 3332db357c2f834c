"""One connection to NATS, kept up: it says at once whether it is there, and when it is lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any, Callable, NamedTuple, Optional
from urllib.parse import urlsplit

import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from runtime.errors import ConfigurationFault
from runtime.orchestrator.placement.faults import NodeUnreachable, NotPortable
from runtime.orchestrator.placement.nats_client import DirectClient
from runtime.orchestrator.placement.nats_wire import HEADERS_AT_MOST

BETWEEN_ATTEMPTS = 0.25  # seconds between two attempts to reach the server
BACKLOG = 1 << 20  # bytes that may wait for the socket; beyond twice that publishing would wait, deaf to cancellation

_log = logging.getLogger(__name__)

Told = Callable[[Msg], None]


class Ear(asyncio.Future[Msg]):
    """Stands for the future of a subscription, and is told every message in the moment in which it is read.

    A callback of nats-py would be told later: by a task of its own, out of a queue. That costs every hop two turns of
    the loop. What is told here must not wait, and what it raises must not reach the task that reads.
    """

    def __init__(self, told: Told) -> None:
        super().__init__()
        self._told = told

    def set_result(self, message: Msg) -> None:
        """A message has come."""
        try:
            self._told(message)
        except Exception:  # noqa: BLE001 - whatever it is, it is the failure of one message
            _log.exception("a message on %s could not be taken", message.subject)


class Wanted(NamedTuple):
    """A subject that is listened to, on every new connection again."""

    subject: str
    queue: str
    told: Told


class Connection:
    """A connection that is made again for ever. `lost` is called each time that it breaks."""

    def __init__(self, url: str, name: str, *, lost: Callable[[], None] = lambda: None) -> None:
        self.place = shown(url)
        self._url, self._name, self._lost = url, name, lost
        self._client = DirectClient()
        self._wanted: list[Wanted] = []
        self._heard: list[Subscription] = []
        self._kept: Optional[asyncio.Task[None]] = None
        self._first: Optional[asyncio.Future[None]] = None
        self._reason = "not connected yet"
        self._closed = False

    @property
    def up(self) -> bool:
        """Whether a message published now goes out now."""
        return self._client.is_connected

    def listen(self, subject: str, told: Told, queue: str = "") -> None:
        """Hear what is said on a subject, from `open` on; `told` is called by whoever reads, and does not wait."""
        self._wanted.append(Wanted(subject, queue, told))

    async def open(self, patience: float) -> bool:
        """Begin to connect; whether it is up within `patience` seconds. If not, it is tried on in the background."""
        self._first = asyncio.get_running_loop().create_future()
        self._kept = asyncio.ensure_future(self._keep(self._first))
        done, _ = await asyncio.wait({self._first, self._kept}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        if self._kept in done:
            self._kept.result()
        return self.up

    async def publish(
        self,
        subject: str,
        body: bytes,
        headers: Optional[dict[str, str]] = None,
        reply: str = "",
        alone: bool = False,
    ) -> None:
        """Say it now, or raise NodeUnreachable: nothing is kept for a later connection. NotPortable when too large.

        What is said `alone` goes out at once; else with what else is said in this turn of the loop, at its end.
        """
        client = self._client
        if not client.is_connected:
            raise NodeUnreachable(f"no connection to {self.place} ({self._reason})")
        if len(body) + HEADERS_AT_MOST > client.max_payload:
            raise NotPortable(
                f"{len(body):,} bytes are more than a message may have on {self.place} ({client.max_payload:,}, with "
                f"{HEADERS_AT_MOST:,} for the headers); let nodes find less, or raise max_payload of the server"
            )
        if client.pending_data_size and client.pending_data_size + len(body) > BACKLOG:
            raise NodeUnreachable(f"{client.pending_data_size:,} bytes wait to be sent to {self.place}")
        if alone and client.say(subject, body, headers, reply):
            return
        try:
            await client.publish(subject, body, reply=reply, headers=headers)
        except nats.errors.Error as error:
            raise NodeUnreachable(f"nothing can be sent to {self.place}: {error}") from error

    def inbox(self) -> str:
        """A subject of our own for replies."""
        return self._client.new_inbox()

    async def deafen(self, patience: float) -> None:
        """Listen to nothing more; what the server has sent until then is still heard."""
        self._wanted.clear()
        heard, self._heard = self._heard, []
        await asyncio.gather(*[settled(_drained(subscription), patience) for subscription in heard])

    async def flush(self, patience: float) -> None:
        """What was said has reached the server, or the time is over, or the connection is gone."""
        await settled(self._twice(), patience)

    async def close(self) -> None:
        """The connection is closed, at the latest after two seconds."""
        self._closed = True
        if self._kept is not None:
            self._kept.cancel()
            await asyncio.wait({self._kept}, timeout=1.0)
        if self._first is not None and self._first.done():
            await settled(self._client.close(), 0.5)

    async def _twice(self) -> None:
        # nats-py writes its ping at once and what was said before it a moment later; that is out when the pong is here.
        await self._client.flush()
        await self._client.flush()

    async def _keep(self, first: asyncio.Future[None]) -> None:
        # The client connects again by itself, except after an error that the server names (a slow consumer, a message
        # too large): then it closes for good, and a new one has to take its place.
        while not self._closed:
            ended = await self._connected_anew()
            if not first.done():
                first.set_result(None)
            await ended.wait()
            self._lost()
            await asyncio.sleep(BETWEEN_ATTEMPTS)

    async def _connected_anew(self) -> asyncio.Event:
        ended = asyncio.Event()

        async def closed() -> None:
            ended.set()

        client = DirectClient()
        try:
            await client.connect(
                self._url,
                name=self._name,
                max_reconnect_attempts=-1,
                reconnect_time_wait=BETWEEN_ATTEMPTS,  # type: ignore[arg-type]  # it only sleeps so long
                connect_timeout=2,
                ping_interval=2,  # a peer that went without a word is noticed after two unanswered ones
                max_outstanding_pings=2,
                error_cb=self._erred,
                disconnected_cb=self._disconnected,
                reconnected_cb=self._reconnected,
                closed_cb=closed,
            )
        except asyncio.CancelledError:
            await settled(client.close(), 0.5)  # a server that accepted and said nothing leaves a socket behind
            raise
        except nats.errors.Error as error:
            raise ConfigurationFault(f"{self.place} cannot be used: {error}") from error
        self._client = client
        self._heard = [await client.subscribe(want.subject, want.queue, future=Ear(want.told)) for want in self._wanted]
        return ended

    async def _erred(self, error: Exception) -> None:
        said = f"{type(error).__name__}: {error}".rstrip(": ")
        if said != self._reason and not self._closed:
            _log.warning("%s at %s: %s", self._name, self.place, said)
        self._reason = said

    async def _disconnected(self) -> None:
        if not self._closed:
            _log.warning("%s lost its connection to %s", self._name, self.place)
        self._lost()

    async def _reconnected(self) -> None:
        self._reason = "connected"
        _log.warning("%s is connected to %s again", self._name, self.place)


async def _drained(subscription: Subscription) -> None:
    await subscription.drain()  # type: ignore[no-untyped-call]  # an omission of nats-py


async def settled(awaitable: Awaitable[Any], patience: float) -> None:
    """Wait at most `patience` seconds for what fails when the connection is gone; no cancellation is lost."""
    task = asyncio.ensure_future(awaitable)
    try:
        await asyncio.wait({task}, timeout=patience)
    finally:
        task.cancel()
    error = task.exception() if task.done() and not task.cancelled() else None
    if error is not None:
        # Not only errors of nats-py: asyncio of 3.13.0 raises a TypeError for writelines to a closed transport.
        _log.info("while a connection was let go: %s: %s", type(error).__name__, error)


def shown(url: str) -> str:
    """The URL for logs and errors: without what it may hold of a password. Raises ConfigurationFault."""
    try:
        parts = urlsplit(url if "://" in url else f"nats://{url}")
        host, port = parts.hostname, parts.port or 4222
    except ValueError as error:
        raise ConfigurationFault(f"the NATS URL makes no sense ({error}); it is like nats://127.0.0.1:4222") from error
    if not host or parts.scheme not in ("nats", "tls", "ws", "wss"):
        raise ConfigurationFault("the NATS URL makes no sense; it is like nats://127.0.0.1:4222")
    return f"{parts.scheme}://{host}:{port}"
