"""Receiver: hears what a target sends to the suite (logout tokens, security event tokens), and serves it documents."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from conformance.outcomes import Misconfigured, Unmet
from conformance.plan import ReceiverPart
from conformance.target import is_loopback
from conformance.text import Text

WITHIN_S = 10.0
"""Longest wait for a message unless a clause says otherwise, in seconds. Confidence C."""

BODY_BYTES = 1024 * 1024
"""Greatest body that is read of a message. Source: contract C6 limits."""

SILENCE_S = 10.0
"""A connection over which nothing comes for so long is closed, in seconds. Confidence C."""

SET = "application/secevent+jwt"
"""Media type of a security event token. Source: RFC 8935 2.1."""

JSON = "application/json"

PATIENCE_S, POLL_S = 5.0, 0.1
"""How long a port that another program holds is waited for, and how often it is tried, in seconds. Confidence C."""


@dataclass(frozen=True)
class Message:
    """A request that the target sent to the suite; ``path`` is without its query, headers' names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """The media type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @cached_property
    def form(self) -> Mapping[str, str]:
        """The body as a form; empty where it is none."""
        return dict(parse_qsl(self.text, keep_blank_values=True))

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


Matches = Callable[[Message], Any]


class Receiver:
    """One listener's ear: what has come since it was opened. ``url`` is where the target reaches it, without a slash.

    Every receiver of an address hears all that comes there, so that listeners tell their messages apart by content.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.answer: Callable[[Message], int | None] = lambda _: None
        self._heard: list[Message] = []
        self._documents: dict[str, tuple[str, bytes]] = {}
        self._changed = threading.Condition()

    @property
    def messages(self) -> list[Message]:
        """All that has come, in order."""
        with self._changed:
            return list(self._heard)

    def wait(self, matches: Matches, within_s: float = WITHIN_S) -> Message | None:
        """The first message that matches, already there or to come within so many seconds; None if there is none."""
        return next(iter(self.gather(matches, within_s=within_s)), None)

    def gather(self, matches: Matches, *, count: int = 1, within_s: float = WITHIN_S) -> list[Message]:
        """Messages that match, as soon as there are so many, or those there are after so many seconds."""

        def found() -> list[Message]:
            return [message for message in self._heard if matches(message)]

        with self._changed:
            self._changed.wait_for(lambda: len(found()) >= count, timeout=within_s)
            return found()

    def forget(self) -> None:
        """Forget what has come so far."""
        with self._changed:
            self._heard.clear()

    def serve(self, path: str, body: bytes, media_type: str = JSON) -> str:
        """Serve a document by GET; its address."""
        self._documents[path] = (media_type, body)
        return self.url + path

    def hear(self, message: Message) -> None:
        """A message has come."""
        with self._changed:
            self._heard.append(message)
            self._changed.notify_all()

    def document(self, path: str) -> tuple[str, bytes] | None:
        """What is served at a path."""
        return self._documents.get(path)


class _Handler(BaseHTTPRequestHandler):
    timeout = SILENCE_S
    server: "_Post"

    def do_GET(self) -> None:
        """Serve a document."""
        found = self.server.document(self.path)
        self.server.hear(self._message(b""))
        self._reply(200 if found else 404, *(found or ("text/plain", b"")))

    def do_POST(self) -> None:
        """Take a message."""
        message = self._message(self._read())
        self._reply(self.server.hear(message), "text/plain", b"")

    def _message(self, body: bytes) -> Message:
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Message(self.command, urlsplit(self.path).path, headers, body)

    def _read(self) -> bytes:
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return b"".join(self._chunks())[:BODY_BYTES]
        told = self.headers.get("content-length", "0")
        return self.rfile.read(min(int(told) if told.isdigit() else 0, BODY_BYTES))

    def _chunks(self) -> Iterator[bytes]:
        left = BODY_BYTES
        while (size := _chunk_size(self.rfile.readline(1024))) and size <= left:
            yield self.rfile.read(size)
            self.rfile.readline(1024)
            left -= size

    def _reply(self, status: int, media_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


def _chunk_size(line: bytes) -> int:
    try:
        return int(line.partition(b";")[0], 16)
    except ValueError:
        return 0


class _Post(ThreadingHTTPServer):
    """A listening socket; the receivers that share it."""

    daemon_threads = True

    def __init__(self, host: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.receivers: list[Receiver] = []
        self.users = 0
        super().__init__((host, port), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="receiver", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it listens at."""
        return int(self.server_address[1])

    def hear(self, message: Message) -> int:
        """Pass a message on to every receiver; the status to answer with (RFC 8935 2.2: 202, BCL 2.8: 200)."""
        given = [status for one in list(self.receivers) if (status := one.answer(message)) is not None]
        for one in list(self.receivers):
            one.hear(message)
        return given[0] if given else 202 if message.media_type == SET else 200

    def document(self, path: str) -> tuple[str, bytes] | None:
        """What one of the receivers serves."""
        return next((found for one in list(self.receivers) if (found := one.document(path))), None)

    def close(self) -> None:
        """Listen no more."""
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever breaks off a connection is not heard."""


_posts: dict[tuple[str, int], _Post] = {}
_lock = threading.Lock()


@contextmanager
def receiver(part: ReceiverPart, at: str = "") -> Iterator[Receiver]:
    """Listen where the plan says; ``at``: an address that the target already sends to, which must lead here.

    Where another program holds the port and the plan's address is on this machine, a free port is taken instead.

    Raises:
        Unmet: The plan has no address, or the one that is needed leads elsewhere or is held by another program.
        Misconfigured: The plan's port cannot be had.
    """
    url, host, port = _place(part, at)
    with _listening(host, port, may_move=not at and is_loopback(url)) as post:
        ear = Receiver(url if port == post.port else f"{urlsplit(url).scheme}://{_named(host)}:{post.port}")
        post.receivers.append(ear)
        try:
            yield ear
        finally:
            post.receivers.remove(ear)


@contextmanager
def _listening(host: str, port: int, *, may_move: bool) -> Iterator[_Post]:
    with _lock:
        post = _posts.get((host, port)) or _opened(host, port, may_move=may_move)
        _posts[host, post.port] = post
        post.users += 1
    try:
        yield post
    finally:
        with _lock:
            post.users -= 1
            if not post.users:
                del _posts[host, post.port]
                post.close()


def _opened(host: str, port: int, *, may_move: bool) -> _Post:
    """Open a socket; another program that holds the port is waited for where no other port will do."""
    until_s = time.monotonic() + (0 if may_move else PATIENCE_S)
    while True:
        try:
            return _Post(host, port)
        except OSError as reason:
            if may_move and port:
                return _opened(host, 0, may_move=True)
            if time.monotonic() > until_s:
                raise _held(host, port, reason) from reason
        time.sleep(POLL_S)


def _place(part: ReceiverPart, at: str) -> tuple[str, str, int]:
    """The address that the target sends to, and host and port to listen at."""
    if not part.url:
        raise Unmet(
            Text(
                "the target cannot reach the suite: set url and bind of [receiver] in the plan",
                "対象が検査側に届かない。計画の[receiver]のurlとbindを設定する",
            )
        )
    bound = urlsplit(f"//{part.bind}")
    place = (part.url.rstrip("/"), bound.hostname or "127.0.0.1", bound.port or 0)
    if not at or at.startswith((place[0] + "/", place[0] + "?")) or at == place[0]:
        return place
    named = urlsplit(at)
    if is_loopback(at) and named.scheme == "http" and is_loopback(part.url):
        return f"http://{named.netloc}", named.hostname or "", named.port or 80
    raise Unmet(
        Text(
            f"the target sends to {at}, and the plan's [receiver] is at {part.url}: give the client an address there",
            f"対象の送り先は {at} で、計画の[receiver]は {part.url} にある。クライアントの送り先をそこに登録する",
        )
    )


def _held(host: str, port: int, reason: OSError) -> Misconfigured:
    return Misconfigured(
        Text(
            f"cannot listen at {host}:{port} ({reason.strerror}): change bind of [receiver], or stop the program there",
            f"{host}:{port} で待ち受けられない({reason.strerror})。"
            "[receiver]のbindを変えるか、使用中のプログラムを止める",
        )
    )


def _named(host: str) -> str:
    return f"[{host}]" if ":" in host else host
