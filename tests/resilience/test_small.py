"""The experiments of ``make resilience``, small: a worker killed, then the whole server; and the judge can say no."""

import asyncio
from dataclasses import replace
from pathlib import Path

from sandbox_city import small_seed

from resilience.desks import Traffic
from resilience.judging import Compared, compare
from resilience.kills import kill_points
from resilience.places import traffic_on
from resilience.server import Server, serving

PEOPLE, DESKS, BEYOND = 90, 4, 20


async def _press(server: Server, traffic: Traffic) -> list[Compared]:
    """Send everybody's check-ins, kill a worker and later everything; then compare, also with ledgers that lie."""
    traffic.begin()
    (first, _), (second, _) = kill_points(2, len(traffic.sent), seed=3)
    await traffic.ledger.wait_for(first)
    server.kill_worker(0)
    await traffic.ledger.wait_for(second)
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
    await traffic.end()
    honest = traffic.ledger
    known = honest.acknowledged
    key, number = max(known.items(), key=lambda one: int(one[1]))
    forgetful = replace(honest, acknowledged={name: told for name, told in known.items() if name != key})
    boastful = replace(honest, acknowledged={**known, key: str(int(number) + 1)})
    ledgers = (honest, forgetful, boastful)
    return [await compare(ledger, server.port, traffic.token, traffic.sent, BEYOND) for ledger in ledgers]


def test_killed_servers_lose_and_double_nothing(tmp_path: Path) -> None:
    """Supervisor and workers as ``citytwin serve`` starts them, killed twice; a ledger that lies is found out."""
    with serving(str(tmp_path / "city.db"), small_seed(PEOPLE), tmp_path) as server:
        traffic = traffic_on(server, tmp_path, PEOPLE, DESKS)
        honest, forgetful, boastful = asyncio.run(_press(server, traffic))
        traffic.ledger.journal.close()
    assert honest == Compared(len(traffic.sent), lost=0, doubled=0, wrong=0, headcounts_equal=True)
    assert traffic.ledger.is_clean
    assert server.is_clean
    assert forgetful.doubled == 1
    assert boastful.lost
    assert boastful.doubled
    assert not forgetful.holds
    assert not boastful.holds
