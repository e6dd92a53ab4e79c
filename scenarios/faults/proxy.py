"""FaultProxy: an ASGI app that puts faults in front of any service over HTTP."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import msgspec

from scenarios.faults.answers import NAMED_BY, PROBLEM_JSON, Answered, error_answer, made_up, skewed
from scenarios.faults.callers import Callers
from scenarios.faults.form import CellLoss, PowerLoss
from scenarios.faults.injection import DISCOVERY, Injection, Injector
from scenarios.faults.log import FaultLog
from scenarios.faults.memory import Outbox, PastAnswers, wanted_age_s
from scenarios.faults.messages import (
    AT_HEADER,
    PROXY_HEADER,
    ClientGone,
    Header,
    Incoming,
    Receive,
    Send,
    end_to_end,
    value_of,
)
from scenarios.faults.paths import Paths
from scenarios.faults.transport import CONDITIONAL, second_key

KEY = b"idempotency-key"
CONDITIONAL_FIELDS = frozenset(name.encode() for name in CONDITIONAL)
DROPPED = frozenset({b"host", b"expect", AT_HEADER})
"""Fields that are the proxy's own matter: httpx2 names the target's host, uvicorn has answered 100-continue."""

DROPS_PER_S = 10
"""Drops a second of an answer that trickles. A choice of ours."""

BEAT_S = 0.25
"""How often writes that wait for the end of a loss are looked at. A choice of ours."""

CONNECT_TIMEOUT_S = 10.0
"""How long the target may take to accept a connection. Source: none. Confidence C."""

IDLE_S = 2.0
"""How long an idle connection to the target is used again. Servers close theirs after a time of their own (uvicorn and
Node.js 5 s), and a request that meets the closing is lost (RFC 9112, 9.3.1). Source: none. Confidence C."""

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Front:
    """What stands before the target: who decides, who knows callers and paths, where it is written down."""

    injector: Injector
    callers: Callers
    paths: Paths
    log: FaultLog


@dataclass(frozen=True, slots=True)
class Told:
    """A request with its whole body, to be sent, now or later."""

    method: str
    target: str
    headers: tuple[Header, ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Got:
    """An answer of the target, or one in its place; ``parts`` are its body as it comes."""

    status: int
    headers: tuple[Header, ...]
    parts: AsyncIterator[bytes]


class FaultProxy:
    """Hands requests on to ``target``, and puts faults in.

    ``now`` is the scenario's time (s) where a request does not tell it itself. ``rename`` replaces the target's address
    by the proxy's in discovery documents. A scope's state may hold ``drop``, which ends the client's connection.
    """

    def __init__(
        self,
        target: str,
        front: Front,
        *,
        now: Callable[[], float],
        sleep: Sleep = asyncio.sleep,
        rename: tuple[bytes, bytes] | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._target = target.rstrip("/")
        self._front = front
        self._now = now
        self._sleep = sleep
        self._rename = rename
        self._past: PastAnswers[tuple[int, tuple[Header, ...], bytes]] = PastAnswers()
        self._outbox: Outbox[Told] = Outbox(front.injector)
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=IDLE_S)
        self._client = httpx2.AsyncClient(
            transport=transport,
            timeout=httpx2.Timeout(None, connect=CONNECT_TIMEOUT_S),
            limits=limits,
            trust_env=False,
        )

    @property
    def injector(self) -> Injector:
        """Who decides, and counts."""
        return self._front.injector

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request, or live from the server's start to its end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            try:
                await self._answer(scope, Incoming.of(scope, receive), send)
            except (ClientGone, asyncio.CancelledError):
                return  # the client left, or the server ends

    # -- from start to end
    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        beat = asyncio.create_task(self._beat())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        beat.cancel()
        await self._client.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            await self.send_late(self._now())

    async def send_late(self, at_s: float) -> None:
        """Send the writes of phones whose network is back."""
        for _, told, _ in self._outbox.due(at_s):
            try:
                await (await self._send(told)).aread()
            except (httpx2.HTTPError, httpx2.InvalidURL):
                continue

    # -- a request
    async def _answer(self, scope: Mapping[str, Any], asking: Incoming, send: Send) -> None:
        at_s = self._time_of(asking)
        await self.send_late(at_s)
        found = self._front.paths.find(asking.method, asking.target)
        body = await asking.body() if found[0] == "issueToken" else None
        asked = self._front.callers.asked(asking.method, found, asking.authorization, body or b"", at_s)
        injection = self._front.injector.next(asked)
        self._front.log.add(injection)
        if injection.stop is not None:
            await self._stop(injection, asking, body, scope.get("state", {}))
            return
        got = await self._got(injection, asking, body, found[1])
        try:
            await self._say(injection, got, send)
        except httpx2.HTTPError:
            # The target broke off in the middle of its answer: so does the proxy.
            await self._end(scope.get("state", {}), asking)

    def _time_of(self, asking: Incoming) -> float:
        try:
            return float(value_of(asking.headers, AT_HEADER))
        except ValueError:
            return self._now()

    async def _stop(self, injection: Injection, asking: Incoming, body: bytes | None, state: Mapping[str, Any]) -> None:
        """Say nothing: the connection ends at once, or when the client has lost patience."""
        stop = injection.stop
        if isinstance(stop, CellLoss | PowerLoss) and stop.burst_s is not None:
            told = Told(asking.method, asking.target, asking.headers, await asking.body() if body is None else body)
            is_repeatable = asking.method == "PUT" or bool(value_of(asking.headers, KEY))
            self._outbox.keep(injection, told, is_repeatable=is_repeatable)
        await self._end({} if injection.is_silent else state, asking)

    async def _end(self, state: Mapping[str, Any], asking: Incoming) -> None:
        """End the client's connection if it can be ended, else wait until the client does."""
        drop = state.get("drop")
        if drop is not None:
            drop()
        await asking.gone()

    async def _got(
        self, injection: Injection, asking: Incoming, body: bytes | None, parameters: Mapping[str, str]
    ) -> Got:
        """What is answered: by a fault, or by the target."""
        operation, error = injection.asked.operation, injection.error
        if error is not None and not error.delivered:
            return _in_place(error_answer(error, operation), injection)
        if injection.is_lost:
            said = skewed(await asking.body(), injection.skew_s)
            key = f"{injection.asked.subject} {operation} {injection.number}"
            return _in_place(made_up(operation, parameters, said, key), injection)
        try:
            got = await self._forwarded(injection, asking, body)
        except (httpx2.HTTPError, httpx2.InvalidURL) as reason:
            return _in_place(_unreachable(reason), injection)
        if error is None:
            return got
        async for _ in got.parts:
            pass
        return _in_place(error_answer(error, operation), injection)

    async def _forwarded(self, injection: Injection, asking: Incoming, body: bytes | None) -> Got:
        operation = injection.asked.operation
        is_renamed = self._rename is not None and operation in DISCOVERY
        age_s = wanted_age_s(self._front.injector, injection.asked)
        drop = DROPPED | (CONDITIONAL_FIELDS if age_s or is_renamed else frozenset())
        if is_renamed or operation == "issueToken":
            drop |= {b"accept-encoding"}
        if injection.skew_s or injection.doubled is not None or body is not None:
            told = Told(asking.method, asking.target, asking.headers, await asking.body() if body is None else body)
            if injection.skew_s:
                told = Told(told.method, told.target, told.headers, skewed(told.body, injection.skew_s))
            response = await self._send(told, drop)
            if injection.doubled is not None:
                await (await self._send(_again(told, new_key=injection.doubled.new_key), drop)).aread()
        else:
            response = await self._stream(asking, drop)
        if operation == "issueToken":
            answer = await _raw(response)
            if response.status_code == 200:
                self._front.callers.learn(asking.authorization, body or b"", answer)
            return _whole(response.status_code, _headers(response), answer)
        if age_s:
            return await self._aged(injection, asking, response, age_s)
        if self._rename is not None and is_renamed:
            return _whole(response.status_code, _headers(response), (await _raw(response)).replace(*self._rename))
        return Got(response.status_code, _headers(response), _parts(response))

    async def _aged(self, injection: Injection, asking: Incoming, response: httpx2.Response, age_s: float) -> Got:
        """What the target says now, or said some time ago."""
        asked, question = injection.asked, (injection.asked.subject, asking.target)
        now = (response.status_code, _headers(response), await _raw(response))
        if response.status_code == 200:
            self._past.remember(question, asked.at_s, now, age_s)
        old = self._past.recall(question, asked.at_s, injection.age_s) if injection.age_s else None
        return _whole(*(old or now))

    # -- to the target
    async def _send(self, told: Told, drop: frozenset[bytes] = DROPPED) -> httpx2.Response:
        request = httpx2.Request(
            told.method,
            self._target + told.target,
            headers=end_to_end(told.headers, drop=drop | {b"content-length"}),
            content=told.body,
        )
        return await self._client.send(request, stream=True)

    async def _stream(self, asking: Incoming, drop: frozenset[bytes]) -> httpx2.Response:
        request = httpx2.Request(
            asking.method,
            self._target + asking.target,
            headers=end_to_end(asking.headers, drop=drop),
            content=asking.parts() if asking.has_body else None,
        )
        return await self._client.send(request, stream=True)

    # -- to the client
    async def _say(self, injection: Injection, got: Got, send: Send) -> None:
        if injection.latency_s:
            await self._sleep(injection.latency_s)
        headers = [*got.headers, (PROXY_HEADER, b"1")]
        if injection.hits and not any(name == NAMED_BY.encode() for name, _ in got.headers):
            headers.append((NAMED_BY.encode(), injection.names.encode()))
        await send({"type": "http.response.start", "status": got.status, "headers": headers})
        async for part in got.parts:
            for drop in _drops(part, injection.bytes_per_s):
                await send({"type": "http.response.body", "body": drop, "more_body": True})
                if injection.bytes_per_s < math.inf:
                    await self._sleep(len(drop) / injection.bytes_per_s)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _drops(part: bytes, bytes_per_s: float) -> Iterator[bytes]:
    """A part of a body in drops of a tenth of a second; the part itself where nothing holds it up."""
    if bytes_per_s == math.inf:
        yield part
        return
    size = max(1, int(bytes_per_s / DROPS_PER_S))
    yield from (part[at : at + size] for at in range(0, len(part), size))


