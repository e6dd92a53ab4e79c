"""``citytwin fault-proxy``: looks at the target, puts the proxy together and serves it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import httpx2
import msgspec
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from agents.city_os.messages import CityOsDocument, SandboxClient
from agents.city_os.service import DISCOVERY_PATH, OPENID_PATH
from scenarios.errors import UnusableFaultTarget, UnwritableFile
from scenarios.faults.callers import Callers
from scenarios.faults.form import FaultFile
from scenarios.faults.injection import Injector
from scenarios.faults.log import FaultLog
from scenarios.faults.paths import Paths
from scenarios.faults.proxy import FaultProxy, Front
from scenarios.faults.whereabouts import Whereabouts
from scenarios.language import Text

TIMEOUT_S = 10.0
"""How long a target may take to say what it is. Source: as agents.city_os.connect. Confidence C."""


@dataclass(frozen=True, slots=True)
class FaultTarget:
    """What a service says of itself; an empty ``api_base`` where it says nothing that the contract knows."""

    url: str
    issuer: str = ""
    api_base: str = ""
    clients: tuple[SandboxClient, ...] = ()
    provider: Mapping[str, Any] | None = None

    def leads_past(self, proxy_url: str) -> bool:
        """Whether who reads the discovery document goes past a proxy at this address."""
        return bool(self.api_base) and _origin(self.api_base) != _origin(proxy_url)


class DroppableProtocol(HttpToolsProtocol):
    """A connection that the app can end without an answer: by ``drop`` in the state of its requests."""

    def connection_made(self, transport: Any) -> None:
        """A client connected."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "drop": transport.abort}

    def shutdown(self) -> None:
        """The server ends: nobody waits for an answer that a fault holds back."""
        cycle: Any = self.cycle
        if cycle is None or cycle.response_complete:
            super().shutdown()
        else:
            self.transport.abort()


def look_at(url: str, transport: httpx2.BaseTransport | None = None) -> FaultTarget:
    """What stands at a target's address.

    Raises:
        UnusableFaultTarget: nobody answers, or it serves real people.
    """
    try:
        with httpx2.Client(base_url=url, timeout=TIMEOUT_S, transport=transport, trust_env=False) as client:
            answer = client.get(DISCOVERY_PATH)
            provider = _table(client.get(OPENID_PATH))
    except httpx2.HTTPError as reason:
        raise UnusableFaultTarget(url, Text(f"応答がない({reason})", f"nobody answers ({reason})")) from reason
    try:
        said = msgspec.json.decode(answer.content, type=CityOsDocument)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return FaultTarget(url, provider=provider)
    if said.environment == "production":
        why = Text("本番と名乗っている。実在の住民のサービスの前に故障は置かない", "it says that it is in production")
        raise UnusableFaultTarget(url, why)
    clients = tuple(said.sandbox.clients) if said.sandbox else ()
    return FaultTarget(url, said.issuer, said.api_base, clients, provider)


def _table(answer: httpx2.Response) -> Mapping[str, Any]:
    try:
        said = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return said if isinstance(said, dict) else {}


def proxy_of(
    target: FaultTarget,
    file: FaultFile,
    places: Whereabouts,
    log: BinaryIO | None,
    *,
    now: Callable[[], float],
    rename_to: str | None = None,
) -> FaultProxy:
    """The proxy in front of a target; ``rename_to`` is its own address, to stand in discovery documents."""
    front = Front(
        Injector(file),
        Callers(target.clients, places),
        Paths.of(target.api_base, target.provider or {}),
        FaultLog(log, file.seed, is_live=True),
    )
    rename = (_origin(target.url).encode(), rename_to.encode()) if rename_to else None
    return FaultProxy(target.url, front, now=now, rename=rename)


def clock_from(at_s: float) -> Callable[[], float]:
    """Seconds of the scenario: ``at_s`` now, and on at the pace of the wall."""
    began_s = time.monotonic()
    return lambda: at_s + time.monotonic() - began_s


def serve_proxy(proxy: FaultProxy, host: str, port: int) -> None:
    """Serve until interrupted; what is under way is given a second."""
    uvicorn.run(
        proxy,
        host=host,
        port=port,
        http=DroppableProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        date_header=False,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def open_log(path: Path) -> BinaryIO:
    """The file of injected faults; what it holds already stays.

    Raises:
        UnwritableFile: it cannot be written.
    """
    try:
        return path.open("ab")
    except OSError as reason:
        raise UnwritableFile(path, reason.strerror) from reason
