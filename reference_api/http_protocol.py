"""HTTP/1.1 as uvicorn speaks it, with bounds on the head of a request, before there is a request that could be refused.

What is no HTTP is told as a problem, like every other fault (contract C5).
"""

import asyncio
import socket
import struct
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

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

    Fields after the body (trailers) are no headers.
    """

    _is_in_head = False
    _head_bytes = 0
    _late: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """A client connected."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection ended."""
        self._arrived()
        self._was_read()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes came in."""
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
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """An answer was written; what of it the client has not taken lies in memory."""
        super().on_response_complete()
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
        cycle: Any = self.cycle
        if self.transport.is_closing():
            return
        if cycle is None or cycle.response_complete:
            self.send_400_response(why)
        else:
            self.transport.close()
