"""PostgreSQL stopped and started in the middle of check-ins, and a worker killed while it is away."""

import asyncio
import signal
import time
from collections.abc import Sequence

from postgres import PostgresServer

from resilience.desks import Traffic
from resilience.judging import Compared, compare
from resilience.outcome import Row
from resilience.places import Place, traffic_on
from resilience.server import Server

PEOPLE, DESKS, WORKERS = 4_500, 16, 2
AWAY_S = 4.0
STOPS = ((1_500, signal.SIGINT, False), (3_000, signal.SIGQUIT, False), (4_500, signal.SIGKILL, True))
"""After how many acknowledgements, how (fast, immediate, kill -9), and whether a worker is killed while it is away."""

Probes = dict[str, set[int]]


async def press_and_restart(
    server: Server, traffic: Traffic, postgres: PostgresServer, stops: Sequence[tuple[int, signal.Signals, bool]]
) -> tuple[Compared, Probes, float]:
    """Send everybody's check-ins while PostgreSQL is restarted; what the probes said, longest way back (s)."""
    said: Probes = {"/healthz": set(), "/readyz": set(), "/v1/shelters/status": set()}
    longest_s = 0.0
    traffic.begin()
    for count, how, with_worker in stops:
        await traffic.ledger.wait_for(count)
        await asyncio.to_thread(postgres.end, how)
        if with_worker:
            server.kill_worker(0)
        for path in said:
            said[path].add(await asyncio.to_thread(server.ask, path))
        await asyncio.sleep(AWAY_S)
        await asyncio.to_thread(postgres.start)
        longest_s = max(longest_s, await _until_acknowledged(traffic))
    await traffic.end()
    return await compare(traffic.ledger, server.port, traffic.token, traffic.sent), said, longest_s


async def _until_acknowledged(traffic: Traffic) -> float:
    """How long it takes until something is acknowledged again (s)."""
    began_s = time.monotonic()
    if not traffic.is_over:
        await traffic.ledger.wait_for(len(traffic.ledger.acknowledged) + 1)
    return time.monotonic() - began_s


def restarted(place: Place) -> Row:
    """The experiment at full size."""
    assert place.databases is not None
    with place.serving(PEOPLE, WORKERS) as server:
        traffic = traffic_on(server, place.folder, PEOPLE, DESKS)
        postgres = place.databases.server
        compared, said, back_s = asyncio.run(press_and_restart(server, traffic, postgres, STOPS))
        count = len(server.processes())
    ledger = traffic.ledger
    as_wanted = said == {"/healthz": {200}, "/readyz": {503}, "/v1/shelters/status": {503}}
    return Row(
        name="PostgreSQL restarted",
        done=f"{len(traffic.sent):,} check-ins from {DESKS} desks on {WORKERS} workers; PostgreSQL stopped three times "
        f"(fast, immediate, kill -9), away for {AWAY_S:.0f} s each, the last time with a worker killed meanwhile",
        asked="0 lost, 0 doubled; 503 with Retry-After meanwhile; nobody restarts the server",
        found=f"{compared.told()}; {ledger.statuses[503]:,} answers 503, unexpected answers {ledger.failures or 'none'}"
        f"; acknowledging again at most {back_s:.1f} s after PostgreSQL was back; {count} workers at the end; while it "
        f"was away, {', '.join(f'{path} {sorted(statuses)}' for path, statuses in said.items())}",
        holds=compared.holds and as_wanted and count == WORKERS and ledger.is_clean and server.is_clean,
    )
