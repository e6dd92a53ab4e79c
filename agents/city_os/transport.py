"""How a request reaches a service: one small protocol, so that the same adapter speaks in process and over HTTP."""

from collections.abc import Mapping
from typing import Protocol

import msgspec


class Request(msgspec.Struct, frozen=True):
    """One HTTP request; ``url`` is absolute, or a path on the transport's own host; ``at_s`` is the scenario's time."""

    method: str
    url: str
    at_s: float = 0.0
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Response(msgspec.Struct, frozen=True):
    """One HTTP response; names of ``headers`` are in lower case, ``elapsed_s`` is wall time, 0 in process."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed_s: float = 0.0


class Transport(Protocol):
    """Sends a request and waits for its response."""

    def send(self, request: Request) -> Response:
        """Send a request.

        Raises:
            TransportFault: there was no response.
        """

    def close(self) -> None:
        """Let go of connections."""
