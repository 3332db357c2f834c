"""Nobody can make the service read a head without end, hold a connection for nothing, or take an address in silence."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import pytest

from runtime import listening as heard
from runtime.errors import ConfigurationFault, RuntimeFault
from runtime.listening import LONGEST_HEAD, sockets_of
from tests.service.fakes import Echo, listening

GET = b"GET /healthz HTTP/1.1\r\nhost: x\r\n"


@contextmanager
def connected(address: str) -> Iterator[socket.socket]:
    place = urlsplit(address)
    with socket.create_connection((str(place.hostname), int(place.port or 0)), timeout=20) as connection:
        yield connection


def received(connection: socket.socket) -> bytes:
    """Until the other side ends it."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionError:  # it did not wait for all that was sent
        pass
    return b"".join(parts)


@pytest.mark.parametrize("line", [b"x: " + b"a" * 1000, b"x: a\r\n"], ids=["one header", "many headers"])
def test_a_head_without_end_is_cut_off(line: bytes) -> None:
    with listening(Echo()) as address:
        with connected(address) as connection:
            connection.sendall(GET)
            # What the network holds on the way is a few megabytes; a gigabyte would be gathered.
            assert sent_until_cut(connection, line * 1000, 1 << 30) < 1 << 27
        assert httpx.get(f"{address}/healthz").status_code == 200


def sent_until_cut(connection: socket.socket, piece: bytes, most: int) -> int:
    sent = 0
    try:
        while sent < most:
            connection.sendall(piece)
            sent += len(piece)
    except ConnectionError:
        return sent
    return sent


def test_a_head_that_is_too_large_is_told_so() -> None:
    with listening(Echo()) as address, connected(address) as connection:
        connection.sendall(GET + b"x: " + b"a" * (LONGEST_HEAD + 1000))
        connection.sendall(b"a")

        answer = received(connection)

    assert answer.startswith(b"HTTP/1.1 431 too large\r\ncontent-type: application/problem+json")
    assert b"more than 65,536 bytes" in answer


def test_a_head_that_is_nearly_too_large_is_read_and_so_are_many_on_one_connection() -> None:
    with listening(Echo()) as address, httpx.Client(base_url=address) as client:
        for _ in range(5):
            response = client.post("/query", json={"text": "a"}, headers={"x-long": "a" * (LONGEST_HEAD - 1000)})
            assert response.status_code == 200


def test_a_body_after_its_head_is_bounded_by_its_own_limit_alone() -> None:
    with listening(Echo(), body_limit=10 * LONGEST_HEAD, text_limit=9 * LONGEST_HEAD) as address:
        response = httpx.post(f"{address}/query", json={"text": "a" * (8 * LONGEST_HEAD)})

    assert response.status_code == 200


@pytest.mark.parametrize("begun", [b"", GET], ids=["nothing", "half a head"])
def test_who_keeps_a_connection_and_asks_nothing_is_sent_away(monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr(heard, "HEAD_SECONDS", 0.2)
    with listening(Echo()) as address, connected(address) as connection:
        connection.sendall(begun)

        assert received(connection).startswith(b"HTTP/1.1 408 too slow")


def test_half_a_head_after_an_answer_is_not_waited_for_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heard, "HEAD_SECONDS", 0.2)
    with listening(Echo()) as address, connected(address) as connection:
        connection.sendall(GET + b"\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        connection.sendall(GET)

        assert b"HTTP/1.1 408 too slow" in received(connection)


def test_an_answer_may_take_longer_than_a_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heard, "HEAD_SECONDS", 0.1)
    with listening(Echo(seconds=0.6)) as address, httpx.Client(base_url=address, timeout=20) as client:
        for _ in range(2):
            assert client.post("/query", json={"text": "a"}).json() == {"answer": "a"}


def test_questions_in_one_piece_are_answered_one_after_the_other() -> None:
    body = b'{"text": "a"}'
    ask = b"POST /query HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 13\r\n"
    with listening(Echo()) as address, connected(address) as connection:
        connection.sendall((ask + b"\r\n" + body) * 3 + ask + b"connection: close\r\n\r\n" + body)

        assert received(connection).count(b'{"answer":"a"}') == 4


def test_a_path_with_a_slash_too_many_is_nowhere() -> None:
    with listening(Echo()) as address:
        response = httpx.get(f"{address}/system/plugins/", headers={"host": "elsewhere.example"})

    assert response.status_code == 404
    assert "location" not in response.headers


def test_an_address_that_is_taken_is_said_with_why() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(RuntimeFault, match=f"127.0.0.1:{port} cannot be listened on: Address already in use"):
            sockets_of("127.0.0.1", port)


def test_an_address_of_another_machine_is_said_to_be_none_of_ours() -> None:
    with pytest.raises(RuntimeFault, match=r"192\.0\.2\.1:0 cannot be listened on: Cannot assign"):
        sockets_of("192.0.2.1", 0)


@pytest.mark.parametrize("host", ["no host.invalid", "999.1.1.1", "x" * 300, "a..b"])
def test_a_host_that_nobody_knows_is_said(host: str) -> None:
    with pytest.raises(ConfigurationFault, match="which is no address here"):
        sockets_of(host, 0)


def test_the_body_of_an_answer_does_not_wait_until_its_head_is_acknowledged() -> None:
    no_delay: list[int] = []

    class Seen(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            no_delay.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            transport.close()

    async def accept() -> None:
        [bound] = sockets_of("127.0.0.1", 0)
        server = await asyncio.get_running_loop().create_server(Seen, sock=bound)
        reader, writer = await asyncio.open_connection(*bound.getsockname())
        await reader.read()
        writer.close()
        server.close()
        await server.wait_closed()

    asyncio.run(accept())

    assert no_delay == [1]


def test_all_addresses_of_a_host_have_one_port() -> None:
    bound = sockets_of("localhost", 0)
    ports = {each.getsockname()[1] for each in bound}
    for each in bound:
        each.close()

    assert len(ports) == 1
    assert ports != {0}
