from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from runtime import service
from tests.service.fakes import BUG, REFUSED, SHED, Echo, Hanging, Raising, listening

TOKEN = "a-token-of-16-or-more"
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Echo, httpx.Client]]:
    backend = Echo()
    with listening(backend, body_limit=4096, text_limit=100) as address, httpx.Client(base_url=address) as client:
        yield backend, client


def test_both_paths_show_the_same_document(server: tuple[Echo, httpx.Client]) -> None:
    _, client = server

    one, other = client.get("/system/plugins"), client.get("/_system/plugins")

    assert one.status_code == 200
    assert one.headers["content-type"] == "application/json"
    assert one.json()["registered"] == ["node:echo"]
    assert one.content == other.content


def test_the_document_is_rendered_once_and_not_once_a_request(server: tuple[Echo, httpx.Client]) -> None:
    backend, client = server
    before = backend.rendered

    for _ in range(20):
        client.get("/system/plugins")

    assert backend.rendered - before < 20


def test_a_head_request_has_no_body(server: tuple[Echo, httpx.Client]) -> None:
    response = server[1].head("/system/plugins")

    assert (response.status_code, response.content) == (200, b"")


def test_a_question_is_answered(server: tuple[Echo, httpx.Client]) -> None:
    backend, client = server

    response = client.post("/query", json={"text": "wer da? ☃", "subject": "team-a"}, headers={"traceparent": "00-1"})

    assert response.json() == {"answer": "wer da? ☃"}
    assert backend.asked[-1] == ("wer da? ☃", "team-a", "00-1")


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"", 400, "the body is empty"),
        (b" \n", 400, "the body is empty"),
        (b"{", 400, "not JSON"),
        (b'{"text": "\xff"}', 400, "byte 10 of the body is not UTF-8"),
        (b"[" * 4000, 400, ""),
        (b"9" * 4500, 413, "4,096 bytes"),
        (b'{"text": ' + b"9" * 4050 + b"}", (400, 422), ""),
        (b"[]", 422, "the body is a list"),
        (b"null", 422, "the body is null"),
        (b"{}", 422, "the field text is missing"),
        (b'{"text": 3}', 422, "text is a number"),
        (b'{"text": null}', 422, "text is null"),
        (b'{"text": ["a"]}', 422, "text is a list"),
        (b'{"text": true}', 422, "text is true or false"),
        (b'{"text": NaN}', 422, "text is a number"),
        (b'{"text": ""}', 422, "text is empty"),
        (b'{"text": " \\n "}', 422, "text is empty"),
        (b'{"text": "\\ud800"}', 422, "half a surrogate pair"),
        (b'{"text": "a\\u0000"}', 422, "zero character"),
        (json.dumps({"text": "x" * 101}).encode(), 422, "101 characters; 100 are the most"),
        (b'{"text": "a", "stage": "dreaming"}', 422, "'stage' is not known here"),
        (b'{"text": "a", "subject": 3}', 422, "subject is a number"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_bad_body_is_refused_with_what_would_be_right(
    server: tuple[Echo, httpx.Client], body: bytes, status: object, says: str
) -> None:
    backend, client = server
    asked = len(backend.asked)

    response = client.post("/query", content=body, headers=JSON)

    assert response.status_code in (status if isinstance(status, tuple) else (status,))
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == response.status_code
    assert says in response.json()["detail"]
    assert "Traceback" not in response.text
    assert len(backend.asked) == asked


def test_ten_megabytes_are_refused_without_being_read(server: tuple[Echo, httpx.Client]) -> None:
    address = urlsplit(str(server[1].base_url))
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10) as connection:
        connection.sendall(
            b"POST /query HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 10485760\r\n\r\n{"
        )

        assert connection.recv(1000).startswith(b"HTTP/1.1 413")


def test_ten_megabytes_of_unknown_length_are_refused(server: tuple[Echo, httpx.Client]) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(5):
            yield b"x" * 2000

    assert server[1].post("/query", content=chunks(), headers=JSON).status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_is_not_said_to_be_json_is_refused(server: tuple[Echo, httpx.Client], kind: str) -> None:
    response = server[1].post("/query", content=b'{"text": "a"}', headers={"content-type": kind})

    assert response.status_code == 415


def test_a_content_type_may_name_its_charset(server: tuple[Echo, httpx.Client]) -> None:
    kind = {"content-type": "application/json; charset=utf-8"}

    assert server[1].post("/query", content=b'{"text": "a"}', headers=kind).status_code == 200


