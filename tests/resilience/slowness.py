"""Slow clients, and ten thousand idle connections, while desks receive people."""

import asyncio
import time
from collections.abc import Sequence

from reference_api.http_protocol import HEAD_TIMEOUT_S, UNREAD_TIMEOUT_S
from reference_api.serve import allow_open_files
from resilience.crowds import DEAF, Crowd, deaf, idle, slow_bodies, slow_heads, watch
from resilience.desks import Traffic
from resilience.judging import Compared, compare
from resilience.outcome import Row
from resilience.places import Place, traffic_on
from resilience.server import Server

DESKS, WORKERS, PAUSE_S = 16, 2, 0.13
SLOW_PEOPLE, IDLE_PEOPLE = 3_000, 3_000
SLOW_EACH, IDLE = 200, 10_000
MEGABYTE = 2**20
PATIENCE_S = 90.0
WANTED_P95_MS = 1_000.0
"""Source: contract C7, P0 in a disaster."""

MOST_GROWN_MB = 512.0
"""Of both workers together. Source: none; a quarter of MemoryMax in docs/deploy/citytwin.service. Confidence C."""


async def press_among(
    server: Server, traffic: Traffic, crowds: Sequence[tuple[Crowd, int]]
) -> tuple[Compared, list[int]]:
    """Send everybody's check-ins while crowds come and stay until they are ended; memory meanwhile (bytes)."""
    memory = [server.memory_bytes()]
    for crowd, count in crowds:
        await asyncio.to_thread(crowd.come, server.port, count)
    traffic.begin(PAUSE_S)
    all_there = [crowd for crowd, _ in crowds]
    until_s = time.monotonic() + PATIENCE_S

    def over() -> bool:
        return not any(crowd.there for crowd in all_there) or time.monotonic() > until_s

    def look() -> None:
        memory.append(server.memory_bytes())
        for crowd in all_there:
            if crowd.name == DEAF:
                crowd.look(server.held_ports())

    await asyncio.to_thread(watch, all_there, over, look, 1.0)
    await traffic.end()
    memory.append(server.memory_bytes())
    return await compare(traffic.ledger, server.port, traffic.token, traffic.sent), memory


def _among(place: Place, people: int, kinds: str) -> tuple[Server, Traffic, Sequence[Crowd], Compared, list[int]]:
    allow_open_files()
    with place.serving(people, WORKERS) as server:
        traffic = traffic_on(server, place.folder, people, DESKS)
        if kinds == "idle":
            crowds = [(idle(), IDLE)]
        else:
            crowds = [(one, SLOW_EACH) for one in (slow_heads(), slow_bodies(traffic.token), deaf())]
        compared, memory = asyncio.run(press_among(server, traffic, crowds))
    return server, traffic, [crowd for crowd, _ in crowds], compared, memory


def slow(place: Place) -> Row:
    """Slow clients at full size."""
    server, traffic, crowds, compared, memory = _among(place, SLOW_PEOPLE, "slow")
    ledger, grown_mb = traffic.ledger, (max(memory) - memory[0]) / MEGABYTE
    ends = ", ".join(f"{one.name} {max(one.ended_s, default=float('nan')):.0f} s" for one in crowds)
    return Row(
        name=f"slow clients, {place.name}",
        done=f"{SLOW_EACH} clients each that send a head or a body a byte a second, or never read what they asked for "
        f"20 times at once, while {DESKS} desks received {SLOW_PEOPLE:,} people on {WORKERS} workers",
        asked=f"0 lost, 0 doubled; P0 p95 <= {WANTED_P95_MS:.0f} ms; slow ones ended; memory bounded",
        found=f"{compared.told()}; check-ins p95 {ledger.latency_ms(0.95):.0f} ms; ended at the latest after: {ends}; "
        f"memory {memory[0] / MEGABYTE:.0f} MB, at most +{grown_mb:.0f} MB, "
        f"+{(memory[-1] - memory[0]) / MEGABYTE:.0f} MB at the end",
        holds=compared.holds
        and not any(one.there for one in crowds)
        and max(max(one.ended_s) for one in crowds) < HEAD_TIMEOUT_S + UNREAD_TIMEOUT_S
        and ledger.latency_ms(0.95) <= WANTED_P95_MS
        and grown_mb < MOST_GROWN_MB
        and ledger.is_clean
        and server.is_clean,
    )


def idle_connections(place: Place) -> Row:
    """Idle connections at full size."""
    server, traffic, crowds, compared, memory = _among(place, IDLE_PEOPLE, "idle")
    ledger, grown = traffic.ledger, max(memory) - memory[0]
    ended = crowds[0].ended_s
    return Row(
        name=f"{IDLE:,} idle connections, {place.name}",
        done=f"{IDLE:,} connections that say nothing, while {DESKS} desks received {IDLE_PEOPLE:,} people on {WORKERS} "
        "workers",
        asked=f"0 lost, 0 doubled; P0 p95 <= {WANTED_P95_MS:.0f} ms; memory bounded",
        found=f"{compared.told()}; check-ins p95 {ledger.latency_ms(0.95):.0f} ms; {ledger.statuses[0]} requests "
        f"without an answer; memory {memory[0] / MEGABYTE:.0f} MB, at most +{grown / MEGABYTE:.0f} MB "
        f"({grown / IDLE / 1024:.1f} kB a connection), +{(memory[-1] - memory[0]) / MEGABYTE:.0f} MB at the end; all "
        f"ended after {min(ended, default=float('nan')):.0f} to {max(ended, default=float('nan')):.0f} s",
        holds=compared.holds
        and len(ended) == IDLE
        and ledger.latency_ms(0.95) <= WANTED_P95_MS
        and grown / MEGABYTE < MOST_GROWN_MB
        and ledger.is_clean
        and server.is_clean,
    )
