"""HTTP messages as they pass through a proxy: whole and in parts, hop by hop and end to end."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Header = tuple[bytes, bytes]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Fields that concern one connection. Source: RFC 9110, 7.6.1; RFC 2616, 13.5.1."""

AT_HEADER = b"citytwin-at-s"
"""Field by which a run tells a fault proxy the scenario's time (s); it is not passed on."""

PROXY_HEADER = b"citytwin-fault-proxy"
"""Field by which a fault proxy says in each answer that it is one."""


class ClientGone(Exception):
    """The client ended the connection before its request was whole."""


def end_to_end(headers: Iterable[Header], *, drop: frozenset[bytes] = frozenset()) -> list[Header]:
    """Fields that are passed on: not those of the connection, those that it names, nor ``drop``."""
    kept = list(headers)
    named = {
        token.strip().lower() for name, value in kept if name.lower() == b"connection" for token in value.split(b",")
    }
    return [(name, value) for name, value in kept if name.lower() not in HOP_BY_HOP | named | drop]


def value_of(headers: Iterable[Header], wanted: bytes) -> str:
    """The first value of a field, "" if there is none."""
    return next((value.decode("latin-1") for name, value in headers if name.lower() == wanted), "")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as an ASGI server hands it over; its body is read once, whole or in parts."""

    method: str
    target: str
    headers: tuple[Header, ...]
    receive: Receive

    @classmethod
    def of(cls, scope: Mapping[str, Any], receive: Receive) -> "Incoming":
        """The request of a scope; ``target`` is its path and query as they came."""
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        path = path if path.startswith("/") else f"/{path}"  # "*" of OPTIONS is no path (RFC 9110, 9.3.7)
        query = scope["query_string"].decode("latin-1")
        return cls(scope["method"], f"{path}?{query}" if query else path, tuple(scope["headers"]), receive)

    @property
    def authorization(self) -> str:
        """The Authorization field."""
        return value_of(self.headers, b"authorization")

    @property
    def has_body(self) -> bool:
        """Whether a body was announced (RFC 9112, 6.3)."""
        return value_of(self.headers, b"content-length") not in ("", "0") or bool(
            value_of(self.headers, b"transfer-encoding")
        )

    async def parts(self) -> AsyncIterator[bytes]:
        """The body as it comes.

        Raises:
            ClientGone: it does not come to its end.
        """
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            if message.get("body"):
                yield message["body"]
            if not message.get("more_body", False):
                return

    async def body(self) -> bytes:
        """The whole body.

        Raises:
            ClientGone: it does not come to its end.
        """
        return b"".join([part async for part in self.parts()])

    async def gone(self) -> None:
        """Wait until the client has ended the connection."""
        while (await self.receive())["type"] != "http.disconnect":
            pass
