"""The HTTP face: what is plugged in, questions and their answers, metrics, health. An ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import logging
import threading
import time
from collections.abc import Awaitable, Iterable, Mapping, MutableMapping, Sequence
from typing import Any, Callable, Optional, Protocol

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from runtime.answer import Question, Reply
from runtime.errors import QueryRefused, RuntimeFault
from runtime.openapi import document
from runtime.orchestrator.admission import Shed
from runtime.questions import Refusal, question_of

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

HEALTH = ("/healthz", "/readyz")
PLUGINS = ("/system/plugins", "/_system/plugins")
# How long what is plugged in is taken for fresh; the document is rendered once in that time, not once a request.
FRESH_SECONDS = 1.0
# How long a client may take to send its question, in seconds.
PATIENCE = 5.0
RETRY_AFTER_DRAIN = 5
# How long the parts may take to say whether they are ready, in seconds; a store that hangs does not say.
READY_SECONDS = 2.0

log = logging.getLogger("lukhas.service")


class Backend(Protocol):
    """What the face shows. Nothing here but `answer` and `metrics` may take long."""

    def plugins(self) -> Mapping[str, object]:
        """The document of /system/plugins."""
        ...

    def faults(self) -> Sequence[str]:
        """Why it is not ready; nothing when it is."""
        ...

    async def answer(self, question: Question) -> Reply:
        """Errors: Shed, QueryRefused."""
        ...

    def metrics(self, accept: str) -> tuple[str, bytes]:
        """The content type that this Accept header gets, and the metrics. Called in a thread."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