def test_what_is_nowhere_and_what_is_asked_wrongly_is_said_in_json(server: tuple[Echo, httpx.Client]) -> None:
    nowhere, wrongly = server[1].get("/nowhere"), server[1].get("/query")

    assert (nowhere.status_code, wrongly.status_code) == (404, 405)
    assert "/system/plugins" in nowhere.json()["detail"]
    assert wrongly.headers["allow"] == "POST"
    assert wrongly.json()["title"] == "method not allowed"


def test_no_answer_names_the_server_or_its_version(server: tuple[Echo, httpx.Client]) -> None:
    for path in ("/system/plugins", "/nowhere", "/healthz"):
        assert "server" not in server[1].get(path).headers


def test_metrics_and_health_are_there(server: tuple[Echo, httpx.Client]) -> None:
    backend, client = server

    assert client.get("/metrics").text.startswith("matriz_stage_total")
    assert client.get("/healthz").json() == {"status": "live"}
    assert client.get("/readyz").status_code == 200
    backend.reasons.append("the store is gone")
    assert client.get("/readyz").json() == {"status": "not ready", "reasons": ["the store is gone"]}
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
    backend.reasons.clear()


def test_parts_that_hang_are_not_ready_and_hold_up_one_thread_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "READY_SECONDS", 0.05)
    backend = Hanging()
    with listening(backend) as address, httpx.Client(base_url=address) as client:
        answers = [client.get("/readyz") for _ in range(4)]
        live, metrics = client.get("/healthz"), client.get("/metrics")
        looks = backend.looks
        backend.goes_on.set()
        while client.get("/readyz").status_code != 200:
            pass

    assert [answer.status_code for answer in answers] == [503] * 4
    assert "have not said within 0.05 s" in answers[0].json()["reasons"][0]
    assert (live.status_code, metrics.status_code, looks) == (200, 200, 1)


def test_parts_that_raise_are_the_services_fault_and_the_next_look_is_another() -> None:
    backend = Raising()
    with listening(backend) as address, httpx.Client(base_url=address) as client:
        assert [client.get("/readyz").status_code for _ in range(2)] == [500, 500]

    assert backend.looks == 2


def test_the_openapi_document_names_every_path_and_only_those(server: tuple[Echo, httpx.Client]) -> None:
    document = server[1].get("/openapi.json").json()

    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for method in operations:
            assert server[1].request(method.upper(), path).status_code != 404, path
    assert len(document["paths"]) == 7


def test_a_query_that_finds_no_room_is_told_when_to_come_again() -> None:
    with listening(Echo(SHED)) as address:
        response = httpx.post(f"{address}/query", json={"text": "a"})

    assert (response.status_code, response.headers["retry-after"]) == (503, "2")


def test_a_query_that_the_memory_refuses_is_the_clients_error() -> None:
    with listening(Echo(REFUSED)) as address:
        response = httpx.post(f"{address}/query", json={"text": "a"})

    assert (response.status_code, response.json()["detail"]) == (422, str(REFUSED))


def test_a_bug_is_told_to_the_log_and_not_to_the_client(caplog: pytest.LogCaptureFixture) -> None:
    with listening(Echo(BUG)) as address:
        response = httpx.post(f"{address}/query", json={"text": "a"})

    assert response.status_code == 500
    assert response.json()["title"] == "failed"
    assert "secret" not in response.text
    assert "a secret that no client may read" in caplog.text


def test_a_token_guards_everything_but_health() -> None:
    with listening(Echo(), TOKEN) as address, httpx.Client(base_url=address) as client:
        for path in ("/system/plugins", "/_system/plugins", "/metrics", "/openapi.json", "/query", "/nowhere"):
            assert client.get(path).status_code == 401, path
            assert client.get(path).headers["www-authenticate"] == "Bearer"
        assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    "given", ["", "Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", TOKEN, "Bearer é"]
)
def test_a_wrong_token_opens_nothing(given: str) -> None:
    with listening(Echo(), TOKEN) as address:
        response = httpx.get(f"{address}/system/plugins", headers={b"authorization": given.encode("utf-8")})

    assert response.status_code == 401


def test_the_token_opens_everything() -> None:
    with listening(Echo(), TOKEN) as address, httpx.Client(base_url=address) as client:
        client.headers["authorization"] = f"bearer {TOKEN}"
        assert client.get("/system/plugins").status_code == 200
        assert client.post("/query", json={"text": "a"}).status_code == 200


def test_the_backend_is_closed_when_the_server_stops() -> None:
    backend = Echo()

    with listening(backend):
        assert not backend.closed

    assert backend.closed


def test_a_websocket_is_turned_away(server: tuple[Echo, httpx.Client]) -> None:
    upgrade = {"connection": "upgrade", "upgrade": "websocket", "sec-websocket-version": "13", "sec-websocket-key": "x"}

    assert server[1].get("/query", headers=upgrade).status_code >= 400
