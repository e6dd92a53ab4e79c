"""Three times what one worker can do: what is less urgent is put off, what saves lives is served, and it ends soon."""

import asyncio
import itertools
import math
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec
import uvloop
from sandbox_city import EXCHANGE

from resilience.caller import Caller, raw
from resilience.outcome import Row
from resilience.places import Place
from resilience.pressing import Asked, Press
from resilience.server import Server
from twin.randomness import Stream

PEOPLE, SEED = 6_000, 1
CAPACITY_S, BEFORE_S, OVERLOAD_S, CALM_S = 8.0, 5.0, 20.0, 40.0
"""Lengths of the measurement of capacity (about), of the time before the overload, of the overload, and after it."""

FEW = 4_000
"""Requests that tell how many the measurement of capacity takes. They alone are a burst of 0.7 s, from which capacity
came out up to a half greater than from 8 s, and differed by a third from run to run."""

PUT_OFF = 503

FALL_S = BEFORE_S + OVERLOAD_S
"""When the overload ends."""

TIMES, CALM_SHARE = 3.0, 0.4
"""The overload, and the load before its rise and after its fall, in capacities."""

CONNECTIONS = 8
"""Over which the capacity is measured: so many that the worker is busy while some wait for the disk, so few that the
server is never late, and puts nothing off."""
WANTED_S = 1.0
"""Source: contract C7, P0 in a disaster, p95."""

WANTED_SHARE = 0.999
RECOVERY_S, WINDOW_S = 60.0, 5.0
WELL_SHARE, LEAST_SHARE = 0.99, 0.5
"""What must be done in a window of P0 to P2, as objectives.toml of the load tool has it; and of P3, of which nothing is
promised. Source: none. Confidence C."""

AT = "2027-01-15T07:00:00+09:00"


class Call(msgspec.Struct, forbid_unknown_fields=True):
    """One kind of request in the mix; ``who`` empty: a citizen, each with their own token.

    ``once``: each is of another person. ``conditional``: with the ETag of the first answer.
    """

    operation: str
    service_class: str
    rate: float
    method: str
    path: str
    who: str = ""
    once: bool = False
    conditional: bool = False


