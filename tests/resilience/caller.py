"""One keep-alive connection that sends prepared bytes and reads answers, and is opened anew when it was lost."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

LOST = 0
"""Status of a request without an answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status (0: none came) and body of an answer, and for how long not to ask again (s)."""

    status: int
    body: bytes = b""
    retry_after_s: float | None = None


def raw(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines += [] if "content-type" in headers else ["content-type: application/json"]
        lines.append(f"content-length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class Caller:
    """A connection to a server on this machine."""

    def __init__(self, port: int, timeout_s: float = 30.0) -> None:
        self._port, self._timeout_s = port, timeout_s
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> Answer:
        """The answer to a request; ``LOST`` where the connection or the time ended before it came."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._ask(request)
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return Answer(LOST)

    async def _ask(self, request: bytes) -> Answer:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        body = await self._reader.readexactly(int(_field(head, b"content-length") or 0))
        if _field(head, b"connection") == b"close":
            self.close()
        wait = _field(head, b"retry-after")
        return Answer(int(head[9:12]), body, None if wait is None else float(wait))

    def close(self) -> None:
        """Let go of the connection."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


def _field(head: bytes, name: bytes) -> bytes | None:
    """The value of a header field in a head of small letters."""
    at = head.find(b"\r\n" + name + b":")
    if at < 0:
        return None
    at += len(name) + 3
    return head[at : head.index(b"\r\n", at)].strip()
