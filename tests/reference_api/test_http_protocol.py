"""Connections: heads without an end, heads that never come, what is no HTTP, and who asks for a WebSocket."""

import http.client
import json
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
import uvicorn
from hostile import hostile_city

from reference_api import http_protocol, intake
from reference_api.door import STATE, Door
from reference_api.serve import _UVICORN

STARTUP_S = 10.0


async def _echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the names of the header fields that it was given, and as many spaces as the query says."""
    while (await receive()).get("more_body"):
        pass
    body = b" ".join([b"fields", *(name for name, _ in scope["headers"])]) + b" " * int(scope["query_string"] or b"0")
    length = str(len(body)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    """A server with the options of ``serve``."""
    with _serving(_echo, "off") as bound:
        yield bound


@pytest.fixture
def door() -> Door:
    """A door that puts everything off but what saves lives."""
    city = hostile_city()
    services = city.app.services  # type: ignore[attr-defined]  # our app has them
    made = Door(city.app.routes, services.pressure, services.memory)  # type: ignore[attr-defined]
    made.pressure.level = 3
    return made


@pytest.fixture
def guarded(door: Door) -> Iterator[tuple[str, int]]:
    """The same server behind the door."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await _echo(scope, receive, send)
            return
        scope["state"][STATE] = door
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})

    with _serving(app, "on") as bound:
        yield bound


@contextmanager
def _serving(app: Any, lifespan: str) -> Iterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        server = uvicorn.Server(uvicorn.Config(app, **{**_UVICORN, "lifespan": lifespan}))
        thread = threading.Thread(target=server.run, args=([bound],), daemon=True)
        thread.start()
        deadline_s = time.monotonic() + STARTUP_S
        while not server.started and time.monotonic() < deadline_s:
            time.sleep(0.01)
        yield bound.getsockname()
        server.should_exit = True
        thread.join(STARTUP_S)


def _talk(address: tuple[str, int], *parts: bytes) -> bytes:
    """What the server says until it closes."""
    with socket.create_connection(address, timeout=STARTUP_S) as connection:
        said = b""
        try:
            for part in parts:
                connection.sendall(part)
            while chunk := connection.recv(65536):
                said += chunk
        except ConnectionError:
            pass
        return said


def _problem(said: bytes) -> str:
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert b"content-type: application/problem+json" in head
    return str(json.loads(body)["detail"])


START = b"GET /healthz HTTP/1.1\r\nhost: x\r\n"


def test_head_without_an_end_is_cut(address: tuple[str, int]) -> None:
    """Neither many fields nor one long field nor a long path fill the memory: the connection ends."""
    for start in (START, START + b"x-a: ", b"GET /v1/shelters?q="):
        said = _talk(address, start, *[b"a" * 1000 + (b"\r\nx: a" if start == START else b"")] * 4000)
        assert said == b"" or _problem(said) == "the head of the request is too long"