@cache
def mix() -> Sequence[Call]:
    """Read ``mix.toml``."""
    text = Path(__file__).with_name("mix.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text)["call"], list[Call])


@dataclass
class Writer:
    """Writes the requests of a mix, each for another person; who reports once is not asked again."""

    tokens: Mapping[str, str]
    etag: str
    _numbers: Iterator[int]
    _once: Mapping[str, Iterator[int]]

    @classmethod
    def for_mix(cls, tokens: Mapping[str, str], etag: str) -> "Writer":
        """One that begins with the first person."""
        return cls(tokens, etag, itertools.count(), {call.operation: itertools.count() for call in mix()})

    def write(self, call: Call) -> bytes:
        """The bytes of a request; empty if everybody has said it once."""
        number = next(self._once[call.operation]) if call.once else next(self._numbers)
        if call.once and number >= PEOPLE:
            return b""
        sub = f"c{number % PEOPLE}"
        headers = {"authorization": f"Bearer {self.tokens[call.who or sub]}"}
        if call.method == "POST":
            headers["idempotency-key"] = f"{call.operation}-{number}"
        if call.conditional:
            headers["if-none-match"] = self.etag
        body = b"" if call.method == "GET" else msgspec.json.encode(_BODIES[call.operation] | _named(call, sub))
        return raw(call.method, call.path.format(sub=sub), headers, body)


def _named(call: Call, sub: str) -> dict[str, str]:
    return {"sub": sub} if call.operation == "checkIn" else {}


_PLACE = {"type": "Point", "coordinates": [139.93, 37.49]}
_BODIES: Mapping[str, dict[str, object]] = {
    "reportSafety": {"status": "safe", "observed_at": AT},
    "checkIn": {"channel": "card", "observed_at": AT},
    "putLocation": {"position": _PLACE, "observed_at": AT, "accuracy_m": 10.0},
}


def due_times(rate: float, from_s: float, until_s: float, writer: Writer) -> list[tuple[float, Asked, bytes]]:
    """Requests of the mix at a rate in all (1/s), each kind at random times (a Poisson stream)."""
    total = sum(call.rate for call in mix())
    found = []
    for call in mix():
        count = round(rate * call.rate / total * (until_s - from_s))
        times = from_s + Stream(SEED).uniform(f"{call.operation} {from_s}", range(count)) * (until_s - from_s)
        for at_s in sorted(times.tolist()):
            request = writer.write(call)
            if request:
                found.append((at_s, Asked(call.service_class, call.operation, at_s), request))
    return sorted(found, key=lambda one: one[0])


@dataclass(frozen=True, slots=True)
class Pressed:
    """What came of it: the capacity (1/s), and all requests of the overload and of the time after.

    ``refused`` is how many requests were refused while the capacity was measured: it is the greater by them.
    """

    capacity: float
    refused: int
    during: Sequence[Asked]
    after: Sequence[Asked]
    lag_p99_s: float

    def put_off(self, service_class: str) -> float:
        """Which share of a class was put off, of what was due since the first of any class had been told so."""
        first_s = min((one.done_s for one in self.during if one.status == PUT_OFF), default=math.inf)
        of_it = [one for one in self.during if one.service_class == service_class and one.due_s >= first_s]
        return sum(one.status == PUT_OFF for one in of_it) / max(len(of_it), 1)

    @property
    def urgent_in_time(self) -> float:
        """Share of P0 that was done within its objective."""
        urgent = [one for one in self.during if one.service_class == "P0"]
        return sum(0 < one.status < 400 and one.latency_s <= WANTED_S for one in urgent) / len(urgent)

    def urgent_ms(self, share: float) -> float:
        """What this share of P0 took at most (ms)."""
        found = sorted(one.latency_s for one in self.during if one.service_class == "P0" and one.status)
        return found[int(len(found) * share)] * 1e3

    @property
    def reports(self) -> tuple[int, int]:
        """First safety reports accepted, and sent."""
        found = [one for one in (*self.during, *self.after) if one.operation == "reportSafety"]
        return sum(one.status in (200, 201) for one in found), len(found)

    def first_refusal_s(self, service_class: str) -> float:
        """When a class was put off first (s from the beginning of the overload)."""
        return min(
            (
                one.done_s - BEFORE_S
                for one in self.during
                if one.service_class == service_class and one.status == PUT_OFF
            ),
            default=math.inf,
        )

    @property
    def recovery_s(self) -> float:
        """End of the last window after the fall in which too few calls were done within their time."""
        ends = [number + 1 for number in range(round(CALM_S / WINDOW_S)) if not self._is_well(number)]
        return max(ends, default=0) * WINDOW_S

    def _is_well(self, number: int) -> bool:
        """Whether in a window nearly all of P0 to P2, and most of P3, were done within a second."""
        begin_s = FALL_S + number * WINDOW_S
        window = [one for one in self.after if begin_s <= one.due_s < begin_s + WINDOW_S]
        least = [one for one in window if one.service_class == "P3"]
        urgent = [one for one in window if one.service_class != "P3"]
        return _done_share(urgent) >= WELL_SHARE and _done_share(least) >= LEAST_SHARE


def _done_share(asked: Sequence[Asked]) -> float:
    done = sum(0 < one.status < 400 and one.latency_s <= WANTED_S for one in asked)
    return done / len(asked) if asked else 1.0


async def press(server: Server) -> Pressed:
    """Measure the capacity with the mix itself, press with three times as much, then with less than it can do."""
    await _declare(server)
    tokens = await _tokens(server)
    etag = await _etag(server)
    writer = Writer.for_mix(tokens, etag)
    about, _ = _capacity(server.port, due_times(FEW / CAPACITY_S, 0.0, CAPACITY_S, writer))
    capacity, refused = _capacity(server.port, due_times(about, 0.0, CAPACITY_S, writer))
    await asyncio.sleep(CAPACITY_S / 2)
    due = due_times(capacity * CALM_SHARE, 0.0, BEFORE_S, writer)
    due += due_times(capacity * TIMES, BEFORE_S, FALL_S, writer)
    due += due_times(capacity * CALM_SHARE, FALL_S, FALL_S + CALM_S, writer)
    # None is kept back while its answer may still come in time.
    load = Press(server.port, math.ceil(capacity * TIMES * WANTED_S))
    load.open_loop(due)
    load.leave()
    lags = sorted(load.lags_s)
    return Pressed(
        capacity,
        refused,
        [one for one in load.asked if BEFORE_S <= one.due_s < FALL_S],
        [one for one in load.asked if one.due_s >= FALL_S],
        lags[int(len(lags) * 0.99)],
    )


def _capacity(port: int, due: Sequence[tuple[float, Asked, bytes]]) -> tuple[float, int]:
    """How many of these requests are answered in a second, one after the other, and how many were refused."""
    measuring = Press(port, CONNECTIONS)
    rate = measuring.closed_loop([(asked, request) for _, asked, request in due], CONNECTIONS)
    measuring.leave()
    return rate, sum(asked.status >= 400 for _, asked, _ in due)


async def _declare(server: Server) -> None:
    body = msgspec.json.encode({"mode": "disaster", "hazard": "earthquake", "areas": ["d0", "d1"], "declared_at": AT})
    headers = {"authorization": f"Bearer {server.token('city-office')}", "idempotency-key": "declared"}
    caller = Caller(server.port)
    answer = await caller.ask(raw("POST", "/v1/disaster-events", headers, body))
    assert answer.status == 201, answer
    caller.close()


async def _tokens(server: Server) -> dict[str, str]:
    """Tokens of everybody, some at a time."""
    found = {who: server.token(who) for who in ("shelter-desk", "city-office")}

    async def exchange(part: Sequence[int]) -> None:
        caller = Caller(server.port)
        for number in part:
            subject = {"subject_token": f"c{number}", "subject_token_type": "urn:citytwin:local-id"}
            answer = await caller.ask(server.token_request("citizen-app", grant_type=EXCHANGE, **subject))
            assert answer.status == 200, answer
            found[f"c{number}"] = msgspec.json.decode(answer.body)["access_token"]
        caller.close()

    await asyncio.gather(*(exchange(range(start, PEOPLE, 8)) for start in range(8)))
    return found


async def _etag(server: Server) -> str:
    return (await asyncio.to_thread(server.get, "/v1/shelters/status"))[1]


def overloaded(place: Place) -> Row:
    """The experiment at full size."""
    with place.serving(PEOPLE, 1) as server:
        before = server.memory_bytes()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            seen = runner.run(press(server))
        grown_mb = (server.memory_bytes() - before) / 2**20
    accepted, reports = seen.reports
    statuses = Counter(one.status for one in seen.during)
    order = [seen.first_refusal_s(name) for name in ("P3", "P2", "P1")]
    put_off = {name: seen.put_off(name) for name in ("P3", "P2", "P1", "P0")}
    shares = ", ".join(f"{name} {share:.1%}" for name, share in put_off.items())
    return Row(
        name=f"overload, {place.name}",
        done=f"one worker, disaster declared; capacity measured with the mix itself; {TIMES:g} times as much "
        f"for {OVERLOAD_S:.0f} s, then {CALM_SHARE:g} times for {CALM_S:.0f} s",
        asked=f"first safety reports 100 % accepted; P0 >= {WANTED_SHARE:.1%} within {WANTED_S:g} s; P3 put off "
        f"most, then P2, then P1, P0 never; recovery within {RECOVERY_S:.0f} s",
        found=f"capacity {seen.capacity:,.0f}/s ({seen.refused} refused), pressed with "
        f"{len(seen.during) / OVERLOAD_S:,.0f}/s: {accepted:,} of {reports:,} first reports accepted; "
        f"P0 {seen.urgent_in_time:.2%} in time (p50 {seen.urgent_ms(0.5):.0f} ms, p95 {seen.urgent_ms(0.95):.0f} ms, "
        f"p99.9 {seen.urgent_ms(0.999):.0f} ms); put off {shares}; "
        f"first after {', '.join(f'{at_s:.1f}' for at_s in order)} s (P3, P2, P1); recovered {seen.recovery_s:.1f} s "
        f"after the fall; generator late by {seen.lag_p99_s * 1e3:.0f} ms (p99); statuses "
        f"{dict(sorted(statuses.items()))}; memory +{grown_mb:.0f} MB",
        holds=accepted == reports
        and seen.urgent_in_time >= WANTED_SHARE
        and [*put_off.values()] == sorted(put_off.values(), reverse=True)
        and not put_off["P0"]
        and seen.recovery_s <= RECOVERY_S
        and server.is_clean,
    )