class Service:
    """The ASGI application. `token` guards all but health; `body_limit` is in bytes, `text_limit` in characters."""

    def __init__(
        self,
        backend: Backend,
        *,
        token: Optional[str] = None,
        body_limit: int = 64 * 1024,
        text_limit: int = 8192,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.backend = backend
        self.draining = False
        self.in_flight = 0
        self._limits = (body_limit, text_limit)
        self._clock = clock
        self._expected = None if token is None else b"bearer " + token.encode("ascii")
        self._plugins_until = float("-inf")
        self._faults: Optional[asyncio.Future[Sequence[str]]] = None
        self._starlette = Starlette(
            routes=[
                *(Route(path, self._get_plugins) for path in PLUGINS),
                Route("/query", self._post_query, methods=["POST"]),
                Route("/metrics", self._get_metrics),
                Route("/healthz", self._get_health),
                Route("/readyz", self._get_ready),
                Route("/openapi.json", self._get_openapi),
            ],
            exception_handlers={HTTPException: _http_problem, Refusal: _refused, Exception: _failed},
        )
        # A path with a slash too many is nowhere, and not a redirect to what the Host header says.
        self._starlette.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection's request. What is asked most is answered before anything is routed."""
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        path = scope["path"]
        if self._expected is not None and path not in HEALTH and not self._knows_token(scope["headers"]):
            await self._send(send, _UNAUTHORIZED)
        elif path in PLUGINS and scope["method"] == "GET":
            if self._clock() >= self._plugins_until:
                self._render_plugins()
            await send(self._plugins_start)
            await send(self._plugins_body)
        else:
            await self._routed(scope, receive, send)

    async def _routed(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.in_flight += 1
        try:
            await self._starlette(scope, receive, send)
        except Exception:
            # Starlette has answered with a 500 of ours, or the answer was cut off while it was on its way.
            log.exception("a request for %s failed", scope["path"])
        finally:
            self.in_flight -= 1

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1003})
            return
        while True:  # lifespan
            try:
                message = await receive()
            except asyncio.CancelledError:
                return  # forced to end at once: nobody waits for what would be closed
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.backend.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _knows_token(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        for name, value in headers:
            if name == b"authorization":
                scheme, _, given = value.partition(b" ")
                return hmac.compare_digest(scheme.lower() + b" " + given.strip(), self._expected or b"")
        return False

    def _render_plugins(self) -> None:
        body = _json(self.backend.plugins())
        self._plugins_start = _start(200, body)
        self._plugins_body = {"type": "http.response.body", "body": body}
        self._plugins_until = self._clock() + FRESH_SECONDS

    async def _send(self, send: Send, response: tuple[Mapping[str, object], Mapping[str, object]]) -> None:
        await send(dict(response[0]))
        await send(dict(response[1]))

    async def _get_plugins(self, request: Request) -> Response:
        return _answer(200, self.backend.plugins())

    async def _get_metrics(self, request: Request) -> Response:
        accept = request.headers.get("accept", "")
        rendered: tuple[str, bytes] = await run_in_threadpool(self.backend.metrics, accept)
        content_type, body = rendered
        return Response(body, headers={"content-type": content_type, **_COMMON})

    async def _get_health(self, request: Request) -> Response:
        return _answer(200, {"status": "live"})

    async def _get_ready(self, request: Request) -> Response:
        faults = ["it is stopping"] if self.draining else await self._found_faults()
        if faults:
            return _answer(503, {"status": "not ready", "reasons": faults})
        return _answer(200, {"status": "ready"})

    async def _found_faults(self) -> Sequence[str]:
        # One look at a time, however many ask: where it hangs, one thread hangs.
        if self._faults is None or self._faults.done():
            self._faults = _in_a_thread(self.backend.faults)
        await asyncio.wait({self._faults}, timeout=READY_SECONDS)
        if not self._faults.done():
            return [f"its parts have not said within {READY_SECONDS:g} s whether they are ready"]
        return list(self._faults.result())

    async def _get_openapi(self, request: Request) -> Response:
        return _answer(200, document(*self._limits))

    async def _post_query(self, request: Request) -> Response:
        if self.draining:
            return _problem(503, "stopping", "the service is stopping; ask another", RETRY_AFTER_DRAIN, close=True)
        question = await self._question(request)
        try:
            status, found = await self.backend.answer(question)
        except Shed as shed:
            return _problem(503, "overloaded", str(shed), shed.retry_after)
        except QueryRefused as refused:
            raise Refusal(422, "refused", str(refused)) from None
        except RuntimeFault as fault:
            log.error("a query could not be answered: %s", fault)
            return _problem(503, "unavailable", "a part of the service is at fault; its log says which", 1)
        return _answer(status, found)

    async def _question(self, request: Request) -> Question:
        body_limit, text_limit = self._limits
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if kind != "application/json":
            raise Refusal(415, "unsupported media type", f"the body is {kind or 'of no type'}; send application/json")
        try:
            body = await asyncio.wait_for(_body(request, body_limit), PATIENCE)
        except asyncio.TimeoutError:
            raise Refusal(408, "too slow", f"the body did not arrive within {PATIENCE:g} s") from None
        except ClientDisconnect:
            raise Refusal(400, "cut off", "the body ended before its time") from None
        return question_of(body, text_limit, request.headers.get("traceparent"))


def _in_a_thread(work: Callable[[], Sequence[str]]) -> asyncio.Future[Sequence[str]]:
    """What this comes to. The thread is one of its own, which keeps nothing else waiting and no process alive."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Sequence[str]] = loop.create_future()

    def settle(found: Optional[Sequence[str]], error: Optional[Exception]) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(found or ())

    def run() -> None:
        ending: tuple[Optional[Sequence[str]], Optional[Exception]]
        try:
            ending = work(), None
        except Exception as error:  # noqa: BLE001  # it belongs to who asked
            ending = None, error
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, *ending)

    threading.Thread(target=run, name="readiness", daemon=True).start()
    return future


async def _body(request: Request, limit: int) -> bytes:
    """The body, read no further than the limit."""
    told = request.headers.get("content-length", "0")
    if told.isdigit() and int(told[:20]) > limit:
        raise _too_large(limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)
    return bytes(body)


def _too_large(limit: int) -> Refusal:
    return Refusal(413, "too large", f"the body has more than {limit:,} bytes")


# One header more than the body needs: nothing here is to be kept by a cache, or read as another type than it says.
_COMMON = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def _json(content: Mapping[str, object]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def _answer(status: int, content: Mapping[str, object]) -> Response:
    return Response(_json(content), status, {"content-type": "application/json", **_COMMON})


def _problem(
    status: int, title: str, detail: str, retry_after: Optional[float] = None, close: bool = False
) -> JSONResponse:
    """A problem as RFC 9457 writes it."""
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    headers = {**_COMMON, "content-type": "application/problem+json"}
    if retry_after is not None:
        headers["retry-after"] = str(max(1, round(retry_after)))
    if close:
        headers["connection"] = "close"
    return JSONResponse(content, status, headers)


async def _http_problem(request: Request, error: HTTPException) -> Response:
    paths = ", ".join([*PLUGINS[:1], "/query", "/metrics", *HEALTH, "/openapi.json"])
    details = {404: f"nothing is here; there are {paths}", 405: f"{request.method} is not for {request.url.path[:100]}"}
    response = _problem(error.status_code, error.detail.lower(), details.get(error.status_code, error.detail))
    response.headers.update(error.headers or {})
    return response


async def _refused(request: Request, refusal: Refusal) -> Response:
    return _problem(refusal.status, refusal.title, refusal.detail)


async def _failed(request: Request, error: Exception) -> Response:
    return _problem(500, "failed", "the service is at fault; its log says how")


def _start(status: int, body: bytes, kind: bytes = b"application/json", *more: tuple[bytes, bytes]) -> Scope:
    common = [(name.encode(), value.encode()) for name, value in _COMMON.items()]
    length = (b"content-length", str(len(body)).encode())
    return {
        "type": "http.response.start",
        "status": status,
        "headers": [(b"content-type", kind), length, *common, *more],
    }


def _unauthorized() -> tuple[Scope, Scope]:
    body = _json(
        {
            "type": "about:blank",
            "title": "unauthorized",
            "status": 401,
            "detail": "send the header Authorization: Bearer TOKEN, with the token that the service was started with",
        }
    )
    start = _start(401, body, b"application/problem+json", (b"www-authenticate", b"Bearer"))
    return start, {"type": "http.response.body", "body": body}


_UNAUTHORIZED = _unauthorized()
