"""AsgiTransport: a city OS in this process, called without sockets, threads or an event loop.

An app whose handlers never wait for anything outside themselves (inline SQLite, no thread pool) runs to its end in one
go, so its coroutine can be driven by hand. That is several times cheaper than an event loop, and deterministic.
"""

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote

from agents.city_os.transport import Request, Response
from agents.errors import SuspendedApp

Message = MutableMapping[str, Any]
AsgiApp = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]

logger = logging.getLogger(__name__)


class AsgiTransport:
    """Sends requests to an ASGI app in this thread.

    ``set_clock`` is told the scenario's time of each request first, so that the app lives in the town's time.
    """

    def __init__(
        self, app: AsgiApp, *, set_clock: Callable[[float], None] | None = None, host: str = "127.0.0.1"
    ) -> None:
        self._app = app
        self._set_clock = set_clock
        self._host = host

    def send(self, request: Request) -> Response:
        """Run the app on one request; an app that fails answers 500, as under a server.

        Raises:
            SuspendedApp: the app waited for something outside itself.
        """
        if self._set_clock is not None:
            self._set_clock(request.at_s)
        call = _Call(request.body)
        run = self._app(_scope(request, self._host), call.receive, call.send).__await__()
        try:
            next(run)
        except StopIteration:
            return call.response()
        except Exception:
            logger.exception("the app failed on %s %s", request.method, request.url)
            return call.response() if call.status else Response(500, {}, b"")
        run.close()
        raise SuspendedApp(
            f"the app waited for something outside itself on {request.method} {request.url}; "
            "an app in process must not use threads, timers or sockets: serve it over HTTP instead"
        )

    def close(self) -> None:
        """Nothing to let go of."""


class _Call:
    """The two ends of one ASGI call."""

    def __init__(self, body: bytes) -> None:
        self._pending: Message | None = {"type": "http.request", "body": body, "more_body": False}
        self.status = 0
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    async def receive(self) -> Message:
        """Give the whole body once; afterwards, the client is gone."""
        message, self._pending = self._pending, None
        return message if message is not None else {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take one part of the response."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
        elif message["type"] == "http.response.body":
            self._body.append(message.get("body", b""))

    def response(self) -> Response:
        """What the app sent."""
        return Response(self.status, self._headers, b"".join(self._body))


def _scope(request: Request, host: str) -> Message:
    # What follows the host: the first slash after the two of the scheme; urlsplit would cost ten times as much.
    url = request.url
    path, _, query = (url if url[0] == "/" else url[url.index("/", url.index("//") + 2) :]).partition("?")
    headers = [(b"host", host.encode()), (b"content-length", str(len(request.body)).encode())]
    headers += [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in request.headers.items()]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("latin-1"),
        "root_path": "",
        "query_string": query.encode("latin-1"),
        "headers": headers,
        "client": ("127.0.0.1", 0),
        "server": (host, 80),
    }