def test_head_that_never_comes_is_not_waited_for(address: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither from the connection on nor from the first byte on, nor after an earlier request."""
    monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT_S", 0.1)
    for start in (b"", START):
        assert _problem(_talk(address, start)) == "the head of the request took too long"
    first, _, second = _talk(address, START + b"\r\n", START).partition(b"fields host")
    assert first.startswith(b"HTTP/1.1 200")
    assert _problem(second) == "the head of the request took too long"


@pytest.mark.parametrize("connection", ["keep-alive", "close"])
def test_answers_that_nobody_reads_are_not_kept(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch, connection: str
) -> None:
    """Who asks for much and takes nothing of it is let go, whether the connection was to be kept or to be closed."""
    monkeypatch.setattr(http_protocol, "UNREAD_TIMEOUT_S", 0.1)
    with socket.create_connection(address, timeout=STARTUP_S) as client:
        client.sendall(b"GET /?%d HTTP/1.1\r\nhost: x\r\nconnection: %s\r\n\r\n" % (1 << 25, connection.encode()))
        ends = select.poll()
        ends.register(client, 0)
        assert [events & select.POLLHUP for _, events in ends.poll(STARTUP_S * 1e3)] == [select.POLLHUP]


def test_connections_that_say_nothing_hinder_nobody(address: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds are held while others are answered, and let go when their time is over."""
    crowd = [socket.create_connection(address, timeout=STARTUP_S) for _ in range(300)]
    assert _talk(address, START + b"connection: close\r\n\r\n").startswith(b"HTTP/1.1 200")
    monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT_S", 0.0)
    crowd += [socket.create_connection(address, timeout=STARTUP_S) for _ in range(10)]
    assert all(_problem(one.recv(65536)) for one in crowd[300:])
    for one in crowd:
        one.close()


def test_what_is_no_http_is_a_problem(address: tuple[str, int]) -> None:
    """As every fault is told."""
    assert _problem(_talk(address, b"\0\1\2\r\n\r\n")) == "Invalid HTTP request received."


def test_who_asks_for_a_websocket_is_answered_as_others(address: tuple[str, int]) -> None:
    """No operation is one, so the request for it is passed over (RFC 9110 section 7.8)."""
    wish = b"connection: upgrade, close\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
    assert _talk(address, START + wish + b"sec-websocket-key: eA==\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_fields_after_the_body_are_no_headers(address: tuple[str, int]) -> None:
    """A trailer cannot bring what a proxy in front would have removed from the head (RFC 9110 section 6.5.1)."""
    head = b"POST /introspect HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n"
    assert b"origin" not in _talk(address, head + b"\r\n0\r\norigin: https://a.example\r\n\r\n")
    assert b"origin" in _talk(address, head + b"origin: https://a.example\r\n\r\n0\r\n\r\n")


LESS_URGENT = b"PUT /v1/users/c0/location HTTP/1.1\r\nhost: x\r\n"
LAST = START + b"connection: close\r\n\r\n"


def _until(is_so: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + STARTUP_S
    while not is_so():
        assert time.monotonic() < deadline_s
        time.sleep(0.001)


def _next_status(connection: socket.socket) -> int:
    """Of the next answer, which is read to its end."""
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    answer.read()
    assert answer.headers["date"]
    return answer.status


@pytest.mark.parametrize(
    "body",
    [
        [b"\r\n"],
        [b"content-length: 5\r\n\r\nabcde"],
        [b"content-length: 5\r\n\r\nab", b"cde"],
        [b"transfer-encoding: chunked\r\n\r\n3\r\n", b"abc\r\n0\r\n\r\n"],
    ],
)
def test_what_is_put_off_leaves_the_connection(guarded: tuple[str, int], door: Door, body: list[bytes]) -> None:
    """Its body is passed over, however it comes, and what comes after it is answered."""
    statuses = []
    with socket.create_connection(guarded, timeout=STARTUP_S) as connection:
        for parts in ([LESS_URGENT, *body], [START + b"\r\n"], [LESS_URGENT, *body], [START + b"\r\n"]):
            for part in parts:
                connection.sendall(part)
            statuses.append(_next_status(connection))
    assert statuses == [503, 200, 503, 200]
    assert [(status, count) for _, status, count in door.take_counts()] == [(503, 2)]


def test_what_is_put_off_waits_for_its_turn(guarded: tuple[str, int], door: Door) -> None:
    """While an earlier request of the connection is answered, the next one is the app's to put off."""
    said = _talk(guarded, START + b"\r\n" + LESS_URGENT + b"\r\n" + LAST)
    assert [int(part[:3]) for part in said.split(b"HTTP/1.1 ")[1:]] == [200, 200, 200]
    assert door.take_counts() == []


def test_what_is_put_off_may_be_the_last(guarded: tuple[str, int]) -> None:
    """Who asks for the connection to be closed is told so, and it is."""
    head, _, body = _talk(guarded, LESS_URGENT + b"connection: close\r\n\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"\r\nconnection: close\r\n" in head
    assert json.loads(body)["status"] == 503


@pytest.mark.parametrize("rest", [b"\r\n", b"content-length: 5\r\n\r\nab"])
def test_who_was_put_off_may_not_stay_for_ever(
    guarded: tuple[str, int], monkeypatch: pytest.MonkeyPatch, rest: bytes
) -> None:
    """A connection that says nothing more is ended, and one that never sends the rest of what was put off."""
    monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT_S", 0.1)
    short = property(lambda _: 0.05, lambda *_: None)
    monkeypatch.setattr(http_protocol.BoundedProtocol, "timeout_keep_alive", short, raising=False)
    with socket.create_connection(guarded, timeout=STARTUP_S) as connection:
        connection.sendall(LESS_URGENT + rest)
        assert connection.recv(65536).startswith(b"HTTP/1.1 503")
        assert connection.recv(65536) == b""


@pytest.mark.parametrize("parts", [1, 3])
def test_who_must_wait_for_a_turn_is_answered(
    guarded: tuple[str, int], monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    """However many come at once and in however many pieces: each is answered, in the order of its own requests."""
    monkeypatch.setattr(intake, "AT_ONCE", 1)
    said = b"%s\r\n" % START + LESS_URGENT + b"content-length: 5\r\n\r\nabcde" + LAST
    crowd = [socket.create_connection(guarded, timeout=STARTUP_S) for _ in range(20)]
    size = -(-len(said) // parts)
    for begin in range(0, len(said), size):
        for one in crowd:
            one.sendall(said[begin : begin + size])
    for one in crowd:
        with one:
            answers = b"".join(iter(partial(one.recv, 65536), b"")).split(b"HTTP/1.1 ")[1:]
        assert [int(answer[:3]) for answer in answers] in ([200, 503, 200], [200, 200, 200])


def test_who_is_gone_before_their_turn_hinders_nobody(
    guarded: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their requests fall with their connections."""
    monkeypatch.setattr(intake, "AT_ONCE", 1)
    for _ in range(30):
        with socket.create_connection(guarded, timeout=STARTUP_S) as gone:
            gone.sendall(START + b"\r\n" + START)
    assert _talk(guarded, LAST).startswith(b"HTTP/1.1 200")


def test_requests_are_counted_from_their_end_to_their_answer(guarded: tuple[str, int], door: Door) -> None:
    """Bodies that do not come are no load; nor is what nobody waits for any more."""
    urgent = b"POST /v1/safety-reports HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n"
    with socket.create_connection(guarded, timeout=STARTUP_S) as connection:
        connection.sendall(urgent + b"ab")
        assert _talk(guarded, LAST).startswith(b"HTTP/1.1 200")
        assert door.pressure.waiting == 0
        connection.sendall(b"cde")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        connection.sendall(START + b"\r\n" + urgent + b"ab")
    _until(lambda: door.pressure.waiting == 0)
    assert _talk(guarded, LAST).startswith(b"HTTP/1.1 200")
    assert door.pressure.waiting == 0
