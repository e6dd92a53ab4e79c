"""A worker killed every ten seconds while desks receive people."""

import asyncio

from resilience.desks import Traffic
from resilience.judging import Compared, compare
from resilience.outcome import Row
from resilience.places import Place, traffic_on
from resilience.server import Server

PEOPLE, DESKS, WORKERS = 4_500, 16, 2
EVERY_S, KILLS = 10.0, 5
PAUSE_S = 0.13
"""Sixteen desks with this pause send some 100 check-ins a second, so that 6,000 last a minute."""

MEGABYTE = 2**20
MOST_GROWTH = 1.5
"""Of memory, for it to be called bounded. Source: none; a worker that keeps what it is told grows at each kill."""


async def press_and_kill_workers(server: Server, traffic: Traffic, kills: int, every_s: float) -> Compared:
    """Send everybody's check-ins while workers are killed in turn, then compare."""
    traffic.begin(PAUSE_S)
    for number in range(kills):
        await asyncio.sleep(every_s)
        server.kill_worker(number)
    await traffic.end()
    return await compare(traffic.ledger, server.port, traffic.token, traffic.sent)


def killed_workers(place: Place) -> Row:
    """The experiment at full size."""
    with place.serving(PEOPLE, WORKERS) as server:
        before = {one.pid for one in server.processes()}
        memory = server.memory_bytes()
        traffic = traffic_on(server, place.folder, PEOPLE, DESKS)
        compared = asyncio.run(press_and_kill_workers(server, traffic, KILLS, EVERY_S))
        after = server.processes()
        grown = server.memory_bytes() / memory
    ledger = traffic.ledger
    are_new = len(after) == WORKERS and not before & {one.pid for one in after}
    return Row(
        name=f"a worker killed every {EVERY_S:.0f} s, {place.name}",
        done=f"{len(traffic.sent):,} check-ins from {DESKS} desks in about {(KILLS + 1) * EVERY_S:.0f} s on {WORKERS} "
        f"workers; one of them killed with SIGKILL every {EVERY_S:.0f} s, {KILLS} times",
        asked="0 lost, 0 doubled; the others go on, every worker is replaced; memory bounded",
        found=f"{compared.told()}; longest time without an acknowledgement {ledger.longest_gap_s:.1f} s; "
        f"{ledger.statuses[0]} requests without an answer, unexpected answers {ledger.failures or 'none'}; "
        f"{len(after)} workers at the end; memory {memory / MEGABYTE:.0f} MB, x{grown:.2f} at the end",
        holds=compared.holds and are_new and grown < MOST_GROWTH and ledger.is_clean and server.is_clean,
    )
