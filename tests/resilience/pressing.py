"""Requests at their times, whatever the answers do, over as many connections as there are requests under way.

Sockets and epoll, without an event loop of tasks: whoever presses must not take more time than who is pressed.
"""

import resource
import select
import socket
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

_OTHER_FILES = 500
"""Files that a load tool's process needs beside its connections. Source: none."""

_SOURCES = 8
"""Addresses of this machine's own (127.0.0.0/8, RFC 1122) from which connections are made by turns. From one of them to
one server Linux finds the next free port at once for half of its 28,232 (net.ipv4.ip_local_port_range); then it looks
through all of them, 0.8 ms a connection instead of 0.02 as measured here."""

_IP_BIND_ADDRESS_NO_PORT = 24
"""Source: Linux, include/uapi/linux/in.h: the port is chosen with the connection, not with the address."""

_AT_ONCE = 64
"""Requests that leave before answers are looked for, and answers before requests leave. Source: none."""


@dataclass(slots=True)
class Asked:
    """One request: its class, operation, when it was due and answered (s from the beginning), and what came.

    ``status`` 0: no answer, or no connection was free.
    """

    service_class: str
    operation: str
    due_s: float
    done_s: float = -1.0
    status: int = 0
    retry_after: bool = False

    @property
    def latency_s(self) -> float:
        """From the time at which it was due."""
        return self.done_s - self.due_s


@dataclass(slots=True, eq=False)
class Line:
    """One keep-alive connection with at most one request under way, ``unsent`` as long as it is being made."""

    socket: socket.socket
    asked: Asked | None = None
    unsent: bytes = b""
    buffer: bytes = b""

    def send(self) -> None:
        """Send what is unsent: less than a socket's buffer takes at once."""
        sent = self.socket.send(self.unsent)
        assert sent == len(self.unsent)
        self.unsent = b""

    def receive(self) -> bool:
        """Read what came; whether an answer is there as a whole, which is then noted.

        Raises:
            OSError: The connection ended.
        """
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionResetError
        self.buffer = self.buffer + data if self.buffer else data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0 or self.asked is None:
            return False
        head = self.buffer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self.buffer) < end + 4 + length:
            return False
        self.buffer = b""
        self.asked.status, self.asked.retry_after = int(head[9:12]), b"\r\nretry-after:" in head
        return True


@dataclass
class Press:
    """A load on a server on this machine; ``asked`` is what came of it, ``lags_s`` how late requests left.

    ``most_waiting`` is how many requests may be without an answer at once, as far as there are files for them: each has
    a connection.
    ``_free`` are connections that wait for their next request, who has waited longest first, so that all go on being
    used: as many people as there are, not a few who ask again and again. ``_waiting`` counts the others.
    """

    port: int
    most_waiting: int
    asked: list[Asked] = field(default_factory=list)
    lags_s: list[float] = field(default_factory=list)
    _free: OrderedDict[int, Line] = field(default_factory=OrderedDict)
    _waiting: int = 0
    _lines: dict[int, Line] = field(default_factory=dict)
    _ready: select.epoll = field(default_factory=select.epoll)
    _began_s: float = field(default_factory=time.monotonic)

    def open_loop(self, due: Iterable[tuple[float, Asked, bytes]]) -> None:
        """Send all requests at their times (s from now), and wait for the answers."""
        self._began_s = time.monotonic()
        most = min(self.most_waiting, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _OTHER_FILES)
        behind = 0
        for due_s, asked, request in due:
            wait_s = due_s - self._now_s()
            while wait_s > 0.0 or behind == _AT_ONCE:
                self._listen(max(wait_s, 0.0))
                wait_s, behind = due_s - self._now_s(), 0
            behind += 1
            self.lags_s.append(-wait_s)
            self.asked.append(asked)
            if self._waiting < most:
                self._send(self._take_free(), asked, request)
        while self._waiting:
            self._listen(None)

    def closed_loop(self, requests: Sequence[tuple[Asked, bytes]], connections: int) -> float:
        """Send requests as fast as the answers come over so many connections; answers a second."""
        self._began_s = time.monotonic()
        pending = iter(requests)
        for asked, request in islice(pending, connections):
            self._send(None, asked, request)
        while self._waiting:
            self._listen(None, pending)
        return len(requests) / self._now_s()

    def leave(self) -> None:
        """Let go of all connections."""
        for line in self._free.values():
            line.socket.close()
        self._ready.close()

    def _now_s(self) -> float:
        return time.monotonic() - self._began_s

    def _take_free(self) -> Line | None:
        """The connection that has waited longest, None if there is none."""
        return self._free.popitem(last=False)[1] if self._free else None

    def _send(self, line: Line | None, asked: Asked, request: bytes) -> None:
        """Send a request over a connection that is free, or over a new one."""
        self._waiting += 1
        if line is None:
            self._connect(asked, request)
            return
        line.asked, line.unsent = asked, request
        try:
            line.send()
        except OSError:
            self._end(line)

    def _connect(self, asked: Asked, request: bytes) -> None:
        """Make a connection and send a request over it, at once if the server's machine has taken it up already."""
        line = Line(socket.socket(), asked, request)
        line.socket.settimeout(0.0)
        line.socket.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
        line.socket.bind((f"127.0.0.{2 + len(self._lines) % _SOURCES}", 0))
        line.socket.connect_ex(("127.0.0.1", self.port))
        self._lines[line.socket.fileno()] = line
        try:
            line.send()
        except OSError:
            # Not yet, or never: epoll tells.
            self._ready.register(line.socket, select.EPOLLOUT)
        else:
            self._ready.register(line.socket, select.EPOLLIN)

    def _listen(self, wait_s: float | None, pending: Iterator[tuple[Asked, bytes]] | None = None) -> None:
        """Take what has come, or comes within this time; who has an answer sends what is ``pending``."""
        for number, _ in self._ready.poll(wait_s, _AT_ONCE):
            line = self._lines[number]
            try:
                if line.unsent:
                    line.send()
                    self._ready.modify(line.socket, select.EPOLLIN)
                elif line.receive():
                    self._answered(line, pending)
            except OSError:
                self._end(line)

    def _answered(self, line: Line, pending: Iterator[tuple[Asked, bytes]] | None) -> None:
        assert line.asked is not None
        line.asked.done_s, line.asked = self._now_s(), None
        self._waiting -= 1
        following = next(pending, None) if pending is not None else None
        if following is None:
            self._free[line.socket.fileno()] = line
        else:
            self._send(line, *following)

    def _end(self, line: Line) -> None:
        """A connection ended; what was asked over it has no answer."""
        number = line.socket.fileno()
        self._ready.unregister(line.socket)
        del self._lines[number]
        line.socket.close()
        if line.asked is None:
            del self._free[number]
        else:
            line.asked.done_s = self._now_s()
            self._waiting -= 1