def _again(told: Told, *, new_key: bool) -> Told:
    key = value_of(told.headers, KEY)
    if not new_key or not key:
        return told
    others = tuple(one for one in told.headers if one[0].lower() != KEY)
    return Told(told.method, told.target, (*others, (KEY, second_key(key).encode())), told.body)


def _headers(response: httpx2.Response) -> tuple[Header, ...]:
    return tuple(end_to_end((name.lower(), value) for name, value in response.headers.raw))


async def _raw(response: httpx2.Response) -> bytes:
    return b"".join([part async for part in _parts(response)])


async def _parts(response: httpx2.Response) -> AsyncIterator[bytes]:
    try:
        async for part in response.aiter_raw():
            yield part
    finally:
        await response.aclose()


def _whole(status: int, headers: Iterable[Header], body: bytes) -> Got:
    """An answer whose body is at hand; its length is told anew."""

    async def parts() -> AsyncIterator[bytes]:
        yield body

    others = tuple(one for one in headers if one[0] != b"content-length")
    # Answers to HEAD and those without content tell no length of ours (RFC 9110, 8.6).
    length = ((b"content-length", str(len(body)).encode()),) if body else ()
    return Got(status, (*others, *length), parts())


def _in_place(answered: Answered, injection: Injection) -> Got:
    headers = {**answered.headers, NAMED_BY: injection.names} if injection.hits else answered.headers
    return _whole(answered.status, [(name.encode(), value.encode()) for name, value in headers.items()], answered.body)


def _unreachable(reason: Exception) -> Answered:
    """What is answered where the target cannot be reached (RFC 9110, 15.6.3)."""
    said = {"type": "about:blank", "title": "Bad Gateway", "status": 502, "detail": f"target: {reason}"}
    return Answered(502, {"content-type": PROBLEM_JSON}, msgspec.json.encode(said))
