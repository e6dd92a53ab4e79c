"""The generator's line, against a server whose every byte is known."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import msgspec
import pytest

from scenarios.load.calls import DEVICE, Setup
from scenarios.load.errors import ForbiddenHost
from scenarios.load.line import HttpLine, request_bytes
from scenarios.load.sender import Ask, Said

OK = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: "e"\r\n\r\n{}'


@dataclass
class Scripted:
    """Answers the n-th request with the n-th bytes; ``None`` hangs up instead. Connections are counted."""

    answers: list[bytes | None]
    heard: list[bytes] = field(default_factory=list)
    connections: int = 0
    url: str = ""
    closed: threading.Event = field(default_factory=threading.Event)

    def serve(self, listener: socket.socket) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                one, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(one,), daemon=True).start()

    def _talk(self, one: socket.socket) -> None:
        with one:
            while request := one.recv(65536):
                self.heard.append(request)
                answer = self.answers.pop(0)
                if answer is None:
                    return
                one.sendall(answer)
                if b"onnection: close" in answer:
                    break
        self.closed.set()


@contextmanager
def scripted(*answers: bytes | None) -> Iterator[Scripted]:
    """A server with its answers, on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Scripted(list(answers), url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread = threading.Thread(target=server.serve, args=(listener,), daemon=True)
        thread.start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@contextmanager
def line(**more: object) -> Iterator[HttpLine]:
    """A line to this machine."""
    setup = Setup("http://127.0.0.1", "", "k", {}, 2.0, 10)
    with closing(HttpLine(msgspec.structs.replace(setup, **more), [], 0.0)) as one:
        yield one


def asked(server: Scripted, method: str = "GET", body: str = "", owner: str = "") -> Ask:
    """A request."""
    return Ask("op", method, server.url + "/v1/x?y=1", {"accept": "a/b"}, body, owner)


def test_a_request_is_what_was_asked() -> None:
    """Byte for byte; a body has its length in bytes, and one that may be there is told to be empty."""
    ask = Ask("op", "POST", "", {"accept": "a/b"}, "雪", "")
    assert request_bytes(ask, "h:1", "/p") == (
        b"POST /p HTTP/1.1\r\nhost: h:1\r\naccept: a/b\r\ncontent-length: 3\r\n\r\n" + "雪".encode()
    )
    assert b"content-length: 0" in request_bytes(ask._replace(body=""), "h", "/")
    assert b"content-length" not in request_bytes(ask._replace(body="", method="GET"), "h", "/")


def test_connections_are_used_again_until_an_answer_ends_them() -> None:
    """Three requests, two connections; names of headers may be asked for in small letters."""
    closing = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
    with scripted(OK, closing, OK) as server, line() as at:
        said = [at.send(asked(server)) for _ in range(3)]
    assert ([one.status for one in said], server.connections) == ([200, 204, 200], 2)
    assert (said[0].headers["etag"], said[0].body) == ('"e"', b"{}")


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, b"{}"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", 200, b"abc"),
        (b'HTTP/1.1 304 Not Modified\r\nETag: "e"\r\n\r\n', 304, b""),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end", 200, b"to the end"),
    ],
)
def test_every_form_of_answer_is_read_to_its_end(answer: bytes, status: int, body: bytes) -> None:
    """With a length, in chunks, without a body, up to the end of the connection; after word that it is under way."""
    with scripted(answer) as server, line() as at:
        said = at.send(asked(server))
    assert (said.status, said.body) == (status, body)


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_what_breaks_off_is_told_and_never_sent_again(method: str) -> None:
    """However harmless it would be to ask once more: whoever measures a service must see it."""
    with scripted(OK, None, OK) as server, line() as at:
        said = [at.send(asked(server, method)) for _ in range(3)]
    assert [(one.status, one.fault) for one in said] == [(200, ""), (0, "closed"), (200, "")]
    assert len(server.heard) == 3


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"nonsense\r\n\r\n"])
def test_half_an_answer_is_none(answer: bytes) -> None:
    """Nor is what is no HTTP."""
    with scripted(answer) as server, line(timeout_s=0.2) as at:
        assert at.send(asked(server)).status == 0


def test_a_connection_that_was_closed_while_idle_is_not_used() -> None:
    """Servers close idle connections; that is no failure of the next request."""
    with scripted(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-connection: closes\r\n\r\n", OK) as server, line() as at:
        assert at.send(asked(server)).status == 200
        server.closed.wait()
        assert at.send(asked(server)).status == 200
    assert server.connections == 2


def test_each_device_may_have_a_connection_of_its_own() -> None:
    """Two devices, twice each: two connections where they are their own, one where they are shared."""
    for connections, count in ((DEVICE, 2), ("shared", 1)):
        with scripted(OK, OK, OK, OK) as server, line(connections=connections) as at:
            assert all(at.send(asked(server, owner=owner)).status == 200 for owner in "abab")
        assert server.connections == count


def test_nobody_there_is_refused_and_other_machines_are_not_asked() -> None:
    """A fault for the one; for the other, nothing is even looked up."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with line() as at:
        assert at.send(Ask("op", "GET", f"http://127.0.0.1:{port}/", {}, "", "")) == Said(0, b"", {}, "refused")
        with pytest.raises(ForbiddenHost):
            at.send(Ask("op", "GET", "http://city.example/", {}, "", ""))
