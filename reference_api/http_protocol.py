"""HTTP/1.1 as uvicorn speaks it, with bounds on the head of a request, before there is a request that could be refused.

What is no HTTP is told as a problem, like every other fault (contract C5).
"""

import asyncio
import socket
import struct
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from reference_api.door import STATE, Door
from reference_api.errors import ApiError

MAX_HEAD_BYTES = 64 * 1024
"""Of a request's first line and header fields together. Source: none; above what proxies in front of a server pass on
(8 to 32 kB). Confidence C."""

HEAD_TIMEOUT_S = 30.0
"""How long a head may take, from the connection or its first byte on. Source: none; as ``request_timeout_s``.
Confidence C."""


UNREAD_TIMEOUT_S = 60.0
"""How long answers may lie unread. Source: none; a megabyte at 0.14 Mbit/s, half a congested mobile cell.
Confidence C."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. A head that is too long or too slow ends it, and so do answers that nobody reads.

    Fields after the body (trailers) are no headers. What the door answers does not come in: its body is passed over.
    """

    _is_in_head = False
    _head_bytes = 0
    _door: Door | None = None
    _inside = 0
    """Requests that were let in, are there as a whole, and have no answer yet."""
    _is_answered = False
    """Whether what comes in is the rest of a request that the door has answered."""
    _held: list[bytes] | None = None
    """What has arrived and waits for its turn."""
    _rested_s = 0.0
    _rest: asyncio.TimerHandle | None = None
    _late: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """A client connected."""
        super().connection_made(transport)
        self._door = self.app_state.get(STATE)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection ended."""
        self._arrived()
        self._was_read()
        if self._rest is not None:
            self._rest.cancel()
        if self._door is not None:
            self._door.pressure.waiting -= self._inside
            self._inside = 0
        self._held = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes came in."""
        if self._held is not None:
            # More than a head at once is seldom; then no more is read before it is this connection's turn.
            self._held.append(data)
            self.transport.pause_reading()
        elif self._door is None or self._door.intake.takes(self.loop):
            self._handle(data)
        else:
            self._held = [data]
            is_urgent = not self._is_between_requests or self._door.is_urgent(data)
            self._door.intake.wait(self, self.loop.time(), is_urgent=is_urgent)

    def go_on(self) -> None:
        """Handle what came in before it was this connection's turn."""
        held, self._held = self._held, None
        if held is None or self.transport.is_closing():
            return
        if len(held) > 1 and not self.flow.read_paused:
            self.transport.resume_reading()
        self._handle(b"".join(held))

    def _handle(self, data: bytes) -> None:
        super().data_received(data)
        if not self._is_in_head:
            if self._late is not None:
                self._arrived()
            return
        self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse("the head of the request is too long")
        elif self._late is None:
            self._wait()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._is_in_head, self._head_bytes = True, 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header field was read."""
        if self._is_in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head of a request is there."""
        self._is_in_head = False
        if self._door is None or not self._answered_by(self._door):
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Part of a body came."""
        if not self._is_answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """All of a request is there."""
        if self._is_answered:
            self._is_answered = False
            return
        if self._door is not None and not self.cycle.response_complete:
            self._inside += 1
            self._door.pressure.waiting += 1
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer was written; what of it the client has not taken lies in memory."""
        if self._inside and self._door is not None:
            self._inside -= 1
            self._door.pressure.waiting -= 1
        super().on_response_complete()
        self._look_at_unread()

    def _answered_by(self, door: Door) -> bool:
        """Whether the door has answered a request. Where answers wait for others, it comes in."""
        if self._is_busy or self.flow.write_paused or self.expect_100_continue or self.parser.should_upgrade():
            return False
        if self.parser.get_http_version() != "1.1":
            return False
        now_s = self.loop.time()
        answer = door.answer(self.parser.get_method(), self.url, self.headers, now_s)
        if answer is None:
            return False
        line, rest = answer
        is_kept = self.parser.should_keep_alive()
        end = b"" if is_kept else b"connection: close\r\n"
        self.transport.write(b"".join([line, door.fields(self.server_state.default_headers), end, rest]))
        self.server_state.total_requests += 1
        self._is_answered = True
        if is_kept:
            self._rest_from(now_s)
        else:
            self.transport.close()
        self._look_at_unread()
        return True

    @property
    def _is_between_requests(self) -> bool:
        """Whether what comes next is the beginning of a request."""
        cycle: Any = self.cycle
        return not (self._is_in_head or self._is_answered or (cycle is not None and cycle.more_body))

    @property
    def _is_busy(self) -> bool:
        """Whether a request is being answered."""
        cycle: Any = self.cycle
        return cycle is not None and not cycle.response_complete

    def _rest_from(self, now_s: float) -> None:
        """Let the connection rest after an answer of the door: one timer for many of them, as they come fast."""
        self._rested_s = now_s
        if self._rest is None:
            self._rest = self.loop.call_later(self.timeout_keep_alive, self._end_rest)

    def _end_rest(self) -> None:
        """End the connection if nothing came since, or no end of what the door answered."""
        self._rest = None
        if self._is_busy or self._late is not None or self.timeout_keep_alive_task is not None:
            return
        length_s = HEAD_TIMEOUT_S if self._is_answered else self.timeout_keep_alive
        left_s = self._rested_s + length_s - self.loop.time()
        if left_s > 0.0:
            self._rest = self.loop.call_later(left_s, self._end_rest)
        elif not self.transport.is_closing():
            self.transport.close()

    def _look_at_unread(self) -> None:
        """Begin to wait for a client that has not taken all yet."""
        if not self.transport.get_write_buffer_size():
            self._was_read()
        elif self._unread is None:
            self._unread = self.loop.call_later(UNREAD_TIMEOUT_S, self._end_unread)

    def send_400_response(self, msg: str) -> None:
        """Answer what cannot be read, and close."""
        body = ApiError("malformed-request", msg).body()
        self.transport.write(
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\ncontent-length: %d\r\n"
            b"connection: close\r\n\r\n%s" % (len(body), body)
        )
        self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: it is no fault of this server, and anybody could fill the log with it."""

    def _wait(self) -> None:
        self._late = self.loop.call_later(HEAD_TIMEOUT_S, self._refuse, "the head of the request took too long")

    def _arrived(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _was_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _end_unread(self) -> None:
        """End the connection of a client that does not read; it has nothing to be told."""
        self._unread = None
        if self.transport.get_write_buffer_size():
            # What the kernel has taken over is given up too. Source: POSIX, setsockopt, SO_LINGER of no time.
            connection: Any = self.transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()

    def _refuse(self, why: str) -> None:
        """End the connection; told why unless an earlier request is still being answered."""
        if self.transport.is_closing():
            return
        if not self._is_busy:
            self.send_400_response(why)
        else:
            self.transport.close()
