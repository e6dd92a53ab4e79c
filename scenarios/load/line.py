"""Line: requests over HTTP/1.1 on gevent's sockets, as light as they can be, and none of them sent twice.

The clients that locust brings repeat a GET, PUT or DELETE whose connection broke, as often as their pool is wide, and
say nothing of it: what a service broke off would be hidden from whoever measures it.
"""

import socket
from collections import defaultdict
from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import urlsplit

import gevent
import gevent.socket
import gevent.ssl
import httptools
from gevent.pool import Group

from scenarios.load.calls import DEVICE, Setup
from scenarios.load.clock import steady_s
from scenarios.load.hosts import check_host
from scenarios.load.sender import Ask, Said, fault_kind

READ_BYTES = 1 << 16
CARRIES_A_BODY = frozenset(("POST", "PUT", "PATCH"))
"""Methods that tell the length of their body although it is none. Source: RFC 9110, 8.6."""

LOWEST_FINAL = 200
"""Statuses below tell only that an answer is under way. Source: RFC 9110, 15.2."""

Heard = Callable[[str, str, float, Said], None]
"""Told of every request that was answered or failed: its name, method, how long it took (s), and what came back."""


class Answer:
    """What a parser makes of the bytes of one answer."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.begin()

    def begin(self) -> None:
        """Nothing of it is there yet."""
        self.headers: dict[str, str] = {}
        self.parts: list[bytes] = []
        self.is_whole = self.keeps_open = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """All headers."""
        self.keeps_open = bool(self.parser.should_keep_alive())

    def on_body(self, body: bytes) -> None:
        """Some of the body."""
        self.parts.append(body)

    def on_message_complete(self) -> None:
        """All of it is there, unless it only told that more is under way."""
        if self.parser.get_status_code() < LOWEST_FINAL:
            self.headers = {}
        else:
            self.is_whole = True

    def ends_with_its_connection(self) -> bool:
        """Whether nothing but the end of the connection tells where its body ends."""
        lengths = ("content-length", "transfer-encoding")
        return bool(self.headers) and not any(name in self.headers for name in lengths)


class Connection:
    """One connection, for one request at a time."""

    def __init__(self, sock: Any, *, timeout_s: float) -> None:
        self._sock = sock
        self._timeout_s = timeout_s
        self._answer = Answer()

    def ask(self, request: bytes) -> Said:
        """Send a request and read all of its answer.

        Raises:
            OSError: the connection broke.
            httptools.HttpParserError: what came is no answer.
        """
        answer, sock = self._answer, self._sock
        answer.begin()
        sock.sendall(request)
        while not answer.is_whole:
            data = sock.recv(READ_BYTES)
            if data:
                answer.parser.feed_data(data)
            elif answer.ends_with_its_connection():
                break
            else:
                raise ConnectionResetError("closed before the answer was whole")
        return Said(answer.parser.get_status_code(), b"".join(answer.parts), answer.headers)

    @property
    def goes_on(self) -> bool:
        """Whether it can take another request."""
        return self._answer.is_whole and self._answer.keeps_open

    @property
    def is_open(self) -> bool:
        """Whether the other end has not closed it by now."""
        if isinstance(self._sock, gevent.ssl.SSLSocket):
            return True
        self._sock.settimeout(0.0)
        try:
            self._sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        else:
            # An end, or words that nobody asked for.
            return False
        finally:
            self._sock.settimeout(self._timeout_s)

    def close(self) -> None:
        """End it."""
        self._sock.close()


class Origin:
    """Where a scheme, host and port are reached; idle connections by their owners, the one used last on top."""

    def __init__(self, address: str, timeout_s: float) -> None:
        parts = urlsplit(address)
        is_tls = parts.scheme == "https"
        self._place = (parts.hostname or "", parts.port or (443 if is_tls else 80))
        self._tls = gevent.ssl.create_default_context() if is_tls else None
        self._timeout_s = timeout_s
        self._addresses: list[Any] = []
        self._idle: dict[str, list[Connection]] = defaultdict(list)
        self.host = parts.netloc.rpartition("@")[2]

    def connection(self, owner: str) -> Connection:
        """An idle connection of an owner, or a new one.

        Raises:
            OSError: nobody is there.
        """
        idle = self._idle[owner]
        while idle:
            one = idle.pop()
            if one.is_open:
                return one
            one.close()
        if not self._addresses:
            self._addresses = gevent.socket.getaddrinfo(*self._place, type=socket.SOCK_STREAM)
        sock = self._reach()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is not None:
            sock = self._tls.wrap_socket(sock, server_hostname=self._place[0])
        return Connection(sock, timeout_s=self._timeout_s)

    def _reach(self) -> Any:
        """A socket to the first address that answers; the name is looked up once.

        Raises:
            OSError: none does.
        """
        for number, (family, kind, protocol, _, address) in enumerate(self._addresses, start=1):
            sock = gevent.socket.socket(family, kind, protocol)
            sock.settimeout(self._timeout_s)
            try:
                sock.connect(address)
            except OSError:
                sock.close()
                if number == len(self._addresses):
                    raise
            else:
                return sock
        raise OSError

    def give_back(self, owner: str, one: Connection) -> None:
        """Keep a connection for the owner's next request, if it can take one."""
        if one.goes_on:
            self._idle[owner].append(one)
        else:
            one.close()

    def close(self) -> None:
        """End all idle connections."""
        for idle in self._idle.values():
            for one in idle:
                one.close()


