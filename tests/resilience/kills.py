"""``kill -9`` of the whole server at random points of a stream of check-ins."""

import asyncio
import time
from collections.abc import Sequence

from resilience.desks import Traffic
from resilience.judging import Compared, compare
from resilience.outcome import Row
from resilience.places import Place, traffic_on
from resilience.server import Server
from twin.randomness import Stream

PEOPLE, KILLS, DESKS, SEED = 7_500, 20, 16, 1
LONGEST_DELAY_S = 0.02
"""A kill comes up to so long after the acknowledgement at which it is due, so that it meets every part of a request."""


def kill_points(kills: int, check_ins: int, seed: int) -> list[tuple[int, float]]:
    """After how many acknowledgements, and how long after that (s), the server is killed."""
    stream = Stream(seed)
    counts = sorted(int(stream.one("kill", number) * check_ins * 0.98) + 1 for number in range(kills))
    return [(count, stream.one("delay", number) * LONGEST_DELAY_S) for number, count in enumerate(counts)]


async def press_and_kill(server: Server, traffic: Traffic, points: Sequence[tuple[int, float]]) -> Compared:
    """Send everybody's check-ins, kill and start the server at the points, then compare."""
    traffic.begin()
    for count, delay_s in points:
        await traffic.ledger.wait_for(count)
        await asyncio.sleep(delay_s)
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
    await traffic.end()
    return await compare(traffic.ledger, server.port, traffic.token, traffic.sent)


def killed(place: Place) -> Row:
    """The experiment at full size over a database."""
    began_s = time.monotonic()
    with place.serving(PEOPLE) as server:
        traffic = traffic_on(server, place.folder, PEOPLE, DESKS)
        points = kill_points(KILLS, len(traffic.sent), SEED)
        compared = asyncio.run(press_and_kill(server, traffic, points))
    kills, ledger = server.starts - 1, traffic.ledger
    return Row(
        name=f"kill -9, {place.name}",
        done=f"{len(traffic.sent):,} check-ins from {DESKS} desks on {server.workers} workers; the server and its "
        f"workers killed with SIGKILL {kills} times at random points and started again; what was in doubt sent again "
        "with its Idempotency-Key",
        asked="0 lost, 0 doubled",
        found=f"{compared.told()}; {ledger.statuses[0]:,} requests without an answer, unexpected answers "
        f"{ledger.failures or 'none'}; {time.monotonic() - began_s:.0f} s",
        holds=compared.holds and kills == KILLS and ledger.is_clean and server.is_clean,
    )
