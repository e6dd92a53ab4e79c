"""Connections: heads without an end, heads that never come, what is no HTTP, and who asks for a WebSocket."""

import json
import select
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from reference_api import http_protocol
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
    with socket.create_server(("127.0.0.1", 0)) as bound:
        server = uvicorn.Server(uvicorn.Config(_echo, **{**_UVICORN, "lifespan": "off"}))
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