class HttpLine:
    """Where the generator's requests go: a greenlet for each, over connections that are shared or each device's own."""

    def __init__(self, setup: Setup, hosts: Collection[str], start_s: float, heard: Heard | None = None) -> None:
        self._setup = setup
        self._hosts = hosts
        self._start_s = start_s
        self._heard = heard
        self._origins: dict[str, Origin] = {}
        self.pool = Group()

    def send(self, ask: Ask) -> Said:
        """Send a request and wait for all of its answer, so long as it may take."""
        begun_s = steady_s()
        said = self._send(ask)
        if self._heard is not None:
            self._heard(ask.name, ask.method, steady_s() - begun_s, said)
        return said

    def close(self) -> None:
        """End all that is under way, and all connections."""
        self.pool.kill()
        for one in self._origins.values():
            one.close()

    def _send(self, ask: Ask) -> Said:
        at = ask.url.find("/", len("https://"))
        address, path = (ask.url[:at], ask.url[at:]) if at >= 0 else (ask.url, "/")
        origin = self._origins.get(address) or self._origin(address)
        owner = ask.owner if self._setup.connections == DEVICE else ""
        one = None
        try:
            with gevent.Timeout(self._setup.timeout_s, TimeoutError):
                one = origin.connection(owner)
                said = one.ask(request_bytes(ask, origin.host, path))
        except (OSError, httptools.HttpParserError) as fault:
            if one is not None:
                one.close()
            return Said(0, b"", {}, fault_kind(fault))
        origin.give_back(owner, one)
        return said

    def _origin(self, address: str) -> Origin:
        """A place that was not asked before.

        Raises:
            ForbiddenHost: it is not this machine, and nobody said that it may be loaded.
        """
        check_host(address, self._hosts)
        return self._origins.setdefault(address, Origin(address, self._setup.timeout_s))

    def start(self, work: Callable[..., None], *arguments: object) -> None:
        """A greenlet for each request."""
        self.pool.spawn(work, *arguments)

    def now_s(self) -> float:
        """Seconds since the beginning."""
        return steady_s() - self._start_s


def request_bytes(ask: Ask, host: str, path: str) -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{ask.method} {path} HTTP/1.1\r\nhost: {host}\r\n"]
    lines += [f"{name}: {value}\r\n" for name, value in ask.headers.items()]
    body = ask.body.encode()
    if body or ask.method in CARRIES_A_BODY:
        lines.append(f"content-length: {len(body)}\r\n")
    return "".join(lines).encode("latin-1") + b"\r\n" + body
