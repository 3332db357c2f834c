"""Where the service is heard: its sockets, heads of requests that are read no further than is good, a graceful end."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from types import FrameType
from typing import Any, Callable, Optional

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from runtime.errors import ConfigurationFault, RuntimeFault
from runtime.service import Service

LONGEST_HEAD = 64 * 1024
"""Bytes of a request before its body; a little more may have been read when it is noticed."""
HEAD_SECONDS = 10.0
"""How long a client may take for it, and how long a connection may stay on which nothing was asked yet."""


def sockets_of(host: str, port: int) -> list[socket.socket]:
    """Bound to every address of this host, to one port; with port 0 to a free one.

    Errors: ConfigurationFault for a host that nobody knows, RuntimeFault for an address that cannot be had.
    """
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        said = getattr(error, "strerror", None) or error
        raise ConfigurationFault(f"LUKHAS_HOST is {host!r}, which is no address here: {said}") from None
    bound: list[socket.socket] = []
    refused: Optional[OSError] = None
    for family, _, _, _, address in dict.fromkeys(found):
        taken = bound[0].getsockname()[1] if bound else port
        try:
            bound.append(_bound(family, (address[0], taken, *address[2:])))
        except OSError as error:
            refused = error
    if not bound:
        said = refused.strerror if refused else "it has no address"
        raise RuntimeFault(f"{host}:{port} cannot be listened on: {said}")
    return bound


def _bound(family: int, address: tuple[Any, ...]) -> socket.socket:
    # With the protocol named, or asyncio leaves Nagle's algorithm on: each answer's body would wait for an ACK, 40 ms.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
        # Here already, and not only by the server: of two that bind a port the second learns it now.
        made.listen()
        made.setblocking(False)
    except BaseException:
        made.close()
        raise
    return made


class BoundedProtocol(HttpToolsProtocol):
    """Reads the head of a request no further than LONGEST_HEAD, and waits for it no longer than HEAD_SECONDS.

    The parser itself would gather without end, before any token is looked at.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there."""
        super().connection_made(transport)
        self._in_head = True
        self._head = 0
        self._since = self.loop.time()
        self._watch = self.loop.call_later(HEAD_SECONDS, self._look)

    def connection_lost(self, exc: Optional[Exception]) -> None:
        """It has gone."""
        self._watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some of a request."""
        if self._in_head:
            if self._head > LONGEST_HEAD:
                self._turn_away(431, "too large", f"the head of the request has more than {LONGEST_HEAD:,} bytes")
                return
            self._head += len(data)
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """The head has ended."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body has ended; what comes is another head."""
        self._in_head, self._head = True, 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """It was answered; only now is the next one waited for."""
        self._since = self.loop.time()
        super().on_response_complete()

    def _look(self) -> None:
        answered = self.cycle is None or self.cycle.response_complete
        waited = self.loop.time() - self._since
        if self._in_head and answered and waited >= HEAD_SECONDS:
            self._turn_away(408, "too slow", f"the head of the request did not arrive within {HEAD_SECONDS:g} s")
            return
        self._watch = self.loop.call_later(max(0.1, HEAD_SECONDS - waited if answered else HEAD_SECONDS), self._look)

    def _turn_away(self, status: int, title: str, detail: str) -> None:
        body = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail}).encode()
        head = (
            f"HTTP/1.1 {status} {title}\r\ncontent-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


class DrainingServer(uvicorn.Server):
    """A server that, told to stop, first lets the service finish: not ready, no new question, at most `drain` seconds.

    The socket stays open meanwhile, so that whoever asks /readyz learns it. A second signal ends it at once.
    """

    def __init__(
        self, config: uvicorn.Config, service: Service, drain: float, ready: Callable[[str], None] = lambda url: None
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._service = service
        self._drain = drain
        self._drain_until: Optional[float] = None

    def handle_exit(self, sig: int, frame: Optional[FrameType]) -> None:
        """Begin to drain; a second signal forces the exit. The exit code stays 0: it was asked for."""
        if self._drain_until is not None:
            self.should_exit = self.force_exit = True
            return
        self._service.draining = True
        self._drain_until = time.monotonic() + self._drain

    async def startup(self, sockets: Optional[list[socket.socket]] = None) -> None:
        """Listen, and say where."""
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self._ready(f"http://{f'[{host}]' if ':' in host else host}:{port}")

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: is everything finished that was under way?"""
        if self._drain_until is not None and (self._service.in_flight == 0 or time.monotonic() >= self._drain_until):
            self.should_exit = True
        return await super().on_tick(counter)


def server_of(service: Service, drain: float, ready: Callable[[str], None] = lambda url: None) -> DrainingServer:
    """A server for this service; `serve(sockets)` is its coroutine. Once it listens, `ready` gets its URL."""
    config = uvicorn.Config(
        service,
        http=BoundedProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=1,  # what is in flight was waited for before
    )
    return DrainingServer(config, service, drain, ready)
