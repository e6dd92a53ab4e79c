"""The small town behind faults, in process; and what a test needs to make and count them."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import httpx2
from small_city import SmallCity, in_process, small_people

from agents.city_os.service import discover
from agents.city_os.transport import Request, Response, Transport
from agents.errors import NoConnection, NoReplyInTime
from scenarios.faults.callers import Callers
from scenarios.faults.form import AnyFault, FaultFile
from scenarios.faults.injection import CITIZEN, Asked, Injector
from scenarios.faults.log import FaultLog
from scenarios.faults.paths import Paths
from scenarios.faults.proxy import FaultProxy, Front
from scenarios.faults.transport import FaultyTransport, Terms
from scenarios.faults.whereabouts import Whereabouts


def asked(operation: str = "reportSafety", subject: str = "c0000001", at_s: float = 0.0, method: str = "POST") -> Asked:
    """A citizen's call."""
    return Asked(method, operation, subject, CITIZEN, "", at_s)


def injector(*faults: AnyFault, seed: int = 1) -> Injector:
    """Decides on some faults."""
    return Injector(FaultFile(seed=seed, fault=faults))


def behind(inner: Transport, *faults: AnyFault, terms: Terms | None = None) -> FaultyTransport:
    """Faults in front of the small town's city OS."""
    town, population = small_people()
    service = discover(inner)
    sandbox = service.document.sandbox
    assert sandbox is not None
    return FaultyTransport(
        inner,
        injector(*faults),
        Callers(tuple(sandbox.clients), Whereabouts.of(town, population)),
        Paths.of(service.document.api_base, {"token_endpoint": service.token_url}),
        terms=terms,
    )


def faulty_city(*faults: AnyFault, terms: Terms | None = None) -> tuple[SmallCity, FaultyTransport]:
    """The small town whose city OS stands behind faults."""
    town, population = small_people()
    transport = behind(in_process(town, population), *faults, terms=terms)
    return SmallCity.over(town, population, transport), transport


@dataclass
class Heard:
    """What a client of a proxy heard: status 0 where nothing; whether the connection was ended; its body in parts."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)
    dropped: bool = False

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(self.parts)

    def field(self, name: str) -> str:
        """A field of the head, "" if there is none."""
        return next((value.decode() for key, value in self.headers if key == name.encode()), "")


async def ask(
    proxy: FaultProxy, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> Heard:
    """Ask a proxy as an ASGI server would, its client leaving once the connection was ended or all was said."""
    heard, pending = Heard(), [{"type": "http.request", "body": body, "more_body": False}]
    path, _, query = target.partition("?")
    fields = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    if body:
        fields.append((b"content-length", str(len(body)).encode()))

    async def receive() -> dict[str, Any]:
        return pending.pop() if pending else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            heard.status, heard.headers = message["status"], list(message["headers"])
        elif message.get("body"):
            heard.parts.append(message["body"])

    def drop() -> None:
        heard.dropped = True

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": fields,
        "state": {"drop": drop},
    }
    await proxy(scope, receive, send)
    return heard


class ThroughProxy:
    """A transport of a run that goes through a fault proxy, without sockets; it tells the scenario's time."""

    def __init__(self, proxy: FaultProxy) -> None:
        self._proxy = proxy
        self._runner = asyncio.Runner()

    def send(self, request: Request) -> Response:
        """Send a request.

        Raises:
            NoConnection: the proxy ended the connection.
            NoReplyInTime: the proxy said nothing.
        """
        headers = {**request.headers, "citytwin-at-s": repr(request.at_s)}
        parts = urlsplit(request.url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        heard = self._runner.run(ask(self._proxy, request.method, target, headers, request.body))
        if heard.status:
            told = {name.decode(): value.decode() for name, value in heard.headers}
            return Response(heard.status, told, heard.body)
        raise NoConnection("dropped") if heard.dropped else NoReplyInTime("silent")

    def close(self) -> None:
        """End the loop."""
        self._runner.close()


class OverTransport(httpx2.AsyncBaseTransport):
    """Lets an HTTP client reach a run's transport; ``asked`` are the requests that it was given."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.asked: list[httpx2.Request] = []
        self.at_s = 0.0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer one request."""
        body = await request.aread()
        self.asked.append(request)
        headers = {name: value for name, value in request.headers.items() if name not in ("host", "content-length")}
        got = self._inner.send(Request(request.method, str(request.url), self.at_s, headers, body))
        return httpx2.Response(got.status, headers=dict(got.headers), stream=httpx2.ByteStream(got.body))


def proxy_before(
    inner: Transport, *faults: AnyFault, log: BinaryIO | None = None, now: Callable[[], float] = lambda: 0.0
) -> tuple[FaultProxy, OverTransport, list[float]]:
    """A fault proxy in front of the small town's city OS, what it asks of it, and the times it slept."""
    town, population = small_people()
    service = discover(inner)
    sandbox = service.document.sandbox
    assert sandbox is not None
    target, slept = OverTransport(inner), list[float]()

    async def sleep(time_s: float) -> None:
        slept.append(time_s)

    front = Front(
        injector(*faults),
        Callers(tuple(sandbox.clients), Whereabouts.of(town, population)),
        Paths.of(service.document.api_base, {"token_endpoint": service.token_url}),
        FaultLog(log, 1, is_live=True),
    )
    return FaultProxy("http://target.test", front, now=now, sleep=sleep, transport=target), target, slept
