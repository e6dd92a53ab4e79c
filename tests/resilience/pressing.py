"""Requests at their times, whatever the answers do, over as many connections as there are requests under way."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import cast

MOST_WAITING = 10_000
"""Requests that may be without an answer at once. Source: none; so many that as a rule the load tool never keeps one
back while an answer within the second of the objective may still come. Confidence C."""


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


class Line(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, free: Callable[["Line"], None]) -> None:
        self._free = free
        self._buffer = b""
        self._asked: Asked | None = None
        self._answered: Callable[[Asked], None] = lambda _: None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self.transport = cast("asyncio.Transport", transport)

    def send(self, asked: Asked, request: bytes, answered: Callable[[Asked], None]) -> None:
        """Send a request; ``answered`` is told when its answer is there, or cannot come."""
        assert self.transport is not None
        self._asked, self._answered = asked, answered
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Part of an answer came."""
        self._buffer = self._buffer + data if self._buffer else data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or self._asked is None:
            return
        head = self._buffer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._buffer) < end + 4 + length:
            return
        self._buffer = b""
        asked, self._asked = self._asked, None
        asked.status, asked.retry_after = int(head[9:12]), b"\r\nretry-after:" in head
        self._answered(asked)
        self._free(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection ended."""
        del exc
        self.transport = None
        if self._asked is not None:
            asked, self._asked = self._asked, None
            self._answered(asked)


@dataclass
class Press:
    """A load on a server on this machine; ``asked`` is what came of it, ``lags_s`` how late requests left.

    ``_free`` are connections that wait for their next request, ``_open`` counts all.
    """

    port: int
    asked: list[Asked] = field(default_factory=list)
    lags_s: list[float] = field(default_factory=list)
    _free: list[Line] = field(default_factory=list)
    _waiting: int = 0
    _all_sent: bool = False
    _all_answered: asyncio.Event = field(default_factory=asyncio.Event)

    async def open_loop(self, due: Iterable[tuple[float, Asked, bytes]]) -> None:
        """Send all requests at their times (s from now), and wait for the answers."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        for due_s, asked, request in due:
            wait_s = began_s + due_s - loop.time()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            self.lags_s.append(loop.time() - began_s - due_s)
            self._send(asked, request, began_s)
        self._all_sent = True
        if self._waiting:
            await self._all_answered.wait()

    def _send(self, asked: Asked, request: bytes, began_s: float) -> None:
        self.asked.append(asked)
        if self._waiting >= MOST_WAITING:
            return
        self._waiting += 1
        loop = asyncio.get_running_loop()

        def answered(one: Asked) -> None:
            one.done_s = loop.time() - began_s
            self._waiting -= 1
            if self._all_sent and not self._waiting:
                self._all_answered.set()

        while self._free:
            line = self._free.pop()
            if line.transport is not None and not line.transport.is_closing():
                line.send(asked, request, answered)
                return
        self._connect(asked, request, answered)

    def _connect(self, asked: Asked, request: bytes, answered: Callable[[Asked], None]) -> None:
        async def connect() -> None:
            loop = asyncio.get_running_loop()
            try:
                _, line = await loop.create_connection(lambda: Line(self._free.append), "127.0.0.1", self.port)
            except OSError:
                answered(asked)
                return
            line.send(asked, request, answered)

        task = asyncio.ensure_future(connect())
        _TASKS.add(task)
        task.add_done_callback(_TASKS.discard)

    async def closed_loop(self, requests: Sequence[tuple[Asked, bytes]], connections: int) -> float:
        """Send requests as fast as the answers come over so many connections; answers a second."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        pending = iter(requests)
        done = asyncio.Event()
        left = len(requests)

        def go_on(line: Line) -> None:
            following = next(pending, None)
            if following is not None:
                line.send(*following, answered)

        def answered(one: Asked) -> None:
            nonlocal left
            one.done_s = loop.time() - began_s
            left -= 1
            if not left:
                done.set()

        for _ in range(connections):
            _, line = await loop.create_connection(lambda: Line(go_on), "127.0.0.1", self.port)
            go_on(line)
        await done.wait()
        return len(requests) / (loop.time() - began_s)

    def leave(self) -> None:
        """Let go of all connections."""
        for line in self._free:
            if line.transport is not None:
                line.transport.close()


_TASKS: set["asyncio.Future[None]"] = set()
"""Connections being made; the event loop alone would forget them."""
