"""The client that publishes into the socket says and reads what nats-py's own says and reads."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Optional

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from runtime.orchestrator.placement.nats_client import DirectClient
from tests.placement.nats_server import NatsServer
from tests.placement.test_nats import listening
from tests.placement.test_threads import eventually, run

Said = tuple[str, bytes, str, Optional[dict[str, str]]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    running = NatsServer(tmp_path_factory.mktemp("nats")).start()
    yield running
    running.stop()


def heard(
    url: str,
    by: type[Client],
    says: type[Client],
    said: list[tuple[bytes, Optional[dict[str, str]]]],
    without_writer: bool = False,
) -> list[Said]:
    """What a client hears that another one says."""

    async def listen() -> list[Said]:
        here, there = by(), says()
        await here.connect(url)
        await there.connect(url)
        messages: list[Msg] = []

        async def told(message: Msg) -> None:
            messages.append(message)

        await here.subscribe("anything", cb=told)
        await listening(here)
        if without_writer:
            there._transport = Hidden(there._transport)  # type: ignore[assignment]  # it has what is asked of it
        for body, headers in said:
            if not (isinstance(there, DirectClient) and there.say("anything", body, headers, "somewhere")):
                await there.publish("anything", body, reply="somewhere", headers=headers)
        await eventually(lambda: len(messages) == len(said))
        assert there.stats["out_msgs"] == len(said)
        assert there.stats["out_bytes"] == sum(len(body) for body, _ in said)
        await asyncio.gather(here.close(), there.close())
        return [(message.subject, message.data, message.reply, message.headers) for message in messages]

    return run(listen())


class Hidden:
    """A transport that keeps what it writes to for itself, as a later nats-py may."""

    def __init__(self, transport: object) -> None:
        self._inner = transport

    def __getattr__(self, name: str) -> object:
        if name == "_io_writer":
            raise AttributeError(name)
        return getattr(self._inner, name)


SAID: list[tuple[bytes, Optional[dict[str, str]]]] = [
    (b"", None),
    (b"a body\r\nPUB x 0\r\n", None),
    (b"", {"One": "1"}),
    (b"x" * 200_000, {"One": "1", "Two": "zwei: \u00fc"}),
    (b"body", {"  Spaces  ": "  around  "}),
    (b"body", {"Empty": ""}),
    (b"body", {}),
    (b"body", {"Evil": "line\r\nInjected: 1"}),
]


@pytest.mark.parametrize("without_writer", [False, True])
@pytest.mark.parametrize(("by", "says"), [(Client, DirectClient), (DirectClient, Client), (DirectClient, DirectClient)])
def test_the_direct_client_and_nats_pys_own_understand_each_other(
    server: NatsServer, by: type[Client], says: type[Client], without_writer: bool
) -> None:
    assert heard(server.url, by, says, SAID, without_writer) == heard(server.url, Client, Client, SAID)


@pytest.mark.parametrize(
    "raw",
    [
        b"NATS/1.0\r\nOne: 1\r\nTwo: two\r\n\r\n",
        b"NATS/1.0\r\nOne:1\r\nTwo:\ttwo\r\n\r\n",
        b"NATS/1.0\r\nno header at all\r\n\r\n",
        b"NATS/1.0\r\nOne: 1\r\nnone\r\n\r\n",
        b"NATS/1.0\r\n: without a name\r\nOne: 1\r\n\r\n",
        b"NATS/1.0\r\nTwo words: 2\r\nOne: 1\r\n\r\n",
        b"NATS/1.0\r\nTwice: 1\r\nTwice: 2\r\n\r\n",
        b"NATS/1.0\r\n\xc3\xbc: 1\r\nOne: \xc3\xbc\r\n\r\n",
        b"NATS/1.0\r\n\r\n",
        b"NATS/1.0 503\r\n\r\n",
        b"NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 1016\r\n\r\n",
        b"NATS/1.0\r\nNot: \xff\xfe\r\n\r\n",
    ],
)
def test_headers_are_read_as_nats_py_reads_them(raw: bytes) -> None:
    async def both() -> tuple[object, object]:
        return await DirectClient()._process_headers(raw), await Client()._process_headers(raw)

    direct, own = run(both())
    assert direct == own


def test_what_waits_to_be_written_is_not_overtaken(server: NatsServer) -> None:
    messages: list[bytes] = []
    ways: set[str] = set()

    async def publish() -> None:
        client = DirectClient()
        await client.connect(server.url)

        async def told(message: Msg) -> None:
            messages.append(message.data)

        await client.subscribe("ordered", cb=told)
        for number in range(200):
            body = b"%d" % number + b"x" * 50_000
            if not client.say("ordered", body, None, ""):
                ways.add("waits")
                await client.publish("ordered", body)
            else:
                ways.add("at once")
        await eventually(lambda: len(messages) == 200)
        await client.close()

    run(publish())
    assert ways == {"at once", "waits"}
    assert [int(data.rstrip(b"x")) for data in messages] == list(range(200))
