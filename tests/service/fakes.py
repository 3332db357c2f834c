"""What stands behind the face in these tests, and a server that really listens."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Optional, Union

import uvicorn

from runtime.answer import Question, Reply
from runtime.errors import QueryRefused
from runtime.listening import server_of, sockets_of
from runtime.orchestrator.admission import Shed
from runtime.service import Service


class Echo:
    """Answers with what it was asked; `ending` is raised instead, where there is one."""

    def __init__(self, ending: Optional[BaseException] = None, seconds: float = 0.0) -> None:
        self.ending = ending
        self.seconds = seconds
        self.reasons: list[str] = []
        self.asked: list[Question] = []
        self.rendered = 0
        self.closed = False

    def plugins(self) -> Mapping[str, object]:
        self.rendered += 1
        return {"registered": ["node:echo"], "kinds": {"node": ["echo"]}}

    def faults(self) -> Sequence[str]:
        return self.reasons

    async def answer(self, question: Question) -> Reply:
        self.asked.append(question)
        await asyncio.sleep(self.seconds)
        if self.ending is not None:
            raise self.ending
        return Reply(200, {"answer": question.text})

    def metrics(self, accept: str) -> tuple[str, bytes]:
        return "text/plain; version=0.0.4; charset=utf-8", b"matriz_stage_total 0\n"

    async def close(self) -> None:
        self.closed = True


class Hanging(Echo):
    """Does not say whether it is ready until it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = threading.Event()
        self.looks = 0

    def faults(self) -> Sequence[str]:
        self.looks += 1
        self.goes_on.wait()
        return []


class Raising(Echo):
    """Cannot say whether it is ready."""

    looks = 0

    def faults(self) -> Sequence[str]:
        self.looks += 1
        raise ValueError("a secret that no client may read")


SHED = Shed("1,000 queries are under way", 2.0)
REFUSED = QueryRefused("the cue is empty: say what is looked for")
BUG = ZeroDivisionError("a secret that no client may read")


@contextlib.contextmanager
def listening(backend: Echo, token: Optional[str] = None, **limits: Union[int, float]) -> Iterator[str]:
    """The address of a server that runs in a thread of its own."""
    service = Service(backend, token=token, **limits)  # type: ignore[arg-type]
    server: uvicorn.Server = server_of(service, drain=1.0)
    thread = threading.Thread(target=server.run, args=(sockets_of("127.0.0.1", 0),))
    thread.start()
    try:
        while not server.started:
            time.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
